"""Functions of C that `guest` calls in its target with the interpreter's lock held.

By a class that makes them of an address, as the program has one if it has loaded `ctypes`: then
nothing is left. Else the module of C beneath is loaded, which stays, with a class of ours until the
collector meets it. `ctypes` itself would be ten times as many objects.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# FUNCFLAG_CDECL and FUNCFLAG_PYTHONAPI: the second keeps the lock.
_FLAGS = 1 | 4
_NAME = "_FuncPtr"


def function_type() -> "Any":
    """Give what makes a function of C of its address; it takes no arguments and gives an int."""
    import _ctypes

    for each in _ctypes.CFuncPtr.__subclasses__():
        defined = vars(each)
        gives = defined.get("_restype_")
        if (
            each.__name__ == _NAME
            and defined.get("_flags_") == _FLAGS
            and "_argtypes_" not in defined
            and (gives is None or gives.__name__ == "c_int")
        ):
            return each
    kind: Any = type(_ctypes.CFuncPtr)
    return kind(_NAME, (_ctypes.CFuncPtr,), {"_flags_": _FLAGS, "__module__": "_ctypes"})


def address_in(function: bytes) -> int:
    """Give the address of a function that is told as name and address."""
    return int(function.partition(b"=")[2])


def release_page(make: "Any", release: bytes, page: int) -> None:
    """Give back what a debugger has mapped, through a function that takes its address."""
    import _ctypes

    pointer: Any = None
    for each in _ctypes._SimpleCData.__subclasses__():
        if each.__name__ == "c_void_p" and vars(each).get("_type_") == "P":
            pointer = each
    if pointer is None:
        kind: Any = type(_ctypes._SimpleCData)
        body = {"_type_": "P", "__module__": "_ctypes"}
        pointer = kind("c_void_p", (_ctypes._SimpleCData,), body)
    make(address_in(release))(pointer(page))
