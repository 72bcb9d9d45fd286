"""Bugs of released interpreters that a walk over the heap would trigger.

Each entry names its versions and its source; `tests/snap/test_quirks.py` has a test for
each. Nothing else in the package asks for a version because of a bug.
"""

from __future__ import annotations

import sys

# The traverse function of the `_asyncio` module visits a free list of dead iterators.
# Asking the module for its referents revives them; they are freed twice, and the next
# collection never ends. Source: cpython gh-122695, fixed in 3.12.6 and 3.13.0.
_FREE_LIST_VERSIONS = ((3, 12, 0), (3, 12, 5))


def modules_to_spare() -> frozenset[str]:
    """Name the modules that must be asked for their ``__dict__``, not their referents."""
    first, last = _FREE_LIST_VERSIONS
    if first <= sys.version_info[:3] <= last:
        return frozenset({"_asyncio"})
    return frozenset()
