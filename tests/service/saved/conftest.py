"""Saved searches for tests: made as the command makes them, kept in a folder, answered from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.gazetteer import load_gazetteer
from search.thesaurus import Lexicon
from service.saved.file import KeptSearches, changing_searches
from service.saved.searches import SavedSearch, search_from_arguments
from tests.service.conftest import Api

if TYPE_CHECKING:
    from collections.abc import Callable

    from search.reloading import Reloading
    from service.archive import Archive

NOW = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


def saved(search_id: str = "rice", name: str = "Rice", **arguments: tuple[str, ...] | str) -> SavedSearch:
    """A search as it is kept."""
    texts = {key: value if isinstance(value, tuple) else (value,) for key, value in arguments.items()}
    search, _ = search_from_arguments(
        texts, search_id=search_id, name=name, now=NOW, lexicon=Lexicon.of(load_gazetteer())
    )
    return search


def keep(data: Path, *searches: SavedSearch) -> None:
    """Keep these searches and no others."""
    with changing_searches(data) as change:
        change.searches = searches


@dataclass(frozen=True, slots=True)
class Kept:
    """An API, and the folder its saved searches are in."""

    api: Api
    data: Path

    def keep(self, *searches: SavedSearch) -> None:
        """Keep these searches and no others."""
        keep(self.data, *searches)


@pytest.fixture
def kept(archives: Reloading[Archive], api_of: Callable[..., Api], tmp_path: Path) -> Kept:
    """The published archive, with no search saved yet."""
    return Kept(api_of(archives, searches=KeptSearches(tmp_path, look_every_s=0)), tmp_path)
