"""Event loops that are run and closed."""

import asyncio


async def one(n):
    await asyncio.sleep(0)
    return n


async def main():
    await asyncio.gather(*(one(n) for n in range(200)))


def warm():
    asyncio.run(main())


def grow():
    for _ in range(5):
        asyncio.run(main())
