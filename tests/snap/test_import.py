"""What `snap` loads, and which layer may import which."""

import ast
import sys
from pathlib import Path

import pytest
from fresh import CHECKOUT, MODES, run

PACKAGES = ("snap", "analyze", "cli", "heapsnap")
# Of the capture, from the interpreter's memory up to what is asked for.
CAPTURE_ROOMS = (
    "interpreter",
    "allocations",
    "conversation",
    "apart",
    "naming",
    "roots",
    "walking",
    "capturing",
    "attach",
)
# Of the analysis, from the arrays up to what shows results.
ROOMS = ("graph", "reading", "owners", "sql", "suspects", "answers", "pictures", "render")


# Loaded when somebody looks at a picture, and not before.
DRAWING = ["snap/live/drawing.py", "snap/live/surroundings.py"]
# `python -m`: nothing else loads them.
ENTRIES = ["snap/__main__.py", "analyze/__main__.py", "heapsnap/commands.py"]


def imports(path):
    """Give the full names of all modules that a file imports, wherever it does."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            assert node.module is not None
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def importers(folder, *forbidden, but=()):
    """Give "file imports module" for each import of something forbidden below a folder."""
    found = []
    for path in sorted((CHECKOUT / folder).rglob("*.py")):
        place = path.relative_to(CHECKOUT).as_posix()
        if any(place.startswith(each) for each in but):
            continue
        found += [
            f"{place} imports {name}"
            for name in sorted(imports(path))
            if any(name == each or name.startswith(f"{each}.") for each in forbidden)
        ]
    return found


def test_importing_snap_loads_the_standard_library_only():
    program = f"""
        sys.path.append({str(CHECKOUT)!r})
        before = set(sys.modules)
        import snap
        loaded = {{name.partition(".")[0] for name in set(sys.modules) - before}}
        tell(sorted(loaded - set(sys.stdlib_module_names)))
    """

    assert run(program, options=("-I", "-S")) == ["snap"]


def test_importing_snap_leaves_no_garbage_of_ours():
    program = """
        import gc
        gc.disable()
        gc.set_debug(gc.DEBUG_SAVEALL)
        import snap
        gc.collect()
        tell([item.__qualname__ for item in gc.garbage
              if type(item) is type and item.__module__.startswith("snap.")])
    """

    assert run(program) == []


def test_importing_snap_does_not_load_the_writer():
    program = """
        import snap
        tell([name for name in sys.modules if name.startswith("snap.writer")])
    """

    assert run(program) == []


@pytest.mark.parametrize("mode", MODES)
def test_capturing_loads_the_standard_library_only(mode, tmp_path):
    program = """
        before = set(sys.modules)
        import snap
        snap.capture(ARGUMENTS["path"], mode=ARGUMENTS["mode"])
        loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
        # Part of the standard library, under a name that differs by platform.
        loaded -= {name for name in loaded if name.startswith("_sysconfigdata_")}
        writer = [name for name in sys.modules if name.startswith("snap.writer")]
        tell([sorted(loaded - set(sys.stdlib_module_names)), writer])
    """

    told = run(program, {"path": str(tmp_path / "heap.parquet"), "mode": mode})

    assert told == [["snap"], []]


def test_snap_imports_nothing_but_itself_and_the_standard_library():
    outside = {
        f"{path.relative_to(CHECKOUT)} imports {name}"
        for path in (CHECKOUT / "snap").rglob("*.py")
        if "writer" not in path.relative_to(CHECKOUT).parts
        and path.relative_to(CHECKOUT).as_posix() not in [*DRAWING, *ENTRIES]
        for name in imports(path)
        if name.partition(".")[0] not in {*sys.stdlib_module_names, "snap"}
    }

    assert outside == set()


def test_nothing_outside_the_writer_imports_it():
    # The recorder is the writer where numpy is not.
    writers = ["snap/writer/", "snap/raw/"]
    assert importers("snap", "snap.writer", "snap.raw", but=writers) == []
    assert importers("analyze", "snap.writer") == []
    assert importers("cli", "snap.writer") == []


def test_snap_imports_neither_analyze_nor_cli():
    assert importers("snap", "analyze", "cli", "heapsnap", but=[*DRAWING, *ENTRIES]) == []


def test_analyze_imports_no_front_end():
    assert importers("analyze", "cli", "heapsnap", but=ENTRIES) == []


def test_front_ends_do_not_know_each_other():
    assert importers("cli", "heapsnap") == []
    assert importers("heapsnap", "cli", but=ENTRIES) == []


def test_analyze_takes_the_schema_and_the_errors_of_snap_only():
    found = importers("analyze", "snap")

    allowed = ("snap.schema.", "snap.errors.", "snap._version.")
    assert [line for line in found if not line.partition(" imports ")[2].startswith(allowed)] == []


def test_graph_kernels_know_neither_parquet_nor_polars():
    assert importers("analyze/graph", "pyarrow", "polars") == []


def test_few_modules_of_the_analysis_read_snapshots_and_what_is_kept_beside_them():
    readers = ["checked_file.py", "snapshot.py", "texts.py", "index_entry.py"]
    but = [f"analyze/reading/{each}" for each in readers]
    assert importers("analyze", "pyarrow", but=but) == []


def test_rooms_of_the_capture_know_only_those_below_them():
    upwards = []
    for floor, room in enumerate(CAPTURE_ROOMS):
        above = [f"snap.{each}" for each in (*CAPTURE_ROOMS[floor + 1 :], "live")]
        upwards += importers(f"snap/{room}", *above)

    assert upwards == []


def test_a_look_without_a_file_knows_neither_the_walk_nor_the_file():
    assert importers("snap/live", "snap.walking", "snap.capturing", "snap.conversation") == []


def test_rooms_of_the_analysis_know_only_those_below_them():
    # What a result shows itself as in a notebook is imported within its methods, and types are
    # imported for the type checker alone: neither counts.
    upwards = []
    for floor, room in enumerate(ROOMS):
        for path in sorted((CHECKOUT / "analyze" / room).rglob("*.py")):
            known = [
                node.module
                for node in ast.parse(path.read_text()).body
                if isinstance(node, ast.ImportFrom) and node.module != "analyze.render.text"
            ]
            above = tuple(f"analyze.{each}." for each in ROOMS[floor + 1 :])
            upwards += [f"{path.name} imports {name}" for name in known if name.startswith(above)]

    assert upwards == []


def test_commands_and_the_library_load_late_what_they_need():
    program = f"""
        sys.path.append({str(CHECKOUT)!r})
        import analyze, cli.analyze, cli.snap
        tell(sorted({{"numpy", "polars", "pyarrow", "numba"}} & set(sys.modules)))
    """

    assert run(program) == []


def test_no_module_takes_the_place_of_a_function_of_the_library():
    import analyze

    assert [name for name in analyze.__all__ if (CHECKOUT / f"analyze/{name}.py").exists()] == []
    # Loading everything, and the modules beside them, leaves them what they are.
    assert all(callable(getattr(analyze, name)) for name in analyze.__all__)


def test_renderers_do_not_look_at_arrays():
    assert importers("analyze/render", "numpy") == []


def test_every_package_has_files():
    # The rules above would hold for folders that moved away.
    for folder in (
        *PACKAGES,
        *(f"snap/{room}" for room in CAPTURE_ROOMS),
        "snap/writer",
        *(f"analyze/{room}" for room in ROOMS),
    ):
        assert list(Path(CHECKOUT / folder).glob("*.py"))


@pytest.mark.skipif(sys.version_info < (3, 15), reason="has no lazy imports")
@pytest.mark.parametrize("mode", MODES)
def test_a_program_whose_imports_are_all_late_is_captured_as_any_other(mode, tmp_path):
    program = """
        import decimal, snap
        told = [snap.capture(ARGUMENTS[0], mode=ARGUMENTS[1]).left_objects for _ in range(2)]
        tell([sys.get_lazy_imports(), told, "decimal" in sys.modules])
    """
    arguments = [str(tmp_path / "heap.parquet"), mode]

    assert run(program, arguments, options=("-X", "lazy_imports=all")) == ["all", [0, 0], False]
