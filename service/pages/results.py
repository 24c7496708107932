"""A hit as a reader sees it: dateline, headline, passages, what it is about.

`result_of` makes a `Result` from a hit. `Stated` is a value as it is shown: in words, and, unless the text states it
literally or it was declared, with the reasons for believing it; that is what a dotted underline means, everywhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from index.analysis import slug
from index.document import Basis, Evidence
from search.highlight import Part
from service.explaining import sentences_of
from service.pages.addresses import article_address, find_web_address
from service.phrasing import in_words, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from index.document import Document, Found, Label
    from search.highlight import Highlight
    from search.searcher import Hit
    from search.thesaurus import Variant

LONGEST_TITLE: Final = 300
"""Characters of a headline that a list of results has room for. The article's own page has all of it."""
REASONS_SHOWN: Final = 4

_ENDS: Final = (".", "!", "?", "”", '"', "…")


@dataclass(frozen=True, slots=True)
class Stated:
    """A value in words. `reasons` is empty if there is nothing to doubt: it was declared, or the text says so."""

    text: str
    reasons: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of an article, and where its reasons are."""

    name: str
    is_stated: bool
    address: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage of the text: its parts, on one line."""

    parts: tuple[Part, ...]
    is_caption: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A hit, ready to be shown. `place` and `source` are None where nothing is known; an undated one has no `date`.

    `why` says why it is where it is, a sentence for each reason, if that was asked for.
    """

    id: str
    address: str
    place: Stated | None
    date: Stated | None
    source: Stated | None
    title: tuple[Part, ...]
    passages: tuple[Passage, ...]
    topics: tuple[Topic, ...]
    related: str
    cite: str
    original: str | None
    language: str | None
    why: tuple[str, ...] = ()


def result_of(hit: Hit, *, q: str, site: str = "", variants: tuple[Variant, ...] = ()) -> Result:
    """A hit of the question `q`, which asked for these other names too, ready to be shown, for a site."""
    document = hit.document
    return Result(
        id=document.id,
        address=article_address(document.id, q=q, site=site),
        place=place_stated(document),
        date=date_stated(document),
        source=label_stated(document.source) if document.source else None,
        title=_title(document, hit.highlights),
        passages=tuple(_passages(document, hit.highlights)),
        topics=tuple(_topic(document, topic, q, site) for topic in document.topics),
        related=article_address(document.id, q=q, site=site, part="related"),
        cite=article_address(document.id, q=q, site=site, part="cite"),
        original=find_web_address(document.url),
        language=document.language.value if document.language else None,
        why=sentences_of(hit.explanation, document, variants) if hit.explanation else (),
    )


def place_stated(document: Document) -> Stated | None:
    """Where an article is from or about, as its dateline says it. The text has the name, in some spelling."""
    place = place_of(document)
    return Stated(place) if place else None


def date_stated(document: Document) -> Stated | None:
    """When an article was published, as certain as that is known."""
    published = document.published
    if published is None:
        return None
    is_inferred = published.value.basis is Basis.INFERRED
    return Stated(in_words(published.value), published.evidence[:REASONS_SHOWN] if is_inferred else ())


def label_stated(found: Found[Label]) -> Stated:
    """A source or topic."""
    return Stated(found.value.name, () if is_stated(found, found.value.name) else found.evidence[:REASONS_SHOWN])


def is_stated(found: Found[Any], name: str) -> bool:
    """Whether a value was declared, or the words it rests on name it."""
    return any(reason.where is None or slug(name) in slug(reason.quote) for reason in found.evidence)


def _topic(document: Document, topic: Found[Label], q: str, site: str) -> Topic:
    label = topic.value
    address = article_address(document.id, q=q, site=site, part=f"why-topic-{label.id}")
    return Topic(label.name, is_stated(topic, label.name), address)


def _title(document: Document, highlights: Iterable[Highlight]) -> tuple[Part, ...]:
    marked = next((passage.parts for passage in highlights if passage.field == "title"), None)
    return _shortened(one_line(marked or (Part(document.title.value, is_match=False),)), LONGEST_TITLE)


def _passages(document: Document, highlights: Iterable[Highlight]) -> Iterable[Passage]:
    for passage in highlights:
        if passage.field == "body":
            parts = passage.parts if document.has_title or passage.offset else _after_lead(document, passage)
            if any(part.text.strip() for part in parts):
                starts_inside = passage.offset > 0 or parts is not passage.parts
                yield Passage(_with_ellipses(one_line(parts), starts_inside=starts_inside))
        elif passage.field == "captions":
            yield Passage(one_line(passage.parts), is_caption=True)


def _after_lead(document: Document, passage: Highlight) -> tuple[Part, ...]:
    """A passage without the beginning that already stands above it as the headline of an article that has none."""
    lead = document.title.value.rstrip("… ")
    if not document.body.startswith(lead):
        return passage.parts
    left, parts = len(lead), []
    for part in passage.parts:
        parts.append(Part(part.text[left:], part.is_match))
        left = max(0, left - len(part.text))
    while parts and not parts[0].text.strip():
        parts.pop(0)
    return tuple(Part(part.text.lstrip() if at == 0 else part.text, part.is_match) for at, part in enumerate(parts))


def one_line(parts: Iterable[Part]) -> tuple[Part, ...]:
    """The same parts with a pilcrow for each break between paragraphs, and a blank for each between lines."""
    return tuple(Part(_flat(part.text), part.is_match) for part in parts)


def _flat(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", re.sub(r"[^\S\n]*\n\s*\n\s*", " ¶ ", text))


def _with_ellipses(parts: tuple[Part, ...], *, starts_inside: bool) -> tuple[Part, ...]:
    before = (Part("…", is_match=False),) if starts_inside else ()
    is_whole = parts[-1].text.rstrip().endswith(_ENDS)
    return (*before, *parts) if is_whole else (*before, *parts, Part("…", is_match=False))


def shortened(text: str, most: int = LONGEST_TITLE) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= most else f"{text[:most]}…"


def _shortened(parts: tuple[Part, ...], most: int) -> tuple[Part, ...]:
    kept, left = [], most
    for part in parts:
        kept.append(Part(part.text[:left], part.is_match))
        left -= len(part.text)
        if left < 0:
            return (*kept, Part("…", is_match=False))
    return tuple(kept)
