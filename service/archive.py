"""What the service answers from: one opened generation, with what its manifest says of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from search.searcher import Searcher
from service.answer_cache import AnswerCache


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An opened generation. `created` is in UTC; `cursor_key` signs cursors and never leaves the service.

    `identity` names the archive itself and is the same in all its generations: ids in feeds are made from it.
    `answers` keeps answers from this generation, to be given again.
    """

    searcher: Searcher
    generation: str
    identity: str
    created: dt.datetime
    articles: int
    cursor_key: bytes
    answers: AnswerCache = field(default_factory=AnswerCache)

    def close(self) -> None:
        """Close the searcher."""
        self.searcher.close()
