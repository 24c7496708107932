"""The documentation page as a value: the API's parameters, examples that run, and the snippet for a site.

The tables are the API's own (`service.params`, `service.openapi`), so they cannot be out of date. Examples of what can
be typed come with what they find in this archive (`found_by_syntax`). The snippet is `service.widget`'s for what was
picked in the form, which is read leniently: what is no choice is the first one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING, Final

from service.asking import asked_from_params, corrected
from service.openapi.operations import OPERATIONS
from service.pages.addresses import search_address
from service.params import SEARCH, SearchParams
from service.widget import FACETS, FORM_WORDS, MODES, Mode, snippet

if TYPE_CHECKING:
    from search.thesaurus import Lexicon
    from service.archive import Archive
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
    ("crackdown", "the word in any form: crackdown, crackdowns"),
    ("market vendors", "both words"),
    ("market OR vendors", "either"),
    ("market -stock", "the first without the second"),
    ('"solar panels"', "these words one after the other"),
    ('"market fees"~5', "both words and at most five others among them, in any order"),
    ("smuggl*", "a word that begins so: at least three letters"),
    ("(rice OR maize) price", "as the parentheses say"),
    ("title:crackdown", "the word in the headline; also body:, caption:, author:"),
    ("region:sinuiju", "a place by any of its names, and all that lies in it: region:신의주"),
    ('source:"Daily NK"', "that source"),
    ("topic:smuggling", "that topic"),
    ("language:ko", "that language"),
    ("date:2019..2020-03", "a date possibly of those days"),
    ("sinuiju", "a place in any of its spellings: 신의주, 新義州"),
    ("신의주에서", "a Korean word without its particle, and any other behind it"),
    ("女性", "Chinese characters as they are read in Korean: 녀성, 여성"),
    ("로동", "a Korean word as the other Korea spells it: 노동"),
)
"""What may be typed, and what of it finds articles: docs/query-syntax.md has the same, and more."""


@dataclass(frozen=True, slots=True)
class Typed:
    """Something that may be typed, what it finds, its address, and how many articles that are here, if it is known."""

    text: str
    meaning: str
    address: str
    count: int | None


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
    syntax: tuple[Typed, ...]
    modes: tuple[str, ...]
    facets: tuple[str, ...]
    languages: Mapping[str, str]
    colours: Mapping[str, str]
    picked: Picked
    form_words: tuple[str, str]
    widget: str
    snippet: str
    frame: str


def found_by_syntax(archive: Archive, lexicon: Lexicon) -> tuple[int, ...]:
    """How many articles each example of `SYNTAX` finds: as many as its address."""
    asked = (corrected(asked_from_params(SearchParams(q=typed), lexicon), archive, lexicon) for typed, _ in SYNTAX)
    return tuple(archive.searcher.matches(replace(one.request, limit=0)).total for one in asked)


def docs_page(
    arguments: Mapping[str, tuple[str, ...]], *, address: str, widget: Widget, found: tuple[int, ...] = ()
) -> DocsPage:
    """The page, for a service readers reach at `address` (`https://…`).

    `found` is what `found_by_syntax` says; empty where nothing can be asked, and no numbers are shown then.
    """
    picked = picked_from_arguments(arguments)
    html = snippet(widget, service=address, mode=picked.mode, facets=picked.facets, language=picked.language)
    return DocsPage(
        address=address,
        rows=tuple(Row(row.name, row.meaning, tuple(map(str, row.schema.get("enum", ())))) for row in SEARCH),
        routes=tuple(Route(o.method.upper(), o.path, o.summary) for o in OPERATIONS if o.path.startswith("/v1/")),
        examples=EXAMPLES,
        syntax=tuple(
            Typed(typed, meaning, search_address(SearchParams(q=typed)), count)
            for (typed, meaning), count in zip_longest(SYNTAX, found)
        ),
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
