"""Allocates much and frees it all."""


def warm():
    grow()


def grow():
    for _ in range(20):
        rows = [{"number": number, "text": f"row {number}"} for number in range(2000)]
        rows.clear()
