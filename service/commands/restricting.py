"""What the commands of keys and sites share: the option `--filter`, errors as messages, tables."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from index.gazetteer import load_gazetteer
from search.rewrite import understand
from service.access.filters import MOST_FILTERS, read_filter
from service.access.register import AccessError
from service.commands.frame import NotDone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


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


def checked_filters(texts: tuple[str, ...]) -> tuple[str, ...]:
    """The filters, none of which is wrong; what is odd about one is printed. Raises `ValueError`."""
    if len(texts) > MOST_FILTERS:
        raise ValueError(f"{len(texts)} filters are more than {MOST_FILTERS}, which is the most")
    gazetteer = load_gazetteer()
    for text in texts:
        read_filter(text)
        for notice in understand(text, gazetteer=gazetteer).warnings:
            click.echo(f"Note: {notice.detail}", err=True)
    return texts


def print_table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    """Print rows in columns under their titles; nothing if there are none."""
    lines = [titles, *rows] if rows else []
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
