"""What the service answers from: one opened generation, with what its manifest says of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from search.searcher import Searcher
from service.access.extents import WHOLE, Extent, Extents
from service.answer_cache import AnswerCache
from service.marks import mark_from_serial

if TYPE_CHECKING:
    from index.gazetteer import Gazetteer


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An opened generation. `created` is in UTC; `cursor_key` signs cursors and never leaves the service.

    `identity` names the archive itself and is the same in all its generations: ids in feeds and marks are made from it,
    and it never leaves the service. `change`
    is the number of the last change of the archive that it shows.
    `answers` keeps answers from this generation, to be given again.

    `extent` is what of the generation there is for whoever was handed this: `within` cuts an archive down.
    """

    searcher: Searcher
    generation: str
    identity: str
    change: int
    created: dt.datetime
    articles: int
    cursor_key: bytes
    answers: AnswerCache = field(default_factory=AnswerCache)
    extent: Extent = WHOLE
    extents: Extents = field(default_factory=Extents)

    @property
    def edition(self) -> str:
        """What answers follow from of the archive: the generation, and what of it is there (see `Serving.etag`)."""
        return self.generation if self.extent == WHOLE else f"{self.generation} {self.extent}"

    @property
    def mark(self) -> str:
        """How far the archive had come: see `service.marks`. The same for whoever sees a part of it."""
        return mark_from_serial(self.searcher.last_serial, identity=self.identity)

    def within(self, extent: Extent, gazetteer: Gazetteer) -> Archive:
        """This archive cut down to an extent, closed with it. Raises `ValueError` for a filter that is none."""
        return self if extent == WHOLE else self.extents.of(self, extent, gazetteer)

    def close(self) -> None:
        """Close the searcher."""
        self.searcher.close()
