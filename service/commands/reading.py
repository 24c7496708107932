"""Commands that ask the archive: search, show."""

from __future__ import annotations

import os
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from index.layout import DataFolder
from service import answers, terminal, wire
from service.asking import ask, corrected, matched_variants, unknown_values
from service.commands.frame import NotDone, data_option, naming_options
from service.params import SEARCH, Arguments
from service.settings import settings_from_environment
from service.wiring import archive_from_settings, lexicon_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _filter_options(command: Callable[..., None]) -> Callable[..., None]:
    for name, meaning in (
        ("topic", "On this topic."),
        ("source", "From this publisher."),
        ("region", "About this place or one in it, by any of its names."),
    ):
        command = click.option(f"--{name}", multiple=True, help=f"{meaning} May be repeated.")(command)
    return command


class _Asking(click.Command):
    """A command whose words may begin with a hyphen, in the query language, but not before options end."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As any command; where a word was taken for options of a letter each, say how to type it."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.option_name.startswith("--"):
                raise
            remedy = "To leave out a word, put -- before all words: dateline search -- rice -market"
            raise click.UsageError(f"{error.format_message()} {remedy}", ctx) from error


@click.command("search", cls=_Asking)
@click.argument("words", nargs=-1)
@_filter_options
@click.option("--from", "date_from", metavar="DATE", default="", help="Published from YYYY[-MM[-DD]].")
@click.option("--to", "date_to", metavar="DATE", default="", help="Published until YYYY[-MM[-DD]].")
@click.option("--sort", type=click.Choice(["relevance", "newest", "oldest"]), default=None)
@click.option("--page", default="1", show_default=True)
@click.option("--limit", "per_page", default="10", show_default=True, help="Articles on a page, at most 50.")
@click.option("--json", "as_json", is_flag=True, help="Print the API's JSON.")
@data_option
def search_command(words: tuple[str, ...], data: Path, *, as_json: bool, **options: Any) -> None:  # noqa: ANN401
    """Search the archive and print what is found.

    \b
    Examples:
      dateline search 'smuggl* -market' --region Sinuiju
      dateline search -- -market
      dateline search '"solar panels"' --from 2020 --json
    """
    values = {"q": (" ".join(words),), "facet": ("region",), **{name: _texts(given) for name, given in options.items()}}
    lexicon = lexicon_of(DataFolder(data))
    with naming_options(q="WORDS"):
        asked = ask(Arguments(values), lexicon, SEARCH)
    settings = replace(settings_from_environment(os.environ), data=data)
    started = time.perf_counter()
    with closing(archive_from_settings(settings)) as archive:
        asked = corrected(asked, archive, lexicon)
        hits = archive.searcher.search(asked.request, facet_size=asked.params.facet_size)
        notices = tuple(unknown_values(asked.request, archive.searcher))
        variants = tuple(matched_variants(asked, asked.request, archive.searcher))
    if as_json:
        took_ms = round((time.perf_counter() - started) * 1000, 1)
        answer = answers.search_answer(
            hits,
            query=answers.query_echo(asked.question, notices, variants),
            page=asked.params.page,
            per_page=asked.params.per_page,
            next_cursor=None,
            links=wire.SearchLinks(),
            took_ms=took_ms,
            mark=archive.mark,
        )
        click.echo(wire.encode(answer))
        return
    terminal.print_hits(hits, asked.request, asked.question, notices=notices, variants=variants)
    # Regions are counted as if none were chosen, so that others can be.
    heading = "Regions to choose from" if asked.params.region else "Regions of all of them"
    terminal.print_facet(heading, hits.facets["region"])


def _texts(given: str | tuple[str, ...] | None) -> tuple[str, ...]:
    if given is None:
        return ()
    return given if isinstance(given, tuple) else (given,)


@click.command("show")
@click.argument("article_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the API's JSON: the article and its evidence.")
@data_option
def show_command(article_id: str, data: Path, *, as_json: bool) -> None:
    """Show one article with the evidence for everything known of it.

    \b
    Example:
      dateline show 002_a2f671d483816a17
    """
    settings = replace(settings_from_environment(os.environ), data=data)
    with closing(archive_from_settings(settings)) as archive:
        document = archive.searcher.article(article_id)
    if document is None:
        raise NotDone(f"there is no article {article_id!r} in the index; `dateline search` prints the ids")
    if as_json:
        both = {
            "article": answers.article_answer(document, archive.generation),
            "evidence": answers.evidence_answer(document, archive.generation),
        }
        click.echo(wire.encode(both))
    else:
        terminal.print_document(document)
