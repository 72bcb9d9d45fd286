"""Sessions that come and go."""


class Session:
    def __init__(self, number):
        self.user = f"user {number}"
        self.cart = [number]


SESSIONS = {}


def visit(number):
    SESSIONS[number] = Session(number)
    SESSIONS.pop(number - 300, None)


def warm():
    for number in range(600):
        visit(number)


def grow():
    for number in range(600, 4000):
        visit(number)
