"""The documentation page as a value: the API's parameters, examples that run, and the snippet for a site.

The tables are the API's own (`service.params`, `service.openapi`), so they cannot be out of date. The snippet is
`service.widget`'s for what was picked in the form, which is read leniently: what is no choice is the first one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from service.openapi.operations import OPERATIONS
from service.params import SEARCH
from service.widget import FACETS, FORM_WORDS, MODES, Mode, snippet

if TYPE_CHECKING:
    from service.widget import Widget

LANGUAGES: Final = {"en": "English", "ko": "한국어"}
COLOURS: Final = {"accent": "Accent", "ink": "Text", "paper": "Background", "wash": "Behind matches"}
"""The custom properties of the widget that the form offers, without their prefix."""

_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Example:
    """Something to try: what it shows, and the address, with its parameters as fields of a form."""

    text: str
    path: str


EXAMPLES: Final = (
    Example("Words, with exact counts by place", "/v1/search?q=crackdown&facet=region"),
    Example("A phrase, in a place or anywhere in it", "/v1/search?q=%22south+korean%22&region=kp-north-pyongan"),
    Example("Everything that may be from 2020, oldest first", "/v1/search?date_from=2020&date_to=2020&sort=oldest"),
    Example("How many articles each month, for certain", "/v1/search?facet=date&date_match=certain&per_page=1"),
    Example("Places whose name begins so, in any script", "/v1/facets/region?facet_q=sin"),
    Example("Suggestions as one types", "/v1/suggest?q=smu"),
    Example("A search as a feed", "/v1/feed.json?q=smuggl*"),
    Example("A whole result as a table", "/v1/export?format=csv&q=smuggl*"),
)

SYNTAX: Final = (
    ("market vendors", "both words, in any form"),
    ("market OR vendors", "either"),
    ("market -stock", "the first without the second"),
    ('"solar panels"', "these words one after the other"),
    ('"market fees"~5', "with at most five other words among them"),
    ("smuggl*", "a beginning of three letters or more"),
    ("title:crackdown", "in the headline; also body:, caption:, author:"),
    ("region:신의주", "a place by any of its names, with all that lies in it"),
    ("date:2019..2020-03", "possibly of those days"),
)


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter, what it means, and the values it may have if they are few."""

    name: str
    meaning: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the API, its method, and what it answers."""

    method: str
    path: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """What the form of the snippet says."""

    mode: Mode
    facets: tuple[str, ...]
    language: str
    colours: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DocsPage:
    """What the documentation page shows."""

    address: str
    rows: tuple[Row, ...]
    routes: tuple[Route, ...]
    examples: tuple[Example, ...]
    syntax: tuple[tuple[str, str], ...]
    modes: tuple[str, ...]
    facets: tuple[str, ...]
    languages: Mapping[str, str]
    colours: Mapping[str, str]
    picked: Picked
    form_words: tuple[str, str]
    widget: str
    snippet: str
    frame: str


def docs_page(arguments: Mapping[str, tuple[str, ...]], *, address: str, widget: Widget) -> DocsPage:
    """The page, for a service readers reach at `address` (`https://…`)."""
    picked = picked_from_arguments(arguments)
    html = snippet(widget, service=address, mode=picked.mode, facets=picked.facets, language=picked.language)
    return DocsPage(
        address=address,
        rows=tuple(Row(row.name, row.meaning, tuple(map(str, row.schema.get("enum", ())))) for row in SEARCH),
        routes=tuple(Route(o.method.upper(), o.path, o.summary) for o in OPERATIONS if o.path.startswith("/v1/")),
        examples=EXAMPLES,
        syntax=SYNTAX,
        modes=MODES,
        facets=FACETS,
        languages=LANGUAGES,
        colours=COLOURS,
        picked=picked,
        form_words=FORM_WORDS[picked.language],
        widget=widget.path,
        snippet=_style(picked.colours) + html,
        frame=f'<iframe src="{address}/embed" title="Search the archive" width="100%" height="600"></iframe>\n',
    )


def picked_from_arguments(arguments: Mapping[str, tuple[str, ...]]) -> Picked:
    """What was picked. A form that was not sent at all picks every facet."""
    mode = arguments.get("mode", ("",))[-1]
    language = arguments.get("lang", ("",))[-1]
    asked = arguments.get("facets", ()) if "mode" in arguments else FACETS
    given = {name: arguments.get(name, ("",))[-1] for name in COLOURS}
    return Picked(
        mode=next((known for known in MODES if known == mode), MODES[0]),
        facets=tuple(facet for facet in FACETS if facet in asked),
        language=language if language in FORM_WORDS else "en",
        colours={name: colour.lower() for name, colour in given.items() if _COLOUR.fullmatch(colour)},
    )


def _style(colours: Mapping[str, str]) -> str:
    """The colours as a style sheet; nothing if none was picked."""
    said = "; ".join(f"--dateline-{name}: {colour}" for name, colour in colours.items())
    return f"<style>dateline-search {{ {said} }}</style>\n" if said else ""
