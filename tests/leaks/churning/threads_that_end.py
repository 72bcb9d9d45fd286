"""Threads that end."""

import threading


def work(results):
    results.append(sum(range(1000)))


def run(count):
    results = []
    threads = [threading.Thread(target=work, args=(results,)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def warm():
    run(5)


def grow():
    run(100)
