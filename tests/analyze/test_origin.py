"""Whose a type is."""

import polars as pl
import pytest

from analyze.owners.origin import is_own_type
from analyze.sql.type_summary import own_types


@pytest.mark.parametrize(
    ("type_name", "is_own"),
    [
        ("__main__.Session", True),
        ("app.cache.Session", True),
        ("dict", False),
        ("collections.deque", False),
        ("_distutils_hack.DistutilsMetaFinder", False),
        ("__editable___app_1_0_finder._EditableFinder", False),
        # A type of the interpreter's context variables, whatever its name looks like.
        ("Token.MISSING", False),
        ("Token.Session", True),
    ],
)
def test_types_of_the_program_are_told_from_those_that_every_program_has(type_name, is_own):
    assert is_own_type(type_name) is is_own
    assert own_types(pl.DataFrame({"type_name": [type_name]})).height == is_own
