"""Filters as a reader meets them: each value with its exact count and the address it leads to.

`Branch` is a value of a facet, with the values below it; `shown_facet` makes the tree of one field from the counts.
`ActiveFilter` is a filter that is on, in words, with the question without it. A place that is chosen replaces those it
lies in and those that lie in it: to ask for both would be to ask for the wider one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from index.document import Role
from search.engine import DateMatch
from service.pages.addresses import search_address
from service.params import SearchParams
from service.phrasing import days_in_words

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from index.document import Label
    from index.gazetteer import Gazetteer
    from search.facets import FacetValue, ValueFacetView
    from search.searcher import Searcher
    from service.asking import Asked

FIELDS: Final = {"region": "Places", "topic": "Topics", "source": "Sources", "language": "Languages"}
"""The fields that can be chosen from, in the order they are shown, and what they are called."""

ROLES: Final = {
    Role.DATELINE: "reported from there",
    Role.EVENT: "it happened there",
    Role.SENDER: "told by someone there",
    Role.MENTIONED: "named in passing",
    Role.CAPTION: "in a picture",
}

SHOWN: Final = 90
"""Values of a field that are on the page; the field to type in reaches the others."""
FIRST: Final = 8
"""Values of a level that are seen at once; the rest of it opens."""


FIRST_BELOW: Final = 13
"""Places right below a country that are seen at once: as many as North Korea has provinces and special cities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """A value that can be chosen, or dropped if it is. `rest` are children that are seen on request."""

    id: str
    name: str
    count: int
    is_chosen: bool
    is_open: bool
    address: str
    children: tuple[Branch, ...]
    rest: tuple[Branch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FacetShown:
    """A field to choose from. `hidden` is how many more values there are, `missing` how many articles have none."""

    field: str
    title: str
    branches: tuple[Branch, ...]
    rest: tuple[Branch, ...]
    hidden: int
    missing: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few ways: its words, whether it is the one, and the address that makes it so."""

    text: str
    is_chosen: bool
    address: str


@dataclass(frozen=True, slots=True)
class ActiveFilter:
    """A filter that is on, in words, and the question without it."""

    text: str
    without: SearchParams

    @property
    def address(self) -> str:
        """Where the filter is off."""
        return search_address(self.without)


class Names:
    """What values are called: as the archive's articles have it, else as the gazetteer, else by their id."""

    def __init__(self, searcher: Searcher, gazetteer: Gazetteer) -> None:
        self._searcher, self._gazetteer = searcher, gazetteer

    def path(self, field: str, value: str) -> tuple[Label, ...]:
        """The labels from the widest place to this value; empty for a value nobody knows."""
        known = self._searcher.labels(field).get(value)
        if known is None and field == "region" and value in self._gazetteer.places:
            return self._gazetteer.path(value)
        return known or ()

    def name(self, field: str, value: str) -> str:
        """What readers are shown."""
        path = self.path(field, value)
        return path[-1].name if path else value


def canonical_params(asked: Asked) -> SearchParams:
    """What was asked, with ids for names: the form that links are made from."""
    ids: dict[str, Any] = {}
    for wanted in asked.request.filters:
        ids[wanted.field] = wanted.any_of
        if wanted.none_of:
            ids[f"exclude_{wanted.field}"] = wanted.none_of
    return replace(asked.params, cursor="", **ids)


def toggled(params: SearchParams, field: str, value: str, names: Names) -> SearchParams:
    """The question with a value chosen, or dropped if it was."""
    chosen: tuple[str, ...] = getattr(params, field)
    if value in chosen:
        kept = {other for other in chosen if other != value}
    else:
        wider = _ids(names.path(field, value))
        narrower = {other for other in chosen if value in _ids(names.path(field, other))}
        kept = {value, *(set(chosen) - wider - narrower)}
    return replace(params, page=1, **{field: tuple(sorted(kept))})  # type: ignore[arg-type] # a field of that type


def _ids(path: Iterable[Label]) -> set[str]:
    return {label.id for label in path}


def shown_facet(field: str, view: ValueFacetView, params: SearchParams, names: Names) -> FacetShown:
    """A field's values as links: the largest, the chosen ones and what they lie in."""
    kept = _largest(view.values, SHOWN)
    shown = sum(path[-1].id in kept and path[-1].count > 0 for path in _with_ancestors(view.values, ()))
    branches = _branches(view.values, field=field, kept=kept, params=params, names=names)
    branches = (*(replace(largest, is_open=True) for largest in branches[:1]), *branches[1:])
    return FacetShown(
        field=field,
        title=FIELDS[field],
        branches=branches[:FIRST],
        rest=branches[FIRST:],
        hidden=view.total_values - shown,
        missing=view.missing,
    )


def _branches(
    values: Iterable[FacetValue], *, field: str, kept: Collection[str], params: SearchParams, names: Names
) -> tuple[Branch, ...]:
    shown = (value for value in values if value.id in kept)
    return tuple(_branch(value, field=field, kept=kept, params=params, names=names) for value in shown)


def _branch(value: FacetValue, *, field: str, kept: Collection[str], params: SearchParams, names: Names) -> Branch:
    children = _branches(value.children, field=field, kept=kept, params=params, names=names)
    first = FIRST_BELOW if len(value.path) == 1 else FIRST
    return Branch(
        id=value.id,
        name=value.name,
        count=value.count,
        is_chosen=value.selected,
        is_open=any(child.is_chosen or child.is_open for child in children),
        address=search_address(toggled(params, field, value.id, names)),
        children=children[:first],
        rest=children[first:],
    )


def _largest(values: Iterable[FacetValue], size: int) -> set[str]:
    """The ids of the largest values, of the chosen ones, and of all that they lie in."""
    paths = list(_with_ancestors(values, ()))
    by_count = sorted(paths, key=lambda path: -path[-1].count)
    wanted = [*by_count[:size], *(path for path in paths if path[-1].selected)]
    return {value.id for path in wanted for value in path}


def _with_ancestors(values: Iterable[FacetValue], above: tuple[FacetValue, ...]) -> Iterator[tuple[FacetValue, ...]]:
    for value in values:
        path = (*above, value)
        yield path
        yield from _with_ancestors(value.children, path)


def role_choices(params: SearchParams) -> tuple[Choice, ...]:
    """What a place may have to be to an article in order to count."""
    every = Choice("any but in a picture", not params.role, search_address(replace(params, role=(), page=1)))
    return (every, *(_role_choice(params, role, words) for role, words in ROLES.items()))


def _role_choice(params: SearchParams, role: Role, words: str) -> Choice:
    is_chosen = role in params.role
    roles = set(params.role) ^ {role}
    return Choice(words, is_chosen, search_address(replace(params, role=tuple(sorted(roles)), page=1)))


def active_filters(params: SearchParams, names: Names) -> tuple[ActiveFilter, ...]:
    """Every filter that is on, in the order of the page."""
    return tuple(_active(params, names))


def _active(params: SearchParams, names: Names) -> Iterator[ActiveFilter]:
    for field in FIELDS:
        for value in getattr(params, field):
            yield ActiveFilter(names.name(field, value), _without(params, field, value))
        for value in getattr(params, f"exclude_{field}", ()):
            yield ActiveFilter(f"not {names.name(field, value)}", _without(params, f"exclude_{field}", value))
    for role in params.role:
        yield ActiveFilter(ROLES[role], _without(params, "role", role))
    if params.date_from or params.date_to:
        days = days_in_words(params.date_from, params.date_to)
        yield ActiveFilter(days, replace(params, page=1, date_from=None, date_to=None))
    if params.date_match is DateMatch.CERTAIN:
        certain = replace(params, page=1, date_match=DateMatch.POSSIBLE)
        yield ActiveFilter("only dates that are certain", certain)
    if params.op == "or":
        yield ActiveFilter("any of the words", replace(params, page=1, op="and"))


def _without(params: SearchParams, name: str, value: str) -> SearchParams:
    kept: Any = tuple(other for other in getattr(params, name) if other != value)
    return replace(params, page=1, **{name: kept})


def filters_in_words(params: SearchParams, names: Names) -> str:
    """The filters as a phrase: `in Sinuiju or Pyongyang, on Smuggling, dated 2018 to 2020`."""
    parts = []
    for field, before in {"region": "in", "topic": "on", "source": "from", "language": "in"}.items():
        values = [names.name(field, value) for value in getattr(params, field)]
        if values:
            parts.append(f"{before} {' or '.join(values)}")
    if params.date_from or params.date_to:
        parts.append(f"dated {days_in_words(params.date_from, params.date_to)}")
    return ", ".join(parts)


def question_in_words(params: SearchParams, names: Names) -> str:
    """The whole question as a phrase: `solar panels, in Sinuiju`."""
    return ", ".join(part for part in (params.q, filters_in_words(params, names)) if part)
