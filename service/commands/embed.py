"""The command that puts the search into other sites: embed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode, urlsplit

import click

from service import terminal
from service.commands.frame import NotDone
from service.params import SEARCH, Arguments, read_params
from service.problems import InvalidParameters
from service.settings import settings_from_environment
from service.widget import FACETS, FORM_WORDS, MODES, load_widgets, snippet

if TYPE_CHECKING:
    from service.widget import Mode

_ASKED: Final = ("region", "source", "topic", "language", "date_from", "date_to", "op", "role", "date_match")
"""What an embedded search may be restricted to."""


@click.command("embed")
@click.option("--url", default=None, help="Where readers reach this service.  [default: DATELINE_PUBLIC_URL]")
@click.option("--mode", type=click.Choice(MODES), default="results", show_default=True, help="Which form it takes.")
@click.option("--facet", "facets", type=click.Choice(FACETS), multiple=True, help="Offer this filter. May be repeated.")
@click.option("--only", multiple=True, metavar="NAME=VALUE", help="Search only these articles. May be repeated.")
@click.option("--action", default="", metavar="PATH", help="Mode suggest: the site's own page of results.")
@click.option("--per-page", type=click.IntRange(1, 50), default=None, help="Results on a page.  [default: 10]")
@click.option("--site", default="", metavar="NAME", help="The site it is for, as `dateline sites add` named it.")
@click.option("--browse", is_flag=True, help="Show the newest articles while nothing is asked.")
@click.option("--lang", type=click.Choice(tuple(FORM_WORDS)), default=None, help="Its language.  [default: the page's]")
def embed_command(  # noqa: PLR0913, PLR0917 - what can be chosen, by name
    url: str | None,
    mode: Mode,
    facets: tuple[str, ...],
    only: tuple[str, ...],
    action: str,
    per_page: int | None,
    site: str,
    browse: bool,  # noqa: FBT001 - click passes flags so
    lang: str | None,
) -> None:
    """Print the HTML that puts the search into a page of another site.

    \b
    Examples:
      dateline embed --url https://archive.example --facet region --facet date --only topic=markets
      dateline embed --mode suggest --action /search
    """
    service = service_address(url or settings_from_environment(os.environ).public_url)
    if (mode == "suggest" and (only or facets)) or (mode != "suggest" and action):
        raise NotDone("--facet and --only are for results and the dialog, --action is for mode suggest")
    attributes = (
        ("site", site),
        ("action", action),
        ("filter", _filter(only, facets)),
        ("per-page", str(per_page or "")),
        ("browse", "browse" if browse else ""),
    )
    widget = load_widgets()[0]
    click.echo(
        snippet(widget, service=service, mode=mode, facets=facets, language=lang, attributes=attributes), nl=False
    )
    print_policy(service)


def print_policy(service: str) -> None:
    """Print what a site's own policy must allow."""
    terminal.err.print(
        "A site with a Content-Security-Policy must allow, besides: "
        f"script-src {_origin(service)}; connect-src {_origin(service)}; form-action {_origin(service)}",
        soft_wrap=True,
        highlight=False,
    )


def service_address(url: str) -> str:
    """Where readers reach the service. Raises `NotDone` if that is no address."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise NotDone(
            f"where do readers reach this service? {url!r} is no address; say --url https://archive.example, or set "
            "DATELINE_PUBLIC_URL"
        )
    return url


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _filter(only: tuple[str, ...], facets: tuple[str, ...]) -> str:
    """The query string that restricts every request. Raises `NotDone` or `InvalidParameters`."""
    values: dict[str, tuple[str, ...]] = {}
    for pair in only:
        name, _, value = pair.partition("=")
        if name not in _ASKED or not value:
            raise NotDone(f"--only {pair}: say NAME=VALUE, where NAME is one of {', '.join(_ASKED)}")
        if name.partition("_")[0] in facets:
            raise NotDone(f"--only {pair} and a filter by {name} do not go together: readers would choose beyond it")
        values[name] = (*values.get(name, ()), value)
    _, problems = read_params(Arguments(values), SEARCH)
    if problems:
        raise InvalidParameters(problems)
    return urlencode(values, doseq=True)
