"""Run one workload with the collector off, capture, then let the collector speak.

``python program.py MODULE GROUP MODE SNAPSHOT ANSWER``: `ANSWER` becomes a JSON object with
what ``gc.collect()`` said right after the capture.
"""

import gc

gc.disable()

import importlib
import json
import sys
import weakref

import snap


# A weak reference to each node: the collector clears those to what it finds unreachable,
# whatever finalizers do to it afterwards.
NODES = []


class Node:
    """A member of a cycle that says which builder made it."""

    def __init__(self, shape):
        self.shape = shape
        NODES.append((weakref.ref(self), id(self), shape))


def run(module, group, mode, snapshot, answer):
    workload = importlib.import_module(module)
    workload.build(group, Node)
    done = snap.capture(snapshot, mode=mode)

    nodes = [node for node in NODES if node[0]() is not None]
    gc.set_debug(gc.DEBUG_SAVEALL)
    gc.collect()
    gc.set_debug(0)
    garbage = list(map(id, gc.garbage))
    # What survived is in the oldest generation; what was born since is not, so that an
    # address used again does not look like a survivor.
    alive = list(map(id, gc.get_objects(generation=2)))
    collected = [(address, shape) for node, address, shape in nodes if node() is None]
    resurrected = list(map(id, getattr(workload, "RESURRECTED", ())))
    with open(answer, "w") as file:
        json.dump(
            {
                "garbage": garbage,
                "alive": alive,
                "nodes": [address for _, address, _ in nodes],
                "collected": [address for address, _ in collected],
                "shapes": sorted({shape for _, shape in collected}),
                "resurrected": resurrected,
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
