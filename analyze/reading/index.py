"""Answers kept beside a snapshot, so that the next process need not work them out again.

``x.parquet.index`` is a folder; each answer in it is a file of its own, so that one more can be
added, and one be read, without the others. An entry counts only for the very contents of the
snapshot and the very code that it was worked out with; whatever else is wrong with it (cut,
flipped, older, another's), the answer is worked out anew. Nothing here ever raises because
of a file: without an index everything works, later.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import re
import shutil
import sys
import time
import zlib
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import numpy as np

from analyze.beside import beside
from analyze.reading.index_entry import (
    KEY_BYTES,
    SEAL_BYTES,
    DamagedEntry,
    check,
    read_entry,
    sealed_with,
    write_entry,
)
from snap._version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    FileStamp = tuple[int, int, int, int]

_Value = TypeVar("_Value")

SUFFIX: Final = ".index"
# Below this an analysis takes less time than a person notices, and a file is clutter.
WORTH_OBJECTS: Final = 200_000
# Files of ours that answers depend on.
_CODE: Final = frozenset({".py", ".toml"})
_NAME: Final = re.compile(r"[a-z][a-z0-9 -]{0,60}")
_ENTRY: Final = ".arrow"
_UNFINISHED: Final = ".tmp"
# Unfinished files as old as this were left by a process that was killed, seconds.
_ABANDONED: Final = 24 * 3600
# Part of a disk's free space that an entry may take.
_SHARE: Final = 0.5
_BLOCK: Final = 1 << 24


class Index:
    """The answers kept beside one snapshot.

    Parameters
    ----------
    snapshot
        The snapshot file.
    objects
        How many it has: for few, nothing is kept.
    opened
        `file_stamp` of the file before it was opened: if another has taken its place since,
        its contents say nothing of what was read.
    enabled
        Whether to look for kept answers, and to keep more.
    """

    def __init__(
        self, snapshot: Path, objects: int, opened: FileStamp | None, *, enabled: bool = True
    ) -> None:
        self._snapshot = snapshot
        self.folder = snapshot.with_name(snapshot.name + SUFFIX)
        self._reads = self._writes = enabled and objects >= WORTH_OBJECTS
        self._opened = opened
        self._swept = False
        self._known: dict[str, Any] = {}
        # Names of the answers whose entries this process has written, or has read whole.
        self._kept: set[str] = set()
        self._writing: dict[str, Future[None]] = {}

    def when_kept(self, name: str, action: Callable[[], object]) -> None:
        """Call something once an answer can be had again without working it out.

        At once, where its entry is there; never, where it is not kept at all.
        """

        def act(_written: object = None) -> None:
            if name in self._kept:
                action()

        if name in self._writing:
            self._writing[name].add_done_callback(act)
        else:
            act()

    def wait(self) -> None:
        """Wait until all answers so far are written."""
        for written in list(self._writing.values()):
            written.result()

    def remember(self, name: str, compute: Callable[[], _Value], of: Any = None) -> _Value:
        """Give an answer, worked out at most once: in this process, or in an earlier one.

        ::

            owners = heap.index.remember("owners", lambda: find_owners(heap))
            groups = heap.index.remember("groups", lambda: group(heap), tuple[Group, ...])

        Parameters
        ----------
        name
            Of the answer: lower-case words. What the answer depends on beside the snapshot
            and our code (an option, a limit) must be in it.
        compute
            Called if the answer is not known. It must give a dict of one-dimensional numpy
            arrays (of any lengths, numbers or truth values), a polars frame, or a document:
            None, str, int, float, lists and dicts of such, dataclasses, tuples.
        of
            What a document is, if it holds dataclasses or tuples: the class, or
            ``tuple[Class, ...]``, ``dict[str, Class]``, ``Class | None``.

        Returns
        -------
        What `compute` gives. Arrays are read-only; those from the index are mapped, not read.

        Raises
        ------
        ValueError
            If the name is no name for a file.
        TypeError
            If an answer of this kind cannot be kept.

        Notes
        -----
        Reading an entry costs a checksum of it, 0.3 s a GB.
        """
        if name not in self._known:
            self._known[name] = self.fetch(name, compute, of)
            if name in self._writing:
                self._writing[name].result()
        value: _Value = self._known[name]
        return value

    def fetch(self, name: str, compute: Callable[[], _Value], of: Any = None) -> _Value:
        """As `remember`, but for who keeps the answer: it is not held here as well.

        It is written while the caller goes on; a program that ends waits for that.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for an answer")
        path = self.folder / (name.replace(" ", "-") + _ENTRY)
        if self._reads or self._writes:
            self._check_place()
        if self._reads:
            try:
                is_known = name in self._kept
                kept: _Value = read_entry(_map(path), self.key, name, of, is_known=is_known)
            except (OSError, ValueError):  # a DamagedEntry is one
                self._kept.discard(name)
            else:
                self._kept.add(name)
                return kept
        value = compute()
        check(value)
        if isinstance(value, dict):
            for array in value.values():
                if isinstance(array, np.ndarray):
                    array.flags.writeable = False
        if self._writes:
            self._writing[name] = beside(lambda: self._keep(path, name, value), to_the_end=True)
        return value

    @cached_property
    def key(self) -> bytes:
        """What an entry must be of: this snapshot's contents, and this code.

        Notes
        -----
        Reads the whole snapshot, for a checksum: 0.3 s a GB. Not its time of change, which
        copying alters; and a change of contents that keeps it is told.
        """
        key = hashlib.blake2b(digest_size=KEY_BYTES)
        for part in (code_digest(), _contents(self._snapshot)):
            key.update(part)
        return key.digest()

    def _check_place(self) -> None:
        if self._opened is None or self._opened != file_stamp(self._snapshot):
            self._reads = self._writes = False

    # --- writing

    def _keep(self, path: Path, name: str, value: Any) -> None:
        """Write an entry under another name and rename it: whoever comes first, it is whole."""
        unfinished: Path | None = None
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self._sweep()
            if _size(value) > _SHARE * shutil.disk_usage(self.folder).free:
                return
            unfinished = self.folder / f".{path.stem}.{os.getpid()}.{time.time_ns()}{_UNFINISHED}"
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                write_entry(file, self.key, name, value)
            self._check_place()
            if not self._writes:
                return
            unfinished.replace(path)
            unfinished = None
            self._kept.add(name)
        except OSError:
            # A folder that cannot be written, a full disk: the next process works it out.
            self._writes = False
        finally:
            if unfinished is not None:
                with contextlib.suppress(OSError):
                    unfinished.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove, once, what is of other contents or code, and what nobody finished."""
        if self._swept:
            return
        self._swept = True
        for path in self.folder.iterdir():
            with contextlib.suppress(OSError):
                if self._is_waste(path):
                    path.unlink()

    def _is_waste(self, path: Path) -> bool:
        if path.suffix == _ENTRY:
            return _seal(path) != self.key
        return path.suffix == _UNFINISHED and time.time() - path.stat().st_mtime > _ABANDONED


def file_stamp(path: Path) -> FileStamp | None:
    """Tell a file from another that takes its place; None if there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@cache
def code_digest() -> bytes:
    """Sum up the code that answers come from: any change of it makes them stale."""
    digest = hashlib.blake2b(digest_size=KEY_BYTES)
    environment = (__version__, sys.version_info[:2], sys.byteorder, np.__version__)
    digest.update(repr(environment).encode())
    package = Path(__file__).parents[1]
    for path in sorted(package.rglob("*.*")):
        if path.suffix not in _CODE:
            continue
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.digest()


def _contents(path: Path) -> bytes:
    checksum = length = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            checksum = zlib.crc32(block, checksum)
            length += len(block)
            tail = block[-4096:]
    return f"{length} {checksum:08x} ".encode() + (tail if length else b"")


def _map(path: Path) -> memoryview:
    """Map an entry that is ours: another user's could make kernels read anywhere."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if hasattr(os, "getuid") and status.st_uid not in (os.getuid(), 0):
            raise PermissionError(f"{path} is of another user")
        if status.st_size < SEAL_BYTES:
            raise DamagedEntry("too short")
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def _seal(path: Path) -> bytes | None:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - SEAL_BYTES, 0))
        return sealed_with(file.read())


def _size(value: Any) -> int:
    if isinstance(value, dict):
        return sum(each.nbytes for each in value.values() if isinstance(each, np.ndarray))
    return 0
