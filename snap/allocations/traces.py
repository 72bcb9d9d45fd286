"""Reads `tracemalloc`'s own table of traces: asking it builds two objects a frame.

The table is found by the functions that it hashes and compares with, beside the allocators
that `tracemalloc` has replaced. Memory is read through a pipe: the kernel gathers it and says
if something is not there, whatever another thread does to the table without the interpreter's
lock.
"""

from __future__ import annotations

import ctypes
import os
from array import array
from typing import Any, Final

from snap.allocations.lanes import ones, to_lanes, to_words, where_set
from snap.interpreter.native import POINTER_SIZE

_process = ctypes.PyDLL(None)

# `PyMem_GetAllocator` of each domain: what the functions are given first, then four functions.
_DOMAINS: Final = (0, 1, 2)
_ALLOCATOR_WORDS: Final = 5
# Where the interpreter keeps the table, as words from the first allocator: -14 to 21 in 3.10
# to 3.15.
_NEARBY: Final = range(-64, 64)
# Of a table: entries, buckets (a power of two), the array of buckets, a function to find an
# entry, one to hash a key, one to compare two.
_TABLE_WORDS: Final = 6
# Of an entry: the next one of its bucket, its hash, key and value, here a trace: the block's
# size, and the traceback, of which there is one for all blocks with the same.
_ENTRY_WORDS: Final = 4
_TRACEBACK: Final = POINTER_SIZE
# The hash of an address is the address, rotated by so many bits: as long as there are fewer than
# 2**60 buckets, those that come from its other end do not count.
_ROTATED: Final = 4
_POINTER_BITS: Final = 3
# Pieces that one call may gather: IOV_MAX.
_MOST_PIECES: Final = 1024


class Torn(Exception):  # noqa: N818 - ask for what was to be read
    """Memory is not there, or not what it was taken for."""


class Traces:
    """The traces of memory blocks, by address.

    Raises
    ------
    Torn
        If the interpreter keeps no such table where it is looked for.
    """

    __slots__ = ("_nothing", "_read_fd", "_table", "_write_fd")

    def __init__(self) -> None:
        ends = array("i", [-1, -1])
        # Not `os.pipe`, which lets go of the interpreter's lock.
        if _pipe is None or _pipe(ends.buffer_info()[0], os.O_CLOEXEC | os.O_NONBLOCK):
            raise Torn
        self._read_fd, self._write_fd = ends
        self._nothing = array("Q", [0]) * _ENTRY_WORDS
        try:
            self._table = self._find()
        except Torn:
            self.close()
            raise

    def close(self) -> None:
        """Close the pipe."""
        _close(self._read_fd)
        _close(self._write_fd)

    def tracebacks(self, blocks: bytes) -> array[int]:
        """Look up blocks of memory.

        Parameters
        ----------
        blocks
            Addresses of n blocks, native 8-byte integers.

        Returns
        -------
        array of int
            n addresses of tracebacks; 0 where a block has no trace.

        Raises
        ------
        Torn
            If the table is not what it was taken for, or changes meanwhile.

        Notes
        -----
        0.2 us each, however long the tracebacks are; no object is made for any of them.
        """
        count = len(blocks) // POINTER_SIZE
        one, keys = ones(count), to_lanes(blocks)
        nothing = one * self._nothing.buffer_info()[0]
        _, buckets, first, *_ = self._words(self._table, _TABLE_WORDS)
        places = keys >> (_ROTATED - _POINTER_BITS) & one * ((buckets - 1) << _POINTER_BITS)
        heads = self._gather(to_words(places + one * first, count), 1)
        at, found = to_lanes(heads.tobytes()), 0
        while at:
            # Where nothing is left to look at, it looks at an entry of ours, which is empty.
            empty = nothing & ~where_set(at, one)
            entries = self._gather(to_words(at | empty, count), _ENTRY_WORDS)
            following, _, held, values = (
                to_lanes(entries[word::_ENTRY_WORDS].tobytes()) for word in range(_ENTRY_WORDS)
            )
            missed = where_set(keys ^ held, one)
            found |= values & ~missed
            at = following & missed
        found |= nothing & ~where_set(found, one)
        return self._gather(to_words(found + one * _TRACEBACK, count), 1)

    def _find(self) -> int:
        if _hash is None or _compare is None:
            raise Torn
        wanted = (_address(_hash), _address(_compare))
        for word in self._words(_first_allocator() + POINTER_SIZE * _NEARBY[0], len(_NEARBY)):
            try:
                table = self._words(word, _TABLE_WORDS) if word else ()
            except Torn:
                continue
            if table[-2:] == wanted and table[1] & (table[1] - 1) == 0 < table[1]:
                return word
        raise Torn

    def _words(self, start: int, count: int) -> tuple[int, ...]:
        pieces = array("Q", [start + POINTER_SIZE * number for number in range(count)])
        return tuple(self._gather(pieces.tobytes(), 1))

    def _gather(self, starts: bytes, count: int) -> array[int]:
        """Read `count` words at each of many addresses."""
        size = POINTER_SIZE * count
        # Pairs of (address, length): an array of `struct iovec`.
        pieces = array("Q", [size]) * (2 * (len(starts) // POINTER_SIZE))
        pieces[::2] = array("Q", starts)
        gathered = array("Q", bytes(size * (len(pieces) // 2)))
        source, target = pieces.buffer_info()[0], gathered.buffer_info()[0]
        first, total = 0, len(pieces) // 2
        while first < total:
            count = min(_MOST_PIECES, total - first)
            done = _writev(self._write_fd, source + 16 * first, count)
            # Less where the pipe takes less, or where memory is not there.
            if done <= 0 or done % size:
                raise Torn
            _read(self._read_fd, target + size * first, done)
            first += done // size
        return gathered


def _first_allocator() -> int:
    """Give where the first of the allocators lies that `tracemalloc` has replaced."""
    allocator = array("Q", bytes(POINTER_SIZE * _ALLOCATOR_WORDS))
    places = []
    for domain in _DOMAINS:
        _allocator(domain, allocator.buffer_info()[0])
        places.append(allocator[0])
    return min(places)


def _address(function: Any) -> int | None:
    return ctypes.cast(function, ctypes.c_void_p).value


# Not in every build.
_hash: Any = getattr(_process, "_Py_hashtable_hash_ptr", None)
_compare: Any = getattr(_process, "_Py_hashtable_compare_direct", None)
_allocator: Any = _process.PyMem_GetAllocator
_allocator.argtypes = (ctypes.c_int, ctypes.c_void_p)
_allocator.restype = None
_pipe: Any = getattr(_process, "pipe2", None)
if _pipe is not None:
    _pipe.argtypes = (ctypes.c_void_p, ctypes.c_int)
_close: Any = _process.close
_close.argtypes = (ctypes.c_int,)
_read: Any = _process.read
_read.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t)
_read.restype = ctypes.c_ssize_t
_writev: Any = _process.writev
_writev.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_int)
_writev.restype = ctypes.c_ssize_t
