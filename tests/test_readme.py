"""Every command in a console block of README and docs/ runs, and all Python of the README."""

import inspect
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import typer.main

import analyze
import cli.analyze
import cli.snap
import snap
from heapsnap import pytest_plugin
from snap.errors import EXIT_GATE

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
NOTEBOOK = (ROOT / "docs" / "notebook.md").read_text()
PAGES = sorted((ROOT / "docs").glob("*.md"))
COMMANDS = [
    # What prints into a file goes with the command that reads it.
    line.removeprefix("$ ")
    for page in (README, *(page.read_text() for page in PAGES))
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    for line in re.sub(r"^(\$ printf .*)\n\$ ", r"\1 && ", block, flags=re.MULTILINE).splitlines()
    if line.startswith("$ ") and not line.startswith("$ make test")
]
ENVIRONMENT = {
    "PATH": f"{sysconfig.get_path('scripts')}:/usr/local/bin:/usr/bin:/bin",
    "HOME": str(Path.home()),
}
CAPTURED = {"capture_output": True, "text": True}
PYTHON = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, **CAPTURED)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place where commands of the README find the checkout's files, and may write."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in ("data", "tests"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "build").mkdir()
    return folder


def test_there_are_commands_and_code_to_run():
    assert len(COMMANDS) > 5
    assert len(PYTHON) == 2


@pytest.mark.parametrize(
    "command", dict.fromkeys(each for each in COMMANDS if not each.startswith("make"))
)
def test_command_runs(command: str, checkout: Path):
    run("bash", "-c", command, cwd=checkout)


def test_options_that_pages_name_are_there():
    known = {"--help", "--cap-add", "--preload"}  # the last two are docker's and gunicorn's
    known.update(re.findall(r'"(--heap[a-z-]*)"', inspect.getsource(pytest_plugin)))
    for app in (cli.analyze.app, cli.snap.app):
        group = typer.main.get_command(app)
        for command in (group, *group.commands.values()):
            for parameter in command.params:
                known.update((*parameter.opts, *parameter.secondary_opts))
    for page in (ROOT / "README.md", *PAGES):
        named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page.read_text()))
        assert named <= known, page


def test_the_gate_of_the_page_on_ci_trips_as_it_says(checkout: Path):
    page = (ROOT / "docs" / "ci-gate.md").read_text()
    (block,) = re.findall(r"```text\n\$ (analyze diff .*?)```", page, re.DOTALL)
    command, *gates = block.splitlines()
    done = subprocess.run(["bash", "-c", command], cwd=checkout, env=ENVIRONMENT, **CAPTURED)
    assert done.returncode == EXIT_GATE
    assert [line for line in done.stderr.splitlines() if line.startswith("gate")] == gates


def test_the_leak_of_the_page_on_c_extensions_is_found(checkout: Path):
    page = (ROOT / "docs" / "c-extension.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    run(sys.executable, "-c", code, cwd=checkout)
    told = " ".join(run("analyze", "diff", "before.parquet", "after.parquet", cwd=checkout).split())
    assert "550 __main__.Ticket objects held from outside the Python heap" in told
    assert "they grew by 500" in told


@pytest.mark.parametrize("code", PYTHON, ids=["capture", "analyze"])
def test_python_runs(code: str, checkout: Path):
    run(sys.executable, "-c", code, cwd=checkout)


def test_python_of_the_page_on_notebooks_runs(checkout: Path):
    (code,) = re.findall(r"```python\n(.*?)```", NOTEBOOK, re.DOTALL)
    output = run(sys.executable, "-c", code, cwd=checkout)
    assert re.search(r"list +[\d,]+ +1,001\n", output)


def test_demo_names_its_three_culprits_on_the_first_screens(checkout: Path):
    run(sys.executable, "tests/demo/run.py", "--out", "build/demo", cwd=checkout)
    report = run("analyze", "report", "build/demo/after.parquet", cwd=checkout)
    growth = run(
        "analyze", "diff", "build/demo/before.parquet", "build/demo/after.parquet", cwd=checkout
    )
    for screen in (report, growth):
        first = " ".join("\n".join(screen.splitlines()[:24]).split())
        for culprit in ("shop.cache.Session", "shop.plugins.Discounts", "shop.orders.Payment"):
            assert culprit in first


def test_the_page_on_the_library_has_all_that_the_packages_offer():
    page = (ROOT / "docs" / "library.md").read_text()
    for package in (snap, analyze):
        offered = {f"{package.__name__}.{name}" for name in package.__all__} - {"snap.__version__"}
        # The error is one, whichever package it is taken from.
        assert [name for name in offered - {"analyze.SnapError"} if f"::: {name}" not in page] == []
