"""Regular expressions, warnings and tracebacks."""

import re
import traceback
import warnings


def warm():
    re.search("a+", "banana")


def grow():
    for number in range(300):
        re.search(f"a{{{number + 1}}}b*", "banana")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(50):
            warnings.warn(f"number {number}")
    try:
        raise ValueError("x")
    except ValueError:
        traceback.format_exc()
