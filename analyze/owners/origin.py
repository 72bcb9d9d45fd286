"""Whose a type is: the program's own, or the interpreter's and its library's."""

from __future__ import annotations

import sys
from typing import Final

# Packages that every program has or that are there to look at it.
_NOT_THE_PROGRAM: Final = sys.stdlib_module_names | {
    "snap",
    "pip",
    "setuptools",
    "pkg_resources",
    "_distutils_hack",
    "_virtualenv",
}
# Import hooks of packages that were installed to be edited.
_EDITABLE: Final = "__editable__"
# Types of the interpreter that are called as if they came from a module.
_DOTTED: Final = frozenset({"Token.MISSING"})


def is_own_type(type_name: str) -> bool:
    """Tell whether a type comes neither from the interpreter nor from its library.

    Parameters
    ----------
    type_name
        ``module.qualname``; types of ``builtins`` have no module.
    """
    return "." in type_name and type_name not in _DOTTED and is_own_module(type_name)


def is_own_module(name: str) -> bool:
    """Tell whether a module, or what is in it, comes neither with the interpreter nor from us."""
    package = name.partition(".")[0]
    if package == "__main__":
        return True
    return package not in _NOT_THE_PROGRAM and not package.startswith(_EDITABLE)
