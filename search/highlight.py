"""Where a document shows what was asked: passages as plain values, never HTML.

`highlights` is computed from the document and the query alone, outside every engine, so it is the same for all of them,
right for stems, phrases and prefixes, and blind to no length of text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from search.query import leaves
from search.spans import FieldWords, find_spans

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.document import Document
    from search.query import Query, Words

PASSAGE: Final = 260
"""Characters a passage aims at."""

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


@dataclass(frozen=True, slots=True)
class _Mark:
    """Characters `start` to `end` match the question's leaf of that number."""

    start: int
    end: int
    leaf: int


def highlights(query: Query, document: Document) -> tuple[Highlight, ...]:
    """The title if it matches; the best passage of the body, or its beginning; the first caption that matches.

    `query` is in analysed form. Only what an article may match by is marked, nothing under a `Not`.
    """
    asked = leaves(query)
    title = _passage("title", document.title.value, asked, whole=True)
    body = _passage("body", document.body, asked)
    captions = (_passage("captions", caption, asked, whole=True) for caption in document.captions)
    caption = next((passage for passage in captions if _has_match(passage)), None)
    shown = [title if _has_match(title) else None, body if document.body else None, caption]
    return tuple(passage for passage in shown if passage is not None)


def _has_match(passage: Highlight) -> bool:
    return any(part.is_match for part in passage.parts)


def _passage(field: str, text: str, asked: Sequence[Words], *, whole: bool = False) -> Highlight:
    marks = _marks(text, [(number, leaf) for number, leaf in enumerate(asked) if leaf.field in {None, field}])
    start, end = (0, len(text)) if whole else _best_window(text, marks)
    return Highlight(field, _parts(text, start, end, marks), start)


def _marks(text: str, asked: Sequence[tuple[int, Words]]) -> list[_Mark]:
    words = FieldWords(text)
    return sorted(
        (
            _Mark(*words.characters(first, last), number)
            for number, leaf in asked
            for first, last in find_spans(leaf, words)
        ),
        key=lambda mark: (mark.start, mark.end),
    )


def _best_window(text: str, marks: Sequence[_Mark]) -> tuple[int, int]:
    """The window that shows the most different leaves, then the most marks; of equals, the first."""
    best, best_worth = 0, (0, 0)
    for index, mark in enumerate(marks):
        inside = []
        for other in marks[index:]:
            if other.start >= mark.start + PASSAGE - LEAD:
                break
            inside.append(other.leaf)
        worth = (len(set(inside)), len(inside))
        if worth > best_worth:
            best, best_worth = mark.start, worth
    start = _beginning_before(text, best) if marks else 0
    return start, _end_after(text, start + PASSAGE)


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
    for mark in marks:
        first, last = max(mark.start, at), min(mark.end, end)
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
