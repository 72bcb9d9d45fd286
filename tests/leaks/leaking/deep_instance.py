"""Audit records deep below one long-lived object."""

# What piles up, and a part of its path.
TYPES = {"Record"}
PATH = ".audit"


class Record:
    __slots__ = ("text",)

    def __init__(self, text):
        self.text = text


class Log:
    def __init__(self):
        self.audit = []


class Database:
    def __init__(self):
        self.log = Log()


class Application:
    def __init__(self):
        self.database = Database()


app = Application()


def warm():
    app.database.log.audit.append(Record("start"))


def grow():
    for number in range(3000):
        app.database.log.audit.append(Record(f"change {number}"))
