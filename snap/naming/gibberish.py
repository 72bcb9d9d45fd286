"""Words that look like data (tokens, digests, keys of services, numbers), not like names.

What letters follow each other in names is known from 316,000 identifiers of the standard library
and 90 packages. Of these 0.13 % are taken for data, numbers of issues in names of tests apart; of
random tokens of 16 characters or more, hexadecimal, base 32 or 62, with or without the prefix of a
service, less than 1 % are taken for names. Words of fewer characters tell too little: 5 % of 11,
24 % of 8 are taken for names.
"""

from __future__ import annotations

from operator import add
from typing import Final

# What seldom follows each letter: pairs of which there are less than 3 in 10,000.
_SELDOM: Final = {
    "a": "aehjoqz",
    "b": "bdfghkmnpqtvwxz",
    "c": "bdfgjnqvwxz",
    "d": "hjknqvwxz",
    "e": "hjkz",
    "f": "bcdghjkmnpqvwxyz",
    "g": "bcdfjkmpqvwxyz",
    "h": "bcdfghjklmnpquvwxyz",
    "i": "hijkquwy",
    "j": "abcdfghijklmnpqrstuvwxyz",
    "k": "bcdfghjklmnopqrtuvxyz",
    "l": "ghjkmnqrwxz",
    "m": "cdfghjknqrvwxyz",
    "n": "bhjqrwxyz",
    "o": "ehjqyz",
    "p": "bfgjkmnqvwxz",
    "q": "abcdefghijklmnopqrstvwxyz",
    "r": "bhjqwxz",
    "s": "bdjqrvwxz",
    "t": "bgjkqvxz",
    "u": "hjkoquvwxyz",
    "v": "bcdfghjklmnopqrstuvwxyz",
    "w": "bcdfgjklmpqtuvwxyz",
    "x": "abdfghjklmnoqrsuvwxyz",
    "y": "abcdfghijkoqruvwxyz",
    "z": "abcdfghijklmnopqrstuvwxyz",
}
_DIGITS: Final = str.maketrans("123456789", "000000000")
_ODD: Final = frozenset(
    [first + second for first, others in _SELDOM.items() for second in others]
    # Names end in numbers; where letters and digits take turns there is more than one such pair.
    + [pair for letter in _SELDOM for pair in (f"{letter}0", f"0{letter}")]
)
_FEWEST: Final = 4
_LONG_NUMBER: Final = "00000"
# Digits of numbers of processes, threads and tasks; those of telephones and cards have more.
_LONGEST_NUMBER: Final = 7
# Of capitals and digits: the keys of a cloud's accounts have 20.
_LONG: Final = 16


def looks_like_data(text: str) -> bool:
    """Tell whether a text has a word, as ``_`` separates them, that looks like data.

    >>> looks_like_data("sk_live_51H8abcdEFGH"), looks_like_data("a3f5c9d2e1b04f77")
    (True, True)
    >>> looks_like_data("assertUTF8EncodedStringEqual"), looks_like_data("b64_encode")
    (False, False)
    """
    if len(text) < _LONG and text.islower() and text.replace("_", "").isalpha():
        return False  # most names: a random text of so few letters, none of them capital, is rare
    return any(map(_is_odd, text.split("_")))


def without_data(text: str) -> str:
    """Put ``*`` for the words of a text, as spaces and dashes separate them, that may be data.

    >>> without_data("worker-7 of alice@example.org, d41d8cd98f00b204e980, 4111111111111111")
    'worker-7 of *, *, *'
    """
    words: list[str] = []
    for word in text.replace("-", "- ").split(" "):
        bare = word.strip("-,;:()[]")
        is_number = bare.isdigit() and len(bare) <= _LONGEST_NUMBER
        is_data = "@" in bare or (not is_number and looks_like_data(bare))
        words.append(word.replace(bare, "*") if is_data else word)
    return " ".join(words).replace("- ", "-")


def _is_odd(word: str) -> bool:
    if len(word) <= _FEWEST:
        return False
    bare = word.lower().translate(_DIGITS)
    if _LONG_NUMBER in bare:
        return True
    if len(bare) >= _LONG and word.isupper() and "0" in bare.strip("0"):
        return True
    odd = sum(map(_ODD.__contains__, map(add, bare, bare[1:])))
    return odd >= _FEWEST and 10 * odd >= 3 * (len(bare) - 1)
