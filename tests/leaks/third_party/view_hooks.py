"""A hook that a view registers each time it is called: SQLAlchemy's listeners of an engine."""

from sqlalchemy import create_engine, event, text

# What piles up, and a part of its path.
TYPES = {"function", "RequestLog"}
PATH = "before_cursor_execute"

ENGINE = create_engine("sqlite://")


class RequestLog:
    def __init__(self, number):
        self.number, self.statements = number, [None] * 50


def view(number):
    log = RequestLog(number)

    @event.listens_for(ENGINE, "before_cursor_execute")
    def note(_conn, _cursor, statement, *_rest):
        log.statements.append(statement)

    with ENGINE.connect() as connection:
        connection.execute(text("SELECT 1"))


def warm():
    view(0)


def grow():
    for number in range(300):
        view(number)
