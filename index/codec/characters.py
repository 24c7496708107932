"""What each character of Unicode does in a word, begin it, continue it or join two: asked of the analyser.

`character_classes` has `index.analysis` find the words of lines in which each character stands alone, behind a letter
and between letters. So the compiled tokenizer knows the analyser's regular expression, and any later one of its shape.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Final

import numpy as np

from index.analysis import word_offsets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from index.compiled import U8, U32

STARTS: Final = 1
"""Class of a character that can begin a word."""
CONTINUES: Final = 2
"""Class of a character that continues one."""
JOINS: Final = 4
"""Class of an apostrophe: between a word and a character that can begin one, it joins them."""
CAPITAL: Final = 8
"""Class of an ASCII capital."""

STEP: Final = 0x4000
"""Code points to ask for together: it takes some milliseconds."""


@functools.cache
def character_classes(start: int, end: int) -> U8:
    """The classes of the code points start..end, as bits, found out by what the analyser makes of each.

    Alone in a line, a character is a word if it can begin one. With a letter before it, it is one if it continues
    words. With letters on both sides, but not without the second, it is one if it is an apostrophe.
    """
    codes = np.arange(start, end, dtype="<u4")
    starts, continues, joins = (
        _all_one_word(codes, "", ""),
        _all_one_word(codes, "a", ""),
        _all_one_word(codes, "a", "a"),
    )
    capitals = (codes >= ord("A")) & (codes <= ord("Z"))
    classes = starts * STARTS | continues * CONTINUES | (joins & ~continues) * JOINS | capitals * CAPITAL
    return classes.astype(np.uint8)


def _all_one_word(codes: U32, before: str, after: str) -> NDArray[np.bool_]:
    """For each character, whether it is one word together with these characters before and after it."""
    line = [*before.encode(), 0, *after.encode(), ord("\n")]
    lines = np.tile(np.array(line, "<u4"), (len(codes), 1))
    lines[:, len(before)] = codes
    words = np.array(word_offsets(lines.tobytes().decode("utf-32-le", "surrogatepass")), np.int64).reshape(-1, 2)
    whole = words[words[:, 1] - words[:, 0] == len(line) - 1, 0]
    found = np.zeros(len(codes), np.bool_)
    found[whole // len(line)] = True
    return found
