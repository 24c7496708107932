"""A synthetic record as the article it would have been made from: what the store and the service need.

`article_from_record` gives the raw document and the document. Everything the record says is declared, so nothing has to
be found in words that mean nothing; the document's record is the one it came from.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from benchmarks.synthetic import path_of
from index.document import Block, BlockKind, Declared, Document, Evidence, Found, Label, RawDocument, Region
from index.extract.declared import (
    authors_from_declared,
    declared,
    language_from_declared,
    published_from_declared,
    topics_from_declared,
)
from index.fields import region_from_value

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.fields import Record

_GAP: Final = "\n\n"


def article_from_record(record: Record) -> tuple[RawDocument, Document]:
    """The article: title, body and caption one after the other, all else declared. A synthetic record has them all."""
    parts = ((BlockKind.TITLE, record.title), (BlockKind.BODY, record.body), (BlockKind.CAPTION, record.captions))
    written = [(kind, words) for kind, words in parts if words]
    name = f"article-{record.serial}"
    text = _GAP.join(words for _, words in written)
    [language], [source] = record.language, record.source
    day = dt.date.fromordinal(record.date[0]).isoformat() if record.date else None
    facts = Declared(title=record.title, date=day, source=source, topics=record.topic, language=language)
    document = Document(
        id=name,
        url=None,
        text=text,
        blocks=tuple(_blocks(written)),
        title=Found(record.title, declared(record.title)),
        published=published_from_declared(day) if day else None,
        regions=tuple(_regions(record)),
        source=Found(Label(source, source.replace("-", " ").title()), declared(source)),
        topics=topics_from_declared(record.topic),
        authors=authors_from_declared((record.authors,)),
        language=language_from_declared(language),
    )
    return RawDocument(name, None, name, text, "text/plain", facts), document


def _blocks(written: list[tuple[BlockKind, str]]) -> Iterator[Block]:
    start = 0
    for kind, words in written:
        yield Block(kind, start, start + len(words))
        start += len(words) + len(_GAP)


def _regions(record: Record) -> Iterator[Found[Region]]:
    """The record's places but for those it has only because another lies in them."""
    found = [region_from_value(value) for value in record.region]
    implied = {(wider, role) for place, role in found for wider in path_of(place)[:-1]}
    for place, role in found:
        if (place, role) not in implied:
            path = tuple(Label(part, part.rpartition("-")[2].capitalize()) for part in path_of(place))
            yield Found(Region(path, role), (Evidence("declared", None, place),))
