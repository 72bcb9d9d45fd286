"""speedscope's own format: flame graphs of bytes and of objects by path, in a browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from analyze.export.stacks import stacks
from snap._version import __version__

if TYPE_CHECKING:
    from analyze.export.excerpt import Excerpt
    from analyze.export.stacks import Stacks

_SCHEMA: Final = "https://www.speedscope.app/file-format-schema.json"


def write_speedscope(part: Excerpt, stream: BinaryIO) -> None:
    """Write two profiles: bytes by path, and objects by path.

    Parameters
    ----------
    part
        Of a heap.
    stream
        Gets ASCII.
    """
    found = stacks(part)
    document = {
        "$schema": _SCHEMA,
        "name": part.heap.file.path.name,
        "exporter": f"heapsnap {__version__}",
        "activeProfileIndex": 0,
        "shared": {"frames": [{"name": name} for name in found.frames]},
        "profiles": [
            _profile("bytes by path", "bytes", found, found.shallow_size.tolist()),
            _profile("objects by path", "none", found, found.objects.tolist()),
        ],
    }
    stream.write(json.dumps(document, separators=(",", ":")).encode("ascii"))
    stream.write(b"\n")


def _profile(name: str, unit: str, found: Stacks, weights: list[int]) -> dict[str, Any]:
    return {
        "type": "sampled",
        "name": name,
        "unit": unit,
        "startValue": 0,
        "endValue": sum(weights),
        "samples": found.stacks,
        "weights": weights,
    }
