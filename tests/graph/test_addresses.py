"""From addresses to rows, against a dictionary."""

import subprocess
import sys

import numpy as np
import pytest

from analyze.graph.addresses import NOWHERE, AddressTable

TOP = 2**64 - 1


def rows_of(addresses, wanted, dtype=np.int32):
    """Look addresses up; give the rows and how many were missing."""
    out = np.full(len(wanted), 77, dtype=dtype)
    table = AddressTable(np.array(addresses, dtype=np.uint64))
    missing = table.rows(np.array(wanted, dtype=np.uint64), out)
    return out.tolist(), missing


def check_against_dict(addresses, wanted):
    row_of = {address: row for row, address in enumerate(addresses)}
    assert len(row_of) == len(addresses)
    expected = [row_of.get(address, NOWHERE) for address in wanted]
    assert rows_of(addresses, wanted) == (expected, expected.count(NOWHERE))


def like_an_allocator(random, count, start):
    """Draw distinct addresses that are multiples of 16, in pools and big blocks."""
    steps = random.choice([3, 4, 5, 8, 14, 40, 2000], count)
    addresses = [start + step for step in (np.cumsum(steps) * 16).tolist()]
    random.shuffle(addresses)
    return addresses


def near_misses(random, addresses, count):
    """Draw addresses of the table, and others next to them or anywhere."""
    picked = random.choice(np.array(addresses, dtype=np.uint64), count).tolist()
    moved = [
        min(max(address + int(step), 0), TOP)
        for address, step in zip(picked, random.integers(-40, 41, count), strict=True)
    ]
    anywhere = random.integers(0, TOP, count, dtype=np.uint64).tolist()
    return [*picked, *moved, *anywhere, 0, 1, TOP, TOP - 15]


@pytest.mark.parametrize("start", [0, 4096, 0x7F12_3456_7000, 0xFFFF_8000_0000_0000])
def test_addresses_as_allocators_give_them_are_found(start):
    for seed in range(20):
        random = np.random.default_rng(seed)
        addresses = like_an_allocator(random, int(random.integers(1, 400)), start)
        check_against_dict(addresses, near_misses(random, addresses, 200))


def test_dense_addresses_are_found():
    # Every 16 bytes an object: all slots of the pages are taken.
    random = np.random.default_rng(1)
    addresses = list(range(0x1000, 0x1000 + 16 * 10_000, 16))
    check_against_dict(addresses, near_misses(random, addresses, 10_000))


def test_sparse_addresses_are_found():
    # One object in each of 200 regions of 256 MB, as if each had its own mapping.
    random = np.random.default_rng(2)
    addresses = [number * 2**40 + 48 for number in range(1, 201)]
    check_against_dict(addresses, near_misses(random, addresses, 500))


def test_addresses_of_any_64_bits_are_found():
    for seed in range(5):
        random = np.random.default_rng(seed)
        addresses = np.unique(random.integers(0, TOP, 100, dtype=np.uint64)).tolist()
        random.shuffle(addresses)
        check_against_dict(addresses, near_misses(random, addresses, 200))


def test_odd_addresses_are_found():
    # Several in the same 16 bytes: the table falls back to a slot for each byte.
    for seed in range(30):
        random = np.random.default_rng(seed)
        spread = int(random.choice([300, 3000, 100_000]))
        count = int(random.integers(1, 200))
        addresses = random.choice(spread, count, replace=False).tolist()
        check_against_dict(addresses, near_misses(random, addresses, 200))


def test_an_address_beside_an_object_is_no_object():
    assert rows_of([0x1000, 0x1020], [0x1000, 0x1001, 0x100F, 0x1010, 0x1020]) == (
        [0, -1, -1, -1, 1],
        3,
    )


def test_tiny_addresses_are_found():
    check_against_dict([1, 2, 3, 4, 5], list(range(10)))
    check_against_dict(list(range(1, 1000)), list(range(1100)))
    check_against_dict([0], [0, 1, 16, TOP])


def test_the_ends_of_the_address_space_are_addresses():
    check_against_dict([TOP, 0, TOP - 15, 2**63, 2**63 - 1], [TOP, 0, TOP - 15, 2**63, 5, TOP - 1])


def test_repeats_among_the_wanted_are_all_answered():
    assert rows_of([16, 32], [32, 32, 16, 48, 32]) == ([1, 1, 0, -1, 1], 1)


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_rows_are_written_in_either_width(dtype):
    assert rows_of([16, 32, 48], [48, 16, 5], dtype) == ([2, 0, -1], 1)


def test_an_empty_table_knows_no_address():
    assert rows_of([], [0, 1, TOP]) == ([-1, -1, -1], 3)


def test_nothing_wanted_is_nothing_missing():
    assert rows_of([16], []) == ([], 0)


@pytest.mark.parametrize(
    ("addresses", "message"),
    [
        ([16, 32, 16], "address 0x10 comes twice, the second time in row 2"),
        ([7, 7], "address 0x7 comes twice, the second time in row 1"),
        ([0, 0], "address 0x0 comes twice, the second time in row 1"),
        ([TOP, 5, TOP], "address 0xffffffffffffffff comes twice, the second time in row 2"),
    ],
)
def test_an_address_that_comes_twice_is_refused_with_its_row(addresses, message):
    with pytest.raises(ValueError, match=message):
        AddressTable(np.array(addresses, dtype=np.uint64))


def test_a_repeat_anywhere_is_found():
    for seed in range(40):
        random = np.random.default_rng(seed)
        addresses = like_an_allocator(random, 100, 0x5000)
        first, second = sorted(random.choice(100, 2, replace=False).tolist())
        addresses[second] = addresses[first]
        with pytest.raises(ValueError, match=f"{addresses[first]:#x} comes twice.*row {second}$"):
            AddressTable(np.array(addresses, dtype=np.uint64))


def test_arrays_that_cannot_be_written_are_read():
    addresses = np.array([16, 32], dtype=np.uint64)
    addresses.flags.writeable = False
    out = np.zeros(2, dtype=np.int32)
    assert AddressTable(addresses).rows(addresses[::-1], out) == 0
    assert out.tolist() == [1, 0]


def test_a_million_objects_in_random_order_are_found():
    random = np.random.default_rng(3)
    addresses = np.cumsum(random.choice([3, 4, 6, 9], 1_000_000) * 16).astype(np.uint64)
    addresses = (addresses + np.uint64(0x7F00_0000_0000))[random.permutation(1_000_000)]
    out = np.empty(1_000_000, dtype=np.int32)
    order = random.permutation(1_000_000)
    assert AddressTable(addresses).rows(addresses[order], out) == 0
    assert np.array_equal(out, order)
    assert AddressTable(addresses).rows(addresses + np.uint64(16), out) == (out == NOWHERE).sum()


def test_scattered_addresses_do_not_take_memory_without_bound():
    # A file that was not captured may hold any numbers; 20,000 of them are a small file.
    code = """
import resource
resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
import numpy as np
from analyze.graph.addresses import AddressTable
addresses = np.random.default_rng(0).integers(0, 2**64 - 1, 20_000, dtype=np.uint64)
out = np.empty(20_000, dtype=np.int32)
print(AddressTable(addresses).rows(addresses, out), (out == np.arange(20_000)).all())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "0 True\n", done.stderr[-300:]
