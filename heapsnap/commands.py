"""The commands `snap` and `analyze`, whose packages are loaded from where this one lies.

A folder that PYTHONPATH names, or the current one, may hold a `cli`, a `snap` or a `json` of the
user's own: none of them is to be run by us. What lies there is found last.
"""

# Nothing else before the path is in order.
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_HERE = os.path.dirname(os.path.abspath(__file__))
# In a wheel it lies in this package: somebody else's may well have a `cli` beside it.
_PLACES = {
    "snap": os.path.dirname(_HERE),
    "analyze": os.path.dirname(_HERE),
    "cli": _HERE if os.path.isdir(os.path.join(_HERE, "cli")) else os.path.dirname(_HERE),
}


def snap() -> "NoReturn":
    """Run ``snap``."""
    _load_ours()
    from cli.snap import main

    main()


def analyze() -> "NoReturn":
    """Run ``analyze``."""
    _load_ours()
    from cli.analyze import main

    main()


def _load_ours() -> None:
    """Load the packages from their places, by whatever path there is."""
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    last = {"", os.getcwd(), *map(os.path.abspath, given)}
    sys.path.sort(key=lambda each: each in last)
    # What no path and no name of a module can change: the interpreter's own way.
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    for name, place in _PLACES.items():
        if name not in sys.modules:
            spec = PathFinder.find_spec(name, [place])
            assert spec is not None
            assert spec.loader is not None
            module = sys.modules[name] = module_from_spec(spec)
            spec.loader.exec_module(module)
