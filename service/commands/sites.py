"""Commands of sites: sites add, sites list, sites remove, sites show."""

from __future__ import annotations

import datetime as dt
import os
import re
from typing import TYPE_CHECKING

import click
import msgspec

from service.access.register import changing_register, read_register
from service.access.sites import ID, Site
from service.commands.embed import print_policy, service_address
from service.commands.frame import NotDone, data_option
from service.commands.restricting import checked_filters, errors_as_messages, filter_option, print_table
from service.limiting.rates import rate_from_text
from service.origins import origin_from_text
from service.params import FACET_FIELDS
from service.settings import settings_from_environment
from service.widget import FACETS, FORM_WORDS, load_widgets, snippet

if TYPE_CHECKING:
    from pathlib import Path

    from service.limiting.rates import Rate


@click.group("sites")
def sites_group() -> None:
    """Add, list, show and remove sites: pages of others that the search is embedded in.

    \b
    Example:
      dateline sites add newsroom --origin https://news.example --filter source:daily-nk
    """


@sites_group.command("add")
@click.argument("name")
@click.option(
    "--origin", "origins", multiple=True, required=True, help="Whose pages may read answers. May be repeated."
)
@click.option(
    "--facets", default=None, metavar="FIELD,FIELD", help=f"What it may count.  [default: {','.join(FACET_FIELDS)}]"
)
@filter_option
@click.option("--rate", default="0", metavar="120/minute", help="How often its pages may ask.  [default: as anybody]")
@click.option("--frame-ancestor", "framers", multiple=True, help="Who may show /embed.  [default: the origins]")
@click.option("--replace", is_flag=True, help="Even if there is a site of that name.")
@data_option
def add_site_command(  # noqa: PLR0913, PLR0917 - what can be chosen, by name
    name: str,
    origins: tuple[str, ...],
    facets: str | None,
    filters: tuple[str, ...],
    rate: str,
    framers: tuple[str, ...],
    replace: bool,  # noqa: FBT001 - click passes flags so
    data: Path,
) -> None:
    """Add a site. NAME stands in its pages' HTML: lower-case letters, digits and hyphens.

    \b
    Examples:
      dateline sites add newsroom --origin https://news.example --origin https://www.news.example
      dateline sites add newsroom --origin https://news.example --filter source:daily-nk --rate 120/minute
    """
    if not re.fullmatch(ID, name):
        raise NotDone(f"{name!r} cannot name a site: at most 64 lower-case letters, digits and hyphens, as in newsroom")
    with errors_as_messages():
        site = msgspec.convert(
            {
                "id": name,
                "origins": tuple(map(origin_from_text, dict.fromkeys(origins))),
                "facets": _fields(facets),
                "filters": checked_filters(filters, data),
                "rate": _rate(rate),
                "frame_ancestors": tuple(map(origin_from_text, dict.fromkeys(framers))),
                "created": dt.datetime.now(dt.UTC).replace(microsecond=0),
            },
            Site,
        )
        with changing_register(data) as change:
            others = tuple(other for other in change.before.sites if other.id != name)
            if len(others) < len(change.before.sites) and not replace:
                raise NotDone(f"there is a site {name} already; say --replace to put this in its place")
            change.register = msgspec.structs.replace(change.before, sites=(*others, site))
    click.echo(f"Added {name}. The HTML for its pages: dateline sites show {name}", err=True)


def _fields(text: str | None) -> tuple[str, ...] | None:
    """Fields that may be counted. Raises `ValueError`."""
    if text is None:
        return None
    fields = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in fields:
        if name not in FACET_FIELDS:
            raise ValueError(f"--facets {text}: {name} cannot be counted; there are {', '.join(FACET_FIELDS)}")
    return fields


def _rate(text: str) -> Rate | None:
    """How often pages may ask; None for as often as anybody. Raises `ValueError`."""
    try:
        return rate_from_text(text)
    except ValueError as error:
        raise ValueError(f"--rate {text}: {error}") from None


@sites_group.command("list")
@data_option
def list_sites_command(data: Path) -> None:
    """List the sites.

    \b
    Example:
      dateline sites list
    """
    with errors_as_messages():
        sites = read_register(data).sites
    if not sites:
        click.echo("There are no sites. Add one with: dateline sites add NAME --origin https://…", err=True)
    print_table(("NAME", "ORIGINS", "ONLY", "COUNTS", "RATE"), list(map(_site_row, sites)))


def _site_row(site: Site) -> tuple[str, ...]:
    return (
        site.id,
        " ".join(site.origins),
        "; ".join(site.filters) or "everything",
        "all" if site.facets is None else ",".join(site.facets) or "nothing",
        str(site.rate or "-"),
    )


@sites_group.command("remove")
@click.argument("name")
@data_option
def remove_site_command(name: str, data: Path) -> None:
    """Remove a site: its pages get no answers any more, within a second.

    \b
    Example:
      dateline sites remove newsroom
    """
    with errors_as_messages(), changing_register(data) as change:
        _find_site(change.before.sites, name)
        kept = tuple(site for site in change.before.sites if site.id != name)
        change.register = msgspec.structs.replace(change.before, sites=kept)
    click.echo(f"Removed {name}.", err=True)


@sites_group.command("show")
@click.argument("name")
@click.option("--url", default=None, help="Where readers reach this service.  [default: DATELINE_PUBLIC_URL]")
@click.option("--lang", type=click.Choice(tuple(FORM_WORDS)), default=None, help="Its language.  [default: the page's]")
@data_option
def show_site_command(name: str, url: str | None, lang: str | None, data: Path) -> None:
    """Print the HTML that puts the search into a site's pages.

    \b
    Example:
      dateline sites show newsroom --url https://archive.example
    """
    with errors_as_messages():
        site = _find_site(read_register(data).sites, name)
    service = service_address(url or settings_from_environment(os.environ).public_url)
    facets = tuple(field for field in FACETS if site.facets is None or field in site.facets)
    html = snippet(load_widgets()[0], service=service, facets=facets, language=lang, attributes=(("site", name),))
    click.echo(html, nl=False)
    print_policy(service)


def _find_site(sites: tuple[Site, ...], name: str) -> Site:
    for site in sites:
        if site.id == name:
            return site
    raise NotDone(f"there is no site {name!r}; `dateline sites list` shows them")
