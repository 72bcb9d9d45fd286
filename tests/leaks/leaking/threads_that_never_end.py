"""A thread for each request, none of which ends."""

# What piles up, and a part of its path.
TYPES = {"threading.Thread"}
PATH = None

import threading

stop = threading.Event()


def serve(number):
    request = {"number": number, "body": "x" * 500}
    stop.wait()
    return request


def warm():
    threading.Thread(target=serve, args=(0,), daemon=True).start()


def grow():
    for number in range(80):
        threading.Thread(target=serve, args=(number,), daemon=True).start()
