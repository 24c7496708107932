"""Lines as they were meant, where the width of a page has cut them: `flowing` joins what stood on one line.

Agencies and old mailboxes wrap what they send at some 65 columns. On a narrower page each such line is cut once more, a
word before its end. What is joined is what is shown, not what is kept: it is as long as the text, so all offsets hold.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAST_WIDTH: Final = 40
MOST_WIDTH: Final = 100
"""In columns. Lines that are shorter are verse or the rows of a list, and longer ones whole paragraphs."""

LEAST_ENDS: Final = 3
LEAST_SHARE: Final = 0.8
"""Of the ends of long lines: where fewer of them leave no room for the next word, those do so by chance."""

SHORT: Final = 0.75
"""Of the width: a line that ends before it was not cut. The last of a paragraph may, a row among others does not."""

_ITEM = re.compile(r"\s*(?:[-–—*•·▪○●■□▶※] |\(?\d{1,3}[.)] |\(?[a-z]\) )")
_CELLS = re.compile(r"[^\s.?!:\"”’')]\s\s|\S\t|\|")  # two blanks behind a sentence are a typist's
_HYPHENATED = re.compile(r"\w-$")
_WITHOUT_BLANKS = re.compile("[\u2e80-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uff60]")


def flowing(text: str) -> str:
    """The text with a blank for each line end that is due to a width, and a blank line above what then is a paragraph.

    The text as it is where its lines do not tell of one width. A line that is indented begins a paragraph.
    """
    lines = text.split("\n")
    joined = _due_to_width([line.rstrip() for line in lines])
    shown = []
    for at, line in enumerate(lines):
        is_apart = line[:1].isspace() and (at in joined or at - 2 in joined)
        shown += ["\n" + line[1:] if is_apart else line, " " if at in joined else "\n"]
    return "".join(shown[:-1])


def _due_to_width(lines: Sequence[str]) -> set[int]:
    """The line ends that are due to a width, by the numbers of their lines; none if too many leave room for a word."""
    ends = {at for at, (line, following) in enumerate(pairwise(lines)) if _may_go_on(line, following)}
    widths = {at: _width(lines[at]) for end in ends for at in (end, end + 1)}
    width = max(widths.values(), default=0)
    full = {at for at in ends if widths[at] + 1 + _width(lines[at + 1].split()[0]) > width}
    long = {at for at in ends if widths[at] >= SHORT * width}
    if not LEAST_WIDTH <= width <= MOST_WIDTH or len(full) < max(LEAST_ENDS, LEAST_SHARE * len(long)):
        return set()
    lasts = {at + 1 for at in long} - ends
    if all(widths[at] >= SHORT * width for at in lasts):
        return set()
    # A line may have been shortened since: "The package of proposed farm policy", its dateline gone.
    return long | {at for at in ends if at + 1 in long and lines[at + 1][0].islower()}


def _may_go_on(line: str, following: str) -> bool:
    """Whether a line's sentence may go on in the next, which is neither indented nor an item nor a row of cells."""
    if not line or not following or following[0].isspace() or _HYPHENATED.search(line):
        return False
    if _WITHOUT_BLANKS.match(line[-1]) or _WITHOUT_BLANKS.match(following[0]):
        return False
    return not any(_ITEM.match(each) or _CELLS.search(each.lstrip()) for each in (line, following))


def _width(words: str) -> int:
    """In columns: a syllable of hangul takes two."""
    return len(words) if words.isascii() else sum(1 + (unicodedata.east_asian_width(sign) in "WF") for sign in words)
