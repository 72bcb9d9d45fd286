"""Futures that nobody resolves."""

# What piles up, and a part of its path.
TYPES = {"_asyncio.Future"}
PATH = "PENDING"

import asyncio

PENDING = {}
loop = asyncio.new_event_loop()


def warm():
    PENDING[-1] = loop.create_future()


def grow():
    for number in range(2000):
        PENDING[number] = loop.create_future()
