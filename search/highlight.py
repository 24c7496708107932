"""Where a document shows what was asked: passages as plain values, never HTML.

`highlights` is computed from the document and the query alone, outside every engine, so it is the same for all of them,
and right for stems, phrases and prefixes. Of a very long text only the first `LOOKED_AT` characters are looked at, so
that no article, however long, makes a page of hits wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from search.query import leaves
from search.spans import FieldWords, find_places

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.document import Document
    from search.query import Query, Words

PASSAGE: Final = 260
"""Characters a passage aims at."""

LOOKED_AT: Final = 300_000
"""Characters of a field that are searched for matches: fifty thousand words, or the longest of reports."""

LOOKED_AT_TOGETHER: Final = 2_000_000
"""Characters that are searched for one page of hits, each having its equal share."""

LEAD: Final = 60
"""Characters that may stand before a passage's first match, to begin with a sentence or at least a word."""


@dataclass(frozen=True, slots=True)
class Part:
    """A run of characters that matches the question, or does not."""

    text: str
    is_match: bool


@dataclass(frozen=True, slots=True)
class Highlight:
    """A passage of one field. `offset` is where it begins in the field's text; its parts joined are the passage."""

    field: str
    parts: tuple[Part, ...]
    offset: int


_Mark: TypeAlias = tuple[int, int, int]
"""Characters `start` to `end` of a field match the question's leaf of that number."""


def highlights(query: Query, document: Document, *, looked_at: int = LOOKED_AT) -> tuple[Highlight, ...]:
    """The title if it matches; the best passage of the body, or its beginning; the first caption that matches.

    `query` is in analysed form. Only what an article may match by is marked, nothing under a `Not`, and nothing behind
    the first `looked_at` characters of a field.
    """
    asked = leaves(query)
    body = document.body
    shown = [
        _whole("title", document.title.value, asked, looked_at),
        _best_passage("body", body, asked, looked_at) if body else None,
        next(filter(None, (_whole("captions", caption, asked, looked_at) for caption in document.captions)), None),
    ]
    return tuple(passage for passage in shown if passage is not None)


def _whole(field: str, text: str, asked: Sequence[Words], looked_at: int) -> Highlight | None:
    """All of a text, if it matches."""
    marks = _marks(field, text[:looked_at], asked)
    return Highlight(field, _parts(text, 0, len(text), marks), 0) if marks else None


def _best_passage(field: str, text: str, asked: Sequence[Words], looked_at: int) -> Highlight:
    marks = _marks(field, text[:looked_at], asked)
    start = _beginning_before(text, _best_start(marks)) if marks else 0
    return Highlight(field, _parts(text, start, _end_after(text, start + PASSAGE), marks), start)


def _marks(field: str, text: str, asked: Sequence[Words]) -> list[_Mark]:
    """What matches in a field, in order. A text that nothing is asked of is not even analysed."""
    leaves_here = [(number, leaf) for number, leaf in enumerate(asked) if leaf.field is None or leaf.field == field]
    if not leaves_here or not text:
        return []
    words = FieldWords(text)
    return sorted((start, end, number) for number, leaf in leaves_here for start, end in find_places(leaf, words))


def _best_start(marks: Sequence[_Mark]) -> int:
    """Where the window begins that shows the most different leaves, then the most marks; of equals, the first."""
    inside: dict[int, int] = {}
    best, best_worth, after = 0, (0, 0), 0
    for index, (start, _, leaf) in enumerate(marks):
        while after < len(marks) and marks[after][0] < start + PASSAGE - LEAD:
            inside[marks[after][2]] = inside.get(marks[after][2], 0) + 1
            after += 1
        worth = (len(inside), after - index)
        if worth > best_worth:
            best, best_worth = start, worth
        inside[leaf] -= 1
        if not inside[leaf]:
            del inside[leaf]
    return best


def _beginning_before(text: str, at: int) -> int:
    """The start of the sentence around `at` if it is near, else of a word, at most `LEAD` characters back."""
    earliest = max(0, at - LEAD)
    if earliest == 0:
        return 0
    before = text[earliest:at]
    sentence = max(before.rfind(stop) + len(stop) for stop in (". ", "? ", "! ", "\n", "” ", '" '))
    if sentence > 1:
        return earliest + sentence
    return earliest + before.find(" ") + 1 if " " in before else earliest


def _end_after(text: str, at: int) -> int:
    """`at`, moved back to the end of a word, or the end of the text if that is near."""
    if at + LEAD // 2 >= len(text):
        return len(text)
    space = text.rfind(" ", at - LEAD, at)
    return space if space > 0 else at


def _parts(text: str, start: int, end: int, marks: Sequence[_Mark]) -> tuple[Part, ...]:
    """`text[start:end]` as parts that alternate; overlapping marks are one."""
    parts = []
    at = start
    for mark_start, mark_end, _ in marks:
        first, last = max(mark_start, at), min(mark_end, end)
        if first >= last:
            continue
        if first > at:
            parts.append(Part(text[at:first], is_match=False))
        if parts and parts[-1].is_match:
            parts[-1] = Part(parts[-1].text + text[first:last], is_match=True)
        else:
            parts.append(Part(text[first:last], is_match=True))
        at = last
    if at < end:
        parts.append(Part(text[at:end], is_match=False))
    return tuple(parts)
