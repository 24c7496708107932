"""The service of a data folder, made in this process as a web worker makes it."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from falcon import testing

from index.gazetteer import load_gazetteer
from search.thesaurus import Lexicon
from service.app import create_app
from service.caching import CachePolicy
from service.serving import Serving
from service.settings import Settings
from service.wiring import archives_of, hold_of

if TYPE_CHECKING:
    from index.layout import DataFolder
    from search.reloading import Reloading
    from service.archive import Archive


class Silence:
    """A log that nobody reads."""

    def info(self, event: str, **values: object) -> None:
        """Keep nothing."""

    def error(self, event: str, **values: object) -> None:
        """Likewise."""


@functools.cache
def lexicon() -> Lexicon:
    """The places and other words there are, read once for all that is served here."""
    return Lexicon.of(load_gazetteer())


def serve(data: DataFolder) -> tuple[Reloading[Archive], testing.TestClient]:
    """What follows a data folder, to be closed, and a client to ask; before each answer it is looked what is new."""
    archives = archives_of(Settings(data=data.path, reload_check_ms=0), Silence())
    serving = Serving(
        archives=archives,
        lexicon=lexicon(),
        cache=CachePolicy(0, 0),
        max_body_bytes=4096,
        held=lambda: hold_of(data),
    )
    return archives, testing.TestClient(create_app(serving, Silence()))
