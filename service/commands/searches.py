"""Commands of saved searches: searches add, searches list, searches show, searches remove, searches topic."""

from __future__ import annotations

import datetime as dt
import re
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from index.analysis import slug
from index.gazetteer import load_gazetteer
from search.syntax import Notice
from search.thesaurus import Lexicon
from service.asking import asked_from_params, corrected
from service.commands.frame import SOMETHING_WRONG, NotDone, data_option, naming_options
from service.commands.restricting import find_unknown_values, print_table
from service.saved.file import MOST, SearchesError, changing_searches, read_searches
from service.saved.searches import (
    ASKED,
    ID,
    LONGEST_NAME,
    SearchUnreadable,
    find_problem,
    params_of,
    search_from_arguments,
)
from service.saved.topic import topic_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from service.saved.searches import SavedSearch

_LONGEST_ID: Final = 64


@contextmanager
def _errors_as_messages() -> Iterator[None]:
    """Make what is wrong with what was typed, or with the file of saved searches, a message."""
    try:
        yield
    except (SearchesError, SearchUnreadable, ValueError) as error:
        raise NotDone(str(error)) from error


def _asked_options(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each parameter of a search that is saved, with the API's own meaning."""
    for row in reversed(ASKED):
        more = " May be repeated." if row.repeats else ""
        name = f"--{row.name.replace('_', '-')}"
        command = click.option(name, row.name, multiple=row.repeats, help=row.meaning + more)(command)
    return command


@click.group("searches")
def searches_group() -> None:
    """Keep questions under a name: as feeds, in other pages, as rules of topics.

    \b
    Example:
      dateline searches add "Smuggling at the Yalu" --q 'smuggl*' --region Sinuiju
    """


@searches_group.command("add")
@click.argument("name")
@_asked_options
@click.option("--id", "search_id", default=None, help="What it goes by in addresses.  [default: made from the name]")
@click.option("--replace", is_flag=True, help="Even if there is a search of that id, which then asks this.")
@data_option
def add_search_command(
    name: str,
    search_id: str | None,
    data: Path,
    *,
    replace: bool,
    **options: Any,  # noqa: ANN401 - texts
) -> None:
    """Save a search. What its address is made of never changes, whatever it comes to ask.

    \b
    Examples:
      dateline searches add "Smuggling at the Yalu" --q 'smuggl*' --region Sinuiju
      dateline searches add "Smuggling at the Yalu" --q 'smuggl* OR bootleg*' --region Sinuiju --replace
    """
    name = name.strip()
    made_id = search_id or slug(name)[:_LONGEST_ID].strip("-")
    _refuse_name(name, made_id)
    with naming_options(), _errors_as_messages():
        lexicon = Lexicon.of(load_gazetteer())
        search, notices = search_from_arguments(
            _texts(options), search_id=made_id, name=name, now=dt.datetime.now(dt.UTC), lexicon=lexicon
        )
        for notice in (*notices, *_unknown(search, data, lexicon)):
            click.echo(f"Note: {notice.detail}", err=True)
        with changing_searches(data) as change:
            change.searches = _with(change.before, search, replace=replace)
    click.echo(f"Saved {search.id}, which asks: {_asks(search)}", err=True)


def _unknown(search: SavedSearch, data: Path, lexicon: Lexicon) -> tuple[Notice, ...]:
    """A notice for each value that no article has; where no index can tell, for each place the gazetteer lacks."""
    asked = asked_from_params(params_of(search), lexicon)
    found = find_unknown_values(lambda archive: corrected(asked, archive, lexicon).request, data)
    if found is not None:
        return found
    places = (place for wanted in asked.request.filters if wanted.field == "region" for place in wanted.any_of)
    return tuple(
        Notice("unknown-place", f"{place} is not in the gazetteer; only declared regions can match")
        for place in places
        if not lexicon.gazetteer.find(place)
    )


def _refuse_name(name: str, search_id: str) -> None:
    if not name or len(name) > LONGEST_NAME or re.search(r"[\x00-\x1f\x7f-\x9f]", name):
        raise NotDone(f"{name!r} cannot name a search: at most {LONGEST_NAME} characters, on one line")
    if not re.fullmatch(ID, search_id):
        reason = f"{search_id!r} cannot be an id: at most 64 lower-case letters a to z, digits and hyphens"
        raise NotDone(f"{reason}; say one with --id, as in --id yalu-smuggling")


def _texts(options: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    given = {name: value if isinstance(value, tuple) else (value,) for name, value in options.items() if value}
    return {name: texts for name, texts in given.items() if texts}


def _with(before: tuple[SavedSearch, ...], search: SavedSearch, *, replace: bool) -> tuple[SavedSearch, ...]:
    """The searches with this one, in the place of the one of its id if there is one."""
    ids = [other.id for other in before]
    if search.id not in ids:
        if len(before) >= MOST:
            raise NotDone(f"there are {MOST} saved searches already, which is the most")
        return (*before, search)
    if not replace:
        raise NotDone(
            f"there is a saved search {search.id} already; say --replace to have it ask this, or another --id"
        )
    return tuple(search if other.id == search.id else other for other in before)


@searches_group.command("list")
@data_option
def list_searches_command(data: Path) -> None:
    """List the saved searches.

    \b
    Example:
      dateline searches list
    """
    with _errors_as_messages():
        searches = read_searches(data).searches
    if not searches:
        click.echo("There are no saved searches. Save one: dateline searches add NAME --q '…'", err=True)
    print_table(("ID", "NAME", "ASKS"), [(search.id, search.name, _asks(search)) for search in searches])
    if sum(map(_say_problem, searches)):
        sys.exit(SOMETHING_WRONG)


@searches_group.command("show")
@click.argument("search_id", metavar="ID")
@data_option
def show_search_command(search_id: str, data: Path) -> None:
    """Show a saved search, and where it is to be had.

    \b
    Example:
      dateline searches show smuggling-at-the-yalu
    """
    search = _find(data, search_id)
    address = f"/v1/searches/{search.id}"
    rows = {
        "name": search.name,
        "typed": search.typed or "(nothing)",
        "asks": _asks(search),
        "saved": f"{search.created:%Y-%m-%d %H:%M} UTC",
        "results": f"{address}/results",
        "feeds": f"{address}/feed.atom  {address}/feed.json",
        "page": f"/?search={search.id}",
        "iframe": f"/embed?search={search.id}",
    }
    for title, text in rows.items():
        click.echo(f"{title:<9}{text}")
    if _say_problem(search):
        sys.exit(SOMETHING_WRONG)


@searches_group.command("remove")
@click.argument("search_id", metavar="ID")
@data_option
def remove_search_command(search_id: str, data: Path) -> None:
    """Remove a saved search: its addresses lead nowhere any more, within a second.

    \b
    Example:
      dateline searches remove smuggling-at-the-yalu
    """
    with _errors_as_messages(), changing_searches(data) as change:
        kept = tuple(search for search in change.before if search.id != search_id)
        if len(kept) == len(change.before):
            raise _no_search(search_id)
        change.searches = kept
    click.echo(f"Removed {search_id}.", err=True)


@searches_group.command("topic")
@click.argument("search_id", metavar="ID")
@data_option
def topic_search_command(search_id: str, data: Path) -> None:
    """Print a saved search as a rule of a topic, for topics.toml.

    \b
    Example:
      dateline searches topic smuggling-at-the-yalu >> data/topics.toml && dateline topics preview
    """
    search = _find(data, search_id)
    with _errors_as_messages():
        click.echo(topic_row(search), nl=False)


def _find(data: Path, search_id: str) -> SavedSearch:
    with _errors_as_messages():
        search = read_searches(data).find(search_id)
    if search is None:
        raise _no_search(search_id)
    return search


def _no_search(search_id: str) -> NotDone:
    return NotDone(f"there is no saved search {search_id!r}; `dateline searches list` shows them")


def _asks(search: SavedSearch) -> str:
    """What a search asks, in a line."""
    options = [f"{name}={text}" for name, texts in search.options.items() for text in texts]
    return "  ".join(part for part in (search.query or "*", *options) if part)


def _say_problem(search: SavedSearch) -> bool:
    """Say why a search cannot be read any more, if so; whether it is so."""
    problem = find_problem(search)
    if problem is not None:
        click.echo(
            f"{search.id} cannot be read any more: {problem}. Save it anew: dateline searches add --replace", err=True
        )
    return problem is not None
