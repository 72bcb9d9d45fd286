"""Tasks that sleep for ever; nothing but the event loop knows them."""

# What piles up, and a part of its path.
TYPES = {"Task", "coroutine", "Job"}
PATH = None

import asyncio

LOOP = asyncio.new_event_loop()


class Job:
    def __init__(self, n):
        self.n = n
        self.text = "j" * 400


async def background(job):
    await asyncio.sleep(86400)
    return job


async def start(many):
    for n in range(many):
        asyncio.ensure_future(background(Job(n)))  # noqa: RUF006 - the mistake of many
    await asyncio.sleep(0)


def warm():
    LOOP.run_until_complete(start(1))


def grow():
    LOOP.run_until_complete(start(500))
