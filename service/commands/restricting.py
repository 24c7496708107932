"""What the commands of keys and sites share: the option `--filter`, errors as messages, tables.

`find_unknown_values` and `print_table` are also for the commands of saved searches.
"""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from index.errors import IndexingError
from index.gazetteer import load_gazetteer
from search.engine import SearchRequest
from search.errors import SearchError
from search.rewrite import understand
from service.access.filters import MOST_FILTERS, query_from_filters, read_filter
from service.access.register import AccessError
from service.asking import unknown_values
from service.commands.frame import NotDone
from service.settings import SettingsError, settings_from_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from search.syntax import Notice
    from service.archive import Archive


@contextmanager
def errors_as_messages() -> Iterator[None]:
    """Make what is wrong with what was typed, or with the file of keys and sites, a message."""
    try:
        yield
    except (AccessError, ValueError) as error:
        raise NotDone(str(error)) from error


def filter_option(command: Callable[..., None]) -> Callable[..., None]:
    """`--filter`, for a command whose parameter is `filters`."""
    meaning = "Only these articles, as in source:daily-nk or -topic:markets. All must hold if repeated."
    return click.option("--filter", "filters", multiple=True, metavar="FILTER", help=meaning)(command)


def checked_filters(texts: tuple[str, ...], data: Path | None = None) -> tuple[str, ...]:
    """The filters, none of which is wrong; what is odd about one is printed. Raises `ValueError`.

    Odd is, too, what no article of the archive in `data` has.
    """
    if len(texts) > MOST_FILTERS:
        raise ValueError(f"{len(texts)} filters are more than {MOST_FILTERS}, which is the most")
    gazetteer = load_gazetteer()
    notices: list[Notice] = []
    for text in texts:
        read_filter(text)
        notices += understand(text, gazetteer=gazetteer).warnings
    if texts and data:
        query = query_from_filters(texts, gazetteer)
        notices += find_unknown_values(lambda archive: SearchRequest(query=archive.searcher.by_ids(query)), data) or ()
    for notice in notices:
        click.echo(f"Note: {notice.detail}", err=True)
    return texts


def find_unknown_values(asked: Callable[[Archive], SearchRequest], data: Path) -> tuple[Notice, ...] | None:
    """A notice for each value that is asked for and no article of an archive has; None where no index can tell."""
    from service.wiring import archive_from_settings  # noqa: PLC0415 - an engine takes long, and only this asks one

    try:
        settings = replace(settings_from_environment(os.environ), data=data)
        with closing(archive_from_settings(settings)) as archive:
            return tuple(unknown_values(asked(archive), archive.searcher))
    except (IndexingError, SearchError, SettingsError):  # no reason not to keep what asks for them
        return None


def print_table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows in columns under their titles; nothing if there are none."""
    lines = [titles, *rows] if rows else []
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
