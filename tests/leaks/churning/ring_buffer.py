"""A deque with a bound."""

import collections

RECENT = collections.deque(maxlen=1000)


def warm():
    for number in range(1500):
        RECENT.append({"number": number, "text": f"line {number}"})


def grow():
    for number in range(7000):
        RECENT.append({"number": number * 10, "text": f"other line {number}"})
