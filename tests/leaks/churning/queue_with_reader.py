"""A queue that is read."""

import queue
import threading

jobs = queue.Queue()
done = threading.Semaphore(0)


def work():
    while True:
        jobs.get()
        done.release()


def put(count):
    for number in range(count):
        jobs.put({"number": number})
    for _ in range(count):
        done.acquire()


def warm():
    threading.Thread(target=work, daemon=True).start()
    put(100)


def grow():
    put(5000)
