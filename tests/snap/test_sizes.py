"""Sizes as people write them."""

import pytest

from snap.capturing.sizes import parse_limit, parse_size
from snap.errors import SnapError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("5MiB", 5 << 20),
        ("1.5 kB", 1500),
        ("1000", 1000),
        ("12b", 12),
        ("500MB", 500 * 10**6),
        ("2g", 2 << 30),
        ("7KiB", 7168),
        (" 1 Ti ", 1 << 40),
    ],
)
def test_sizes_are_read(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MiB", "5 apples", "-1MiB", "2XB", "much", "1e9"])
def test_other_texts_are_no_sizes(text):
    with pytest.raises(ValueError, match="no size"):
        parse_size(text)


def test_a_limit_may_be_a_number_a_text_or_none():
    assert [parse_limit(each) for each in (None, 7, "7KiB")] == [None, 7, 7168]
    with pytest.raises(SnapError, match="cannot read 'much' as a size"):
        parse_limit("much")
    with pytest.raises(SnapError, match="it needs some"):
        parse_limit(0)
