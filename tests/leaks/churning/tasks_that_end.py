"""Tasks that end."""

import asyncio


async def answer(number):
    await asyncio.sleep(0)
    return [number] * 10


async def main(count):
    await asyncio.gather(*(answer(number) for number in range(count)))


def warm():
    asyncio.run(main(10))


def grow():
    asyncio.run(main(3000))
