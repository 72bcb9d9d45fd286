"""A label of a metric with a value for each user."""

from prometheus_client import Counter

# What piles up, and a part of its path.
TYPES = {"Counter"}
PATH = "REQUESTS"

REQUESTS = Counter("requests", "Requests", ["user"])


def warm():
    REQUESTS.labels("first").inc()


def grow():
    for number in range(1000):
        REQUESTS.labels(f"user-{number}").inc()
