"""How much the name of a type tells of what piles up: a user's class all, a tuple little."""

from __future__ import annotations

from typing import Final

from analyze.owners.origin import is_own_type

# What stands between two things that matter: a place that is no object, a cell.
PLUMBING: Final = 0
# What is there for one other thing: a bound method, a weak reference.
WRAPPER: Final = 1
# What holds nothing but its items: what goes with them is what goes with it.
CONTAINER: Final = 2
OTHER: Final = 3
# What was begun and is not done: a task, a generator; or made for itself: a class.
ACTIVE: Final = 4
OWN: Final = 5

_RANKS: Final = {
    PLUMBING: (
        "",
        "module",
        "cell",
        "hamt",
        "hamt_bitmap_node",
        "hamt_array_node",
        "hamt_collision_node",
        "functools._lru_list_elem",
        "getset_descriptor",
        "member_descriptor",
        "method_descriptor",
        "wrapper_descriptor",
        "classmethod_descriptor",
        "mappingproxy",
    ),
    WRAPPER: (
        "method",
        "builtin_function_or_method",
        "builtin_method",
        "functools.partial",
        "functools.partialmethod",
        "tuple",
        "weakref.ReferenceType",
        "weakref.KeyedRef",
        "weakref.WeakMethod",
        "classmethod",
        "staticmethod",
        "property",
    ),
    CONTAINER: (
        "dict",
        "list",
        "set",
        "frozenset",
        "collections.deque",
        "collections.OrderedDict",
        "collections.defaultdict",
        "collections.Counter",
        "functools._lru_cache_wrapper",
    ),
    ACTIVE: (
        "type",
        "_asyncio.Task",
        "asyncio.tasks.Task",
        "coroutine",
        "generator",
        "async_generator",
        "threading.Thread",
    ),
}
_RANK: Final = {name: rank for rank, names in _RANKS.items() for name in names}
_HOLDERS_OF_ITEMS: Final = frozenset({*_RANKS[CONTAINER], "tuple"})


def telling(type_name: str) -> int:
    """Rank a type by how much its name tells, from `PLUMBING` to `OWN`."""
    rank = _RANK.get(type_name)
    if rank is None:
        rank = OWN if is_own_type(type_name) else OTHER
    return rank


def is_container(type_name: str) -> bool:
    """Tell whether objects of a type hold nothing but their items."""
    return type_name in _HOLDERS_OF_ITEMS


def most_telling(names: list[str]) -> str:
    """Choose the name that tells most; of several the first."""
    return max(names, key=telling)
