"""Symbols of an ELF file: where in memory its functions lie, without a debugger's help.

A debugger that reads symbols reads all of them, while the process that it has stopped
waits: 90 ms and more. We need five.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

if TYPE_CHECKING:
    from collections.abc import Collection

_MAGIC: Final = b"\x7fELF\x02\x01"  # 64 bits, little-endian
_FILE_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_SYMBOL: Final = struct.Struct("<IBBHQQ")
_SYMBOL_TABLES: Final = (11, 2)  # SHT_DYNSYM, which survives stripping, then SHT_SYMTAB
_FIXED: Final = 2  # ET_EXEC: addresses in the file are addresses in memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbols:
    """Addresses of symbols, relative to where the file is loaded."""

    # Whether the file is loaded where it says; otherwise addresses are offsets.
    fixed: bool
    values: dict[str, int]


def read_symbols(file: BinaryIO, names: Collection[str]) -> Symbols:
    """Find symbols by name.

    Parameters
    ----------
    file
        Open for reading, seekable.
    names
        The symbols wanted; those that are not there are not in the result.

    Raises
    ------
    ValueError
        If the file is no ELF file of 64 bits, little-endian, or is cut.
    """
    try:
        header = _FILE_HEADER.unpack(file.read(_FILE_HEADER.size))
        if not header[0].startswith(_MAGIC):
            raise ValueError("not an ELF file of 64 bits, little-endian")
        sections = _sections(file, offset=header[6], count=header[12])
        values: dict[str, int] = {}
        for kind in _SYMBOL_TABLES:
            for section in sections:
                if section[1] == kind:
                    strings = _content(file, sections[section[6]])
                    table = _content(file, section)
                    for name, value in _defined(table, strings, names).items():
                        values.setdefault(name, value)
    except (struct.error, IndexError) as error:
        raise ValueError(f"damaged ELF file: {error}") from None
    return Symbols(fixed=header[1] == _FIXED, values=values)


def _sections(file: BinaryIO, *, offset: int, count: int) -> list[tuple[int, ...]]:
    file.seek(offset)
    return list(_SECTION.iter_unpack(file.read(_SECTION.size * count)))


def _content(file: BinaryIO, section: tuple[int, ...]) -> bytes:
    file.seek(section[4])
    return file.read(section[5])


def _defined(table: bytes, strings: bytes, names: Collection[str]) -> dict[str, int]:
    wanted = {}
    for name in names:
        # A linker may store a name as the end of a longer one: look at each place.
        text, at = name.encode() + b"\0", -1
        while (at := strings.find(text, at + 1)) >= 0:
            wanted[at] = name
    found = {}
    for name_at, _, _, section, value, _ in _SYMBOL.iter_unpack(table):
        if section and value and name_at in wanted:
            found[wanted[name_at]] = value
    return found
