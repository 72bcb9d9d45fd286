"""A handler added to a logger for each request."""

# What piles up, and a part of its path.
TYPES = {"logging.StreamHandler", "logging.NullHandler", "RequestHandler"}
PATH = "handlers"

import logging


class RequestHandler(logging.NullHandler):
    def __init__(self, request):
        super().__init__()
        self.request = request


log = logging.getLogger("shop")


def warm():
    log.addHandler(RequestHandler("first"))


def grow():
    for number in range(1000):
        log.addHandler(RequestHandler(f"request {number}"))
