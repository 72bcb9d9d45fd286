"""A worker's backlog, in a local variable of its thread."""

# What piles up, and a part of its path.
TYPES = {"Job"}
PATH = "backlog"

import threading


class Job:
    def __init__(self, number):
        self.number = number
        self.done = False


inbox, wake, idle = [], threading.Event(), threading.Event()


def consume():
    backlog = []
    while True:
        wake.wait()
        wake.clear()
        while inbox:
            backlog.append(inbox.pop())
        idle.set()


def work(jobs):
    idle.clear()
    inbox.extend(Job(number) for number in range(jobs))
    wake.set()
    idle.wait(10)


def warm():
    threading.Thread(target=consume, name="worker-7", daemon=True).start()
    work(5)


def grow():
    work(2000)
