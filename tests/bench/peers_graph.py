"""Time the graph engine beside networkx, rustworkx, networkit and scipy, on one heap, in one run.

``python tests/bench/peers_graph.py [OBJECTS]``, one million by default: the made-up heap of a web
service, with a node over all roots. Peers come with
``pip install '.[test,bench]'``; one that is not installed is left out. Answers are
compared: reached objects, components, dominators. Each peer runs in a process of its own; its
graph is built once, from arrays.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from engine import peak_memory
from generate import generate

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Steps = dict[str, Callable[[], Any]]

OPERATIONS: Final = ("build", "reach", "components", "dominators")


class Arrays:
    """A heap's references and roots; node n stands over the roots."""

    def __init__(self, path: Path) -> None:
        import analyze

        heap = analyze.load(path, index=False)
        self.graph = heap.references.graph
        self.roots = heap.reachability.roots
        self.objects = self.graph.objects

    def edges(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give both ends of each reference, those of the node over the roots included."""
        sources = np.repeat(np.arange(self.objects), np.diff(self.graph.offsets))
        top = np.full(len(self.roots), self.objects)
        return np.concatenate([sources, top]), np.concatenate([self.graph.targets, self.roots])


def ours(heap: Arrays) -> Steps:
    from analyze.graph.components import components
    from analyze.graph.csr import from_edges
    from analyze.graph.dominators import dominator_tree
    from analyze.graph.reach import reach

    made: dict[str, Any] = {}
    sources, targets = heap.edges()

    def build() -> int:
        made["graph"] = from_edges(sources, targets, heap.objects + 1)
        return int(made["graph"].references)

    top = np.array([heap.objects])
    return {
        "build": build,
        "reach": lambda: len(reach(made["graph"], top).order) - 1,
        "components": lambda: components(made["graph"]).count - 1,
        "dominators": lambda: digest(dominator_tree(made["graph"], top).dominator[:-1]),
    }


def with_networkx(heap: Arrays) -> Steps:
    import networkx as nx

    made = nx.DiGraph()
    sources, targets = heap.edges()
    top = heap.objects

    def build() -> int:
        made.add_nodes_from(range(top + 1))
        made.add_edges_from(zip(sources.tolist(), targets.tolist(), strict=True))
        return len(sources)

    return {
        "build": build,
        "reach": lambda: len(nx.descendants(made, top)),
        "components": lambda: sum(1 for _ in nx.strongly_connected_components(made)) - 1,
        "dominators": lambda: digest_of_dict(nx.immediate_dominators(made, top), top),
    }


def with_rustworkx(heap: Arrays) -> Steps:
    import rustworkx as rx

    made = rx.PyDiGraph()
    sources, targets = heap.edges()
    top = heap.objects

    def build() -> int:
        made.add_nodes_from(range(top + 1))
        made.extend_from_edge_list(list(zip(sources.tolist(), targets.tolist(), strict=True)))
        return len(sources)

    return {
        "build": build,
        "reach": lambda: len(rx.descendants(made, top)),
        "components": lambda: len(rx.strongly_connected_components(made)) - 1,
        "dominators": lambda: digest_of_dict(rx.immediate_dominators(made, top), top),
    }


def with_networkit(heap: Arrays) -> Steps:
    import networkit as nk

    made: dict[str, Any] = {}
    sources, targets = heap.edges()

    def build() -> int:
        made["graph"] = nk.GraphFromCoo(
            (sources.astype(np.uint64), targets.astype(np.uint64)),
            n=heap.objects + 1,
            weighted=False,
            directed=True,
        )
        return len(sources)

    def reach() -> int:
        search = nk.distance.BFS(made["graph"], heap.objects, storePaths=False)
        search.run()
        return int((np.array(search.getDistances()) < 1e300).sum()) - 1

    def components() -> int:
        found = nk.components.StronglyConnectedComponents(made["graph"])
        found.run()
        return int(found.numberOfComponents()) - 1

    return {"build": build, "reach": reach, "components": components}


def with_scipy(heap: Arrays) -> Steps:
    from scipy import sparse
    from scipy.sparse import csgraph

    made: dict[str, Any] = {}
    sources, targets = heap.edges()
    size = heap.objects + 1

    def build() -> int:
        ones = np.ones(len(sources), dtype=np.int8)
        # Parallel references are summed: on some its search for components never ends.
        made["graph"] = sparse.coo_array((ones, (sources, targets)), shape=(size, size)).tocsr()
        return len(sources)

    def reach() -> int:
        return len(csgraph.breadth_first_order(made["graph"], heap.objects)[0]) - 1

    def components() -> int:
        return int(csgraph.connected_components(made["graph"], connection="strong")[0]) - 1

    return {"build": build, "reach": reach, "components": components}


def digest(dominator: NDArray[Any]) -> int:
    """Sum up a dominator for each object; -1 where no root reaches it, n for the node above."""
    return int((dominator.astype(np.int64) + 2) @ (np.arange(len(dominator)) % 1_000_003))


def digest_of_dict(found: dict[int, int], top: int) -> int:
    """As `digest`."""
    dominator = np.full(top, -1, dtype=np.int64)
    for index, above in found.items():
        if index != top:
            dominator[index] = above
    return digest(dominator)


PEERS: Final[dict[str, Callable[[Arrays], Steps]]] = {
    "heapsnap": ours,
    "scipy": with_scipy,
    "networkit": with_networkit,
    "rustworkx": with_rustworkx,
    "networkx": with_networkx,
}


def measure(peer: str, path: Path) -> dict[str, Any]:
    """Time each operation; ours a second time, since the first may compile."""
    heap = Arrays(path)
    measured: dict[str, Any] = {}
    for _ in range(2 if peer == "heapsnap" else 1):
        for name, step in PEERS[peer](heap).items():
            began = time.perf_counter()
            answer = step()
            measured[name] = time.perf_counter() - began, answer
    measured["peak"] = peak_memory()
    return measured


def main(arguments: list[str]) -> None:
    """Print a table: operation by peer, seconds and times ours."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("objects", nargs="?", type=lambda text: int(float(text)), default=10**6)
    parser.add_argument("--only", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.measure:
        print(json.dumps(measure(given.measure[0], Path(given.measure[1]))))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = generate("web", given.objects, Path(folder) / "heap.parquet")
        print(f"{given.objects:,} objects; seconds, and times ours")
        print(f"{'':12}" + "".join(f"{name:>20}" for name in OPERATIONS) + f"{'peak':>12}")
        own = compare("heapsnap", path, None)
        for peer in given.only:
            if peer != "heapsnap":
                compare(peer, path, own)


def compare(peer: str, path: Path, own: dict[str, Any] | None) -> dict[str, Any]:
    """Measure one peer elsewhere and print its line."""
    command = [sys.executable, __file__, "--measure", peer, str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        print(f"{peer:12}{done.stderr.strip().splitlines()[-1]}")
        return {}
    found: dict[str, Any] = json.loads(done.stdout)
    cells = []
    for name in OPERATIONS:
        if name not in found:
            cells.append(f"{'—':>20}")
            continue
        seconds, answer = found[name]
        times = "" if own is None else f"{seconds / own[name][0]:7.1f} x"
        if own is not None and answer != own[name][1]:
            times += " OTHER ANSWER"
        cells.append(f"{seconds:10.3f} s{times:>8}")
    print(
        f"{peer:12}" + "".join(f"{cell:>20}" for cell in cells) + f"{found['peak'] / 1e6:9,.0f} MB"
    )
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
