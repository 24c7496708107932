"""What the service answers from: one opened generation, with what its manifest says of it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from search.searcher import Searcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """An opened generation. `created` is in UTC; `cursor_key` signs cursors and never leaves the service."""

    searcher: Searcher
    generation: str
    created: dt.datetime
    articles: int
    cursor_key: bytes

    def close(self) -> None:
        """Close the searcher."""
        self.searcher.close()
