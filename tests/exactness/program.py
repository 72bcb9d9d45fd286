"""Run one workload with the collector off, capture, then let the collector speak.

``python program.py MODULE GROUP MODE SNAPSHOT ANSWER``: `ANSWER` becomes a JSON object with
what ``gc.collect()`` said right after the capture.
"""

import gc

gc.disable()

import importlib
import json
import sys

import snap

# Address and builder of each node ever made.
NODES = []


class Node:
    """A member of a cycle that says which builder made it."""

    def __init__(self, shape):
        self.shape = shape
        NODES.append((id(self), shape))


class Told:
    """Takes the place of standard error: the collector's account, one address a line."""

    def __init__(self):
        self.lines = []

    def write(self, text):
        self.lines.append(text)

    def flush(self):
        pass


def collect():
    """Collect; give the addresses that the collector called unreachable, and those it kept.

    It names each unreachable object before any finalizer runs: some free others, some
    bring objects back.
    """
    told = Told()
    errors, sys.stderr = sys.stderr, told
    gc.set_debug(gc.DEBUG_COLLECTABLE | gc.DEBUG_SAVEALL)
    try:
        gc.collect()
    finally:
        gc.set_debug(0)
        sys.stderr = errors
    found = []
    for line in "".join(told.lines).splitlines():
        if line.startswith("gc: collectable <"):
            found.append(int(line.rstrip(">").rpartition(" ")[2], 16))
    return found, list(map(id, gc.garbage))


def run(module, group, mode, snapshot, answer):
    workload = importlib.import_module(module)
    workload.build(group, Node)
    done = snap.capture(snapshot, mode=mode)
    found, garbage = collect()

    members = set(found)
    with open(answer, "w") as file:
        json.dump(
            {
                "found": found,
                "garbage": garbage,
                # What survived is in the oldest generation; what was born since is not, so
                # that an address used again does not look like a survivor.
                "alive": list(map(id, gc.get_objects(generation=2))),
                "resurrected": list(map(id, getattr(workload, "RESURRECTED", ()))),
                "shapes": sorted({shape for address, shape in NODES if address in members}),
                "objects": done.objects,
                "references": done.references,
            },
            file,
        )

    # The program goes on: what it held is freed, and it can collect again.
    gc.garbage.clear()
    gc.collect()


if __name__ == "__main__":
    run(*sys.argv[1:])
