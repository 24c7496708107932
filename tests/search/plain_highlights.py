"""The slow twin of `search.highlight`: the same passages, word by word, with nothing skipped, reused or clever."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, assert_never

from index.analysis import tokens
from search.highlight import LEAD, PASSAGE, Highlight, Part, _beginning_before, _end_after
from search.query import Near, Phrase, Prefix, Term, leaves

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from index.document import Document
    from search.query import Query, Words

Mark = tuple[int, int, int]
"""Characters `start` to `end` match the leaf of that number."""


def plain_highlights(query: Query, document: Document) -> tuple[Highlight, ...]:
    """The title if it matches; the best passage of the body, or its beginning; the first caption that matches."""
    asked = leaves(query)
    title = passage("title", document.title.value, asked, whole=True)
    body = passage("body", document.body, asked)
    captions = [passage("captions", caption, asked, whole=True) for caption in document.captions]
    shown = [title] if has_match(title) else []
    shown += [body] if document.body else []
    return (*shown, *[caption for caption in captions if has_match(caption)][:1])


def has_match(shown: Highlight) -> bool:
    """Whether any part of it matches."""
    return any(part.is_match for part in shown.parts)


def passage(field: str, text: str, asked: Sequence[Words], *, whole: bool = False) -> Highlight:
    """All of a text, or its best window."""
    marks = sorted(
        (start, end, number)
        for number, leaf in enumerate(asked)
        if leaf.field in {None, field}
        for start, end in places(leaf, text)
    )
    start, end = (0, len(text)) if whole else best_window(text, marks)
    return Highlight(field, parts(text, start, end, marks), start)


def places(leaf: Words, text: str) -> Iterator[tuple[int, int]]:
    """The characters at which a leaf matches."""
    found = list(tokens(text))
    for first, last in spans(leaf, [token.term for token in found]):
        yield found[first].start, found[last].end


def spans(leaf: Words, terms: Sequence[str]) -> Sequence[tuple[int, int]]:
    """The positions at which a leaf matches."""
    match leaf:
        case Term(text):
            return [(at, at) for at, term in enumerate(terms) if term == text]
        case Prefix(text):
            return [(at, at) for at, term in enumerate(terms) if term.startswith(text)]
        case Phrase(words):
            width = len(words)
            starts = range(len(terms) - width + 1)
            return [(at, at + width - 1) for at in starts if tuple(terms[at : at + width]) == words]
        case Near(words, distance):
            return near_spans([[at for at, term in enumerate(terms) if term == word] for word in words], distance)
        case _:
            assert_never(leaf)


def near_spans(positions: Sequence[Sequence[int]], distance: int) -> list[tuple[int, int]]:
    """The smallest windows that hold one position of each list, none twice, with at most `distance` others within.

    Every occurrence is tried as the window's first word; each word then takes its nearest free occurrence behind it.
    Words that repeat share one list of positions, and as they take from it in turn, none is taken twice.
    """
    width = len(positions) + distance
    found = []
    for first in sorted({at for each in positions for at in each}):
        taken: list[int] = []
        for each in positions:
            free = [at for at in each if at >= first and at not in taken]
            if not free:
                break
            taken.append(free[0])
        else:
            if max(taken) - min(taken) + 1 <= width:
                found.append((first, max(taken)))
    return [span for span, following in pairwise([*found, (-1, -1)]) if span[1] != following[1]]


def best_window(text: str, marks: Sequence[Mark]) -> tuple[int, int]:
    """The window that shows the most different leaves, then the most marks; of equals, the first."""
    best, best_worth = 0, (0, 0)
    for index, (start, _, _) in enumerate(marks):
        inside = [leaf for at, _, leaf in marks[index:] if at < start + PASSAGE - LEAD]
        worth = (len(set(inside)), len(inside))
        if worth > best_worth:
            best, best_worth = start, worth
    start = _beginning_before(text, best) if marks else 0
    return start, _end_after(text, start + PASSAGE)


def parts(text: str, start: int, end: int, marks: Sequence[Mark]) -> tuple[Part, ...]:
    """`text[start:end]` cut where a run of characters that some mark covers begins or ends."""
    covered = {at for first, last, _ in marks for at in range(first, last)}
    cuts = [at for at in range(start + 1, end) if (at in covered) != (at - 1 in covered)]
    bounds = [start, *cuts, end] if end > start else []
    return tuple(Part(text[a:b], a in covered) for a, b in pairwise(bounds))
