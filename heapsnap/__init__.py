"""heapsnap within other tools: a pytest plugin and IPython magics.

`snap` captures, `analyze` analyses; what is here brings both to where people work.

In IPython and Jupyter: ``%load_ext heapsnap``.
"""

from __future__ import annotations

# Not of `typing`: the commands put the path in order before they load anything.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Add ``%heap`` and ``%%heapdiff``."""
    from heapsnap.magics import HeapMagics

    shell.register_magics(HeapMagics)
