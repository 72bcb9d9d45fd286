"""Bugs of interpreters that a walk would trigger, and programs that show it."""

import pytest
from fresh import MODES, run

from snap.interpreter import quirks

PROGRAM = """
    import asyncio, gc, sys, snap
    path, mode = ARGUMENTS

    async def child(number):
        await asyncio.sleep(0)
        return number

    async def main():
        # Awaited futures leave dead iterators on a free list of the _asyncio module.
        futures = [asyncio.ensure_future(child(number)) for number in range(50)]
        return sum([await future for future in futures])

    async def capture_inside():
        await main()
        snap.capture(path, mode=mode)
        return await main()

    told = [asyncio.run(main())]
    for _ in range(3):
        snap.capture(path, mode=mode)
        gc.collect()
        told.append(asyncio.run(main()))
    told.append(asyncio.run(capture_inside()))
    gc.collect()
    gc.collect()
    tell(told)
"""


@pytest.mark.parametrize("mode", MODES)
def test_a_program_with_awaited_futures_goes_on_collects_and_awaits(mode, tmp_path):
    path = tmp_path / "heap.parquet"

    told = run(PROGRAM, [str(path), mode], timeout=40)

    assert told == [sum(range(50))] * 5


@pytest.mark.parametrize(
    ("version", "spared"),
    [
        ((3, 10, 13), set()),
        ((3, 11, 7), set()),
        ((3, 12, 0), {"_asyncio"}),
        ((3, 12, 1), {"_asyncio"}),
        ((3, 12, 5), {"_asyncio"}),
        ((3, 12, 6), set()),
        ((3, 13, 0), set()),
        ((3, 14, 0), set()),
    ],
)
def test_modules_are_spared_on_the_versions_with_the_bug_only(version, spared, monkeypatch):
    monkeypatch.setattr(quirks.sys, "version_info", version)

    assert quirks.modules_to_spare() == spared


@pytest.mark.parametrize("mode", MODES)
def test_the_namespace_of_a_spared_module_is_still_seen(mode, tmp_path):
    import analyze

    program = """
        import _asyncio, snap
        path, mode = ARGUMENTS
        _asyncio.kept = ["only the module's namespace holds it"]
        snap.capture(path, mode=mode)
        tell([id(_asyncio), id(vars(_asyncio)), id(_asyncio.kept)])
    """
    path = tmp_path / "heap.parquet"

    module, namespace, kept = run(program, [str(path), mode])

    heap = analyze.load(path)
    row_of = {address: row for row, address in enumerate(heap.addresses.tolist())}
    graph = heap.references.graph

    def referents(address):
        row = row_of[address]
        return set(graph.targets[graph.offsets[row] : graph.offsets[row + 1]].tolist())

    assert row_of[namespace] in referents(module)
    assert row_of[kept] in referents(namespace)
    assert row_of[kept] not in set(heap.unreachable.tolist())
