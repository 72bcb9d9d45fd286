"""A session of an object-relational mapper that is never committed."""

from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

# What piles up, and a part of its path.
TYPES = {"User"}
PATH = "session"


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


session = Session()


def warm():
    session.add(User(name="first"))


def grow():
    for number in range(500):
        session.add(User(name=f"user {number}"))
