"""Saved searches as the settings of a service ask for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.saved.file import KeptSearches

if TYPE_CHECKING:
    from service.middleware import Log
    from service.saved.file import SearchesError
    from service.settings import Settings


def searches_from_settings(settings: Settings, log: Log) -> KeptSearches:
    """The saved searches of the data folder; that they cannot be read is logged, once."""

    def report(error: SearchesError) -> None:
        log.error("the file of saved searches cannot be used", reason=str(error))

    return KeptSearches(settings.data, report=report)
