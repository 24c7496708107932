"""Short reports for one test, and a searcher over them: the reference engine, and documents that are just kept."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, cast

from index.document import (
    Basis,
    Block,
    BlockKind,
    Document,
    Evidence,
    Found,
    Label,
    Precision,
    PublishedOn,
    Region,
    Role,
    Span,
)
from index.fields import record_from_document
from search.searcher import Searcher
from tests.reference_engine import ReferenceEngine

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from index.generation.snapshot import Snapshot
    from index.labels import LabelPath

NORTH_KOREA = Label("kp", "North Korea")
SINUIJU = (NORTH_KOREA, Label("kp-north-pyongan", "North Pyongan"), Label("kp-sinuiju", "Sinuiju"))
HYESAN = (NORTH_KOREA, Label("kp-ryanggang", "Ryanggang"), Label("kp-hyesan", "Hyesan"))
SMUGGLING = Label("smuggling", "Smuggling")
DAILY_NK = Label("daily-nk", "Daily NK")
DAY = dt.date(2020, 3, 27)


def found(value: Any) -> Found[Any]:
    """A value with evidence that is not in the text."""
    return Found(value, (Evidence("test", None, ""),))


def report(  # noqa: PLR0913 - what tests vary of an article, by name
    article_id: str,
    body: str,
    *,
    title: str = "A report",
    day: dt.date | None = DAY,
    places: Sequence[tuple[Label, ...]] = (),
    role: Role = Role.EVENT,
    topics: Sequence[Label] = (),
    source: Label | None = DAILY_NK,
    language: str | None = "en",
) -> Document:
    """An article with these words."""
    text = f"{title}\n\n{body}"
    return Document(
        id=article_id,
        url=None,
        text=text,
        blocks=(Block(BlockKind.TITLE, 0, len(title)), Block(BlockKind.BODY, len(title) + 2, len(text))),
        title=Found(title, (Evidence("headline", Span(0, len(title)), title),)),
        published=found(PublishedOn(day, day, Precision.DAY, Basis.DECLARED)) if day else None,
        regions=tuple(found(Region(path, role)) for path in places),
        topics=tuple(map(found, topics)),
        source=found(source) if source else None,
        language=found(language) if language else None,
    )


class Kept:
    """Documents by serial, as `Snapshot` has them."""

    def __init__(self, documents: Mapping[int, Document]) -> None:
        self._documents = documents
        self.read: list[int] = []

    def documents(self, serials: Sequence[int]) -> tuple[Document, ...]:
        """These documents."""
        self.read += serials
        return tuple(self._documents[serial] for serial in serials)

    def find(self, article_id: str) -> Document | None:
        """The document of that id."""
        return next((each for each in self._documents.values() if each.id == article_id), None)

    def labels(self, _field: str) -> Mapping[str, LabelPath]:
        """None are named."""
        return {}

    def close(self) -> None:
        """There is nothing to close."""


def searcher_of(documents: Sequence[Document]) -> Searcher:
    """A searcher over these articles, whose serials count from 1."""
    by_serial = dict(enumerate(documents, start=1))
    engine = ReferenceEngine((record_from_document(*pair) for pair in by_serial.items()), "1")
    return Searcher(engine, cast("Snapshot", Kept(by_serial)))
