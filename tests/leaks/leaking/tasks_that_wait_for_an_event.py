"""Tasks that wait for an event that is never set."""

# What piles up, and a part of its path.
TYPES = {"Task", "coroutine"}
PATH = None

import asyncio

LOOP = asyncio.new_event_loop()


class State:
    pass


STATE = State()


async def consumer(n):
    buffer = bytearray(500)
    await STATE.event.wait()
    return buffer


async def start(many):
    if not hasattr(STATE, "event"):
        STATE.event = asyncio.Event()
    for n in range(many):
        asyncio.ensure_future(consumer(n))  # noqa: RUF006 - the mistake of many
    await asyncio.sleep(0)


def warm():
    LOOP.run_until_complete(start(1))


def grow():
    LOOP.run_until_complete(start(500))
