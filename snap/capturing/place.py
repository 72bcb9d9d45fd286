"""Interpreters of ours, which load this package from its place, whatever lies beside the program.

A program's folder, the current one or what PYTHONPATH names may hold a `snap.py`, a `json.py` or a
`cli.py` of its own: none of them is to be run by us.
"""

from __future__ import annotations

import os
from typing import Final

# Now: the program may go elsewhere, and a path may be relative (3.10).
PLACE: Final = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))  # noqa: PTH100, PTH120
# How an interpreter ends that does not find the package there.
NOT_FOUND: Final = 72

# Of modules that every interpreter has loaded when it starts. To be run by `exec` with a dict of
# its own, so that no name of it stays in `__main__`.
_LOAD: Final = f"""\
import sys
from _frozen_importlib import module_from_spec
from _frozen_importlib_external import PathFinder
def load(place):
 spec = PathFinder.find_spec('snap', [place])
 if spec is None: sys.exit({NOT_FOUND})
 module = sys.modules['snap'] = module_from_spec(spec)
 spec.loader.exec_module(module)
def leave_folder():
 if sys.path[:1] == ['']: del sys.path[0]
"""


def source(text: str) -> str:
    """Give what to run with ``-c``: `text`, which may call ``leave_folder`` and ``load``."""
    return f"exec(compile({_LOAD + text!r}, {__file__!r}, 'exec'), {{}})"
