"""Texts of a column as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

# In place of a text's number, where there is none.
NO_NAME: Final = -1


class Texts:
    """Numbers texts in the order in which they come."""

    def __init__(self) -> None:
        self._number: dict[str, int] = {}

    @property
    def known(self) -> list[str]:
        """The texts, by their numbers."""
        return list(self._number)

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._number)

    def codes(self, column: Any) -> NDArray[np.int32]:
        """Give the number of each text of a part of a column; NO_NAME where there is none."""
        encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
        numbers = [
            NO_NAME if text is None else self._number.setdefault(text, len(self._number))
            for text in encoded.dictionary.to_pylist()
        ]
        indices = encoded.indices.fill_null(len(numbers)).to_numpy()
        codes: NDArray[np.int32] = np.array([*numbers, NO_NAME], dtype=np.int32)[indices]
        return codes
