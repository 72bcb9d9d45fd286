"""Tasks that wait for ever, kept in a set."""

# What piles up, and a part of its path.
TYPES = {"_asyncio.Task", "coroutine", "asyncio.tasks.Task"}
PATH = "TASKS"

import asyncio

TASKS = set()
loop = asyncio.new_event_loop()


async def wait(number):
    payload = [number] * 10
    await asyncio.Event().wait()
    return payload


async def start(count):
    for number in range(count):
        TASKS.add(asyncio.ensure_future(wait(number)))
    await asyncio.sleep(0)


def warm():
    loop.run_until_complete(start(5))


def grow():
    loop.run_until_complete(start(500))
