"""What a module that the program has loaded defines, without loading it or running its code."""

from __future__ import annotations

import sys
import types
from typing import Any


def defined(module: str, name: str) -> Any:
    """Give what a loaded module has under a name, or None.

    A module of a derived class, one that is loaded when it is first used among them, is left
    alone.
    """
    found = sys.modules.get(module)
    return vars(found).get(name) if type(found) is types.ModuleType else None
