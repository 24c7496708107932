"""From the answers of `/v1/search` to results of InstantSearch: the same hits, the same counts, other names.

Marked texts are HTML when the asked tags are: then what stands between them is escaped. InstantSearch.js asks for tags
that are not, and escapes for itself what it gets.
"""

from __future__ import annotations

import datetime as dt
from html import escape
from typing import TYPE_CHECKING, Final, Literal

from msgspec import UNSET, UnsetType

from index.analysis import fold, terms
from index.document import PublishedOn, Role
from search.query import Near, Phrase, Prefix, Term, leaves
from service.instantsearch import wire
from service.instantsearch.attributes import LEVELS, TIMESTAMP, YEAR, field_of, level_of, path_text
from service.params import MAX_PAGED
from service.phrasing import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from search.names import Likeness
    from search.query import Query, Words
    from service import wire as api
    from service.instantsearch.attributes import Vocabulary
    from service.instantsearch.reading import Item

_SECONDS_A_DAY: Final = 86_400
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()


class Marking:
    """Puts an item's tags around what matches its question, which is given as read (`search.syntax`)."""

    def __init__(self, item: Item, query: Query) -> None:
        self._pre, self._post = item.pre_tag, item.post_tag
        self._is_html = "<" in item.pre_tag + item.post_tag
        self._asked = leaves(query)

    def plain(self, text: str) -> wire.Highlighted:
        """A text in which nothing is marked."""
        return wire.Highlighted(self._safe(text), "none", ())

    def passage(self, shown: api.Highlight) -> wire.Highlighted:
        """A passage with its matches marked."""
        matches = [part[0] for part in shown.parts if isinstance(part, tuple)]
        value = "".join(
            f"{self._pre}{self._safe(part[0])}{self._post}" if isinstance(part, tuple) else self._safe(part)
            for part in shown.parts
        )
        have = {term for match in matches for term in terms(match)}
        asked = [leaf for leaf in self._asked if leaf.field in {None, shown.field}]
        met = [leaf for leaf in asked if _is_met(leaf, have)]
        words = tuple(dict.fromkeys(word.lower() for leaf in met for word in _words(leaf)))
        level: Literal["none", "partial", "full"] = "partial" if len(met) < len(asked) else "full"
        return wire.Highlighted(value, level if matches else "none", words if matches else ())

    def value(self, text: str, like: Likeness | None) -> str:
        """A facet's value, its last name with the words marked that are like what was asked."""
        before, separator, name = text.rpartition(" > ")
        marked, after = self._safe(before + separator), 0
        for start, end in like.places(name) if like else ():
            marked += f"{self._safe(name[after:start])}{self._pre}{self._safe(name[start:end])}{self._post}"
            after = end
        return marked + self._safe(name[after:])

    def _safe(self, text: str) -> str:
        return escape(text) if self._is_html else text


def _is_met(leaf: Words, have: set[str]) -> bool:
    """Whether these terms, found in matches, are those of a leaf."""
    match leaf:
        case Prefix(text):
            return any(term.startswith(fold(text)) or fold(text).startswith(term) for term in have)
        case Term() | Phrase() | Near():
            return have.issuperset(term for word in _words(leaf) for term in terms(word))


def _words(leaf: Words) -> tuple[str, ...]:
    return (leaf.text,) if isinstance(leaf, Term | Prefix) else leaf.words


def search_result(  # noqa: PLR0913 - the parts of a result, by name
    item: Item,
    answer: api.SearchAnswer,
    *,
    marking: Marking,
    vocabulary: Vocabulary,
    days: tuple[dt.date, dt.date] | None,
    took_ms: int,
) -> wire.SearchResult:
    """The result of a search. `days` are the first and last that any match may be from."""
    stats = dict(_stats(item, answer, days))
    return wire.SearchResult(
        index=item.index,
        hits=tuple(_hit(hit, marking) for hit in answer.hits),
        nb_hits=answer.total,
        page=item.page,
        nb_pages=_pages(answer.total, item.hits_per_page),
        hits_per_page=item.hits_per_page,
        facets={name: _facet(name, item, answer, vocabulary) for name in item.facets},
        facets_stats=stats,
        query=item.query,
        params=item.echo,
        processing_time_ms=took_ms,
        warnings=answer.query.warnings,
    )


def _pages(total: int, per_page: int) -> int:
    """How many pages there are, as far as pages reach."""
    return -(-min(total, MAX_PAGED) // per_page) if per_page else 0


def facet_result(  # noqa: PLR0913 - the parts of a result, by name
    item: Item,
    answer: api.SearchAnswer,
    *,
    marking: Marking,
    vocabulary: Vocabulary,
    like: Likeness | None,
    took_ms: int,
) -> wire.FacetResult:
    """The result of a search in the facet `item.facet`. `like` says which values to show; None is all."""
    name = item.facet or ""
    found = [
        (vocabulary.text(field_of(name), value.id), value.count)
        for value in _values(name, answer)
        if like is None or value.id in like.values
    ]
    return wire.FacetResult(
        facet_hits=tuple(
            wire.FacetHit(text, marking.value(text, like), count)
            for text, count in _largest(found, item.max_facet_hits)
        ),
        processing_time_ms=took_ms,
        warnings=answer.query.warnings,
    )


def _facet(name: str, item: Item, answer: api.SearchAnswer, vocabulary: Vocabulary) -> dict[str, int]:
    """The counts of an attribute by value, the largest first. Seconds are not counted one by one."""
    if name == TIMESTAMP:
        return {}
    if name == YEAR:
        counts = [(str(bucket.start.year), bucket.count) for bucket in _years(answer)]
    else:
        field = field_of(name)
        counts = [(vocabulary.text(field, value.id), value.count) for value in _values(name, answer)]
    return dict(_largest(counts, item.max_values))


def _largest(counts: Iterable[tuple[str, int]], most: int) -> list[tuple[str, int]]:
    return sorted(counts, key=lambda pair: (-pair[1], pair[0]))[:most]


def _values(name: str, answer: api.SearchAnswer) -> Iterator[api.FacetValue]:
    """The values of an attribute in the answer's tree of them; those of one level, if it is of one."""
    facet = getattr(answer.facets, field_of(name))
    level = level_of(name)
    waiting = list(facet.values)
    while waiting:
        value = waiting.pop()
        waiting += value.children
        if level is None or len(value.path) == level + 1:
            yield value


def _years(answer: api.SearchAnswer) -> list[api.DateBucket]:
    """The years that any match may be from."""
    facet = answer.facets.date
    return [] if isinstance(facet, UnsetType) else [bucket for bucket in facet.buckets if bucket.count]


def _stats(
    item: Item, answer: api.SearchAnswer, days: tuple[dt.date, dt.date] | None
) -> Iterator[tuple[str, wire.Stats]]:
    years = _years(answer)
    if YEAR in item.facets and years:
        yield YEAR, wire.Stats(years[0].start.year, years[-1].start.year)
    if TIMESTAMP in item.facets and days:
        yield TIMESTAMP, wire.Stats(*map(_timestamp, days))


def _hit(hit: api.Hit, marking: Marking) -> wire.ResultHit:
    published = hit.published
    shown = {passage.field: marking.passage(passage) for passage in reversed(hit.highlights)}
    return wire.ResultHit(
        object_id=hit.id,
        url=hit.url,
        title=hit.title,
        title_basis=hit.title_basis,
        source=hit.source,
        authors=hit.authors,
        translators=hit.translators,
        topic=tuple(topic.name for topic in hit.topics),
        language=hit.language,
        region=_levels(hit.regions),
        regions=hit.regions,
        published=published,
        date=_date(published) if published else None,
        date_timestamp=_timestamp(published.start) if published else None,
        score=hit.score,
        links=hit.links,
        highlight_result=wire.HighlightResult(
            title=shown.get("title") or marking.plain(hit.title),
            authors=tuple(map(marking.plain, hit.authors)),
            source=marking.plain(hit.source) if hit.source else UNSET,
        ),
        snippet_result=wire.SnippetResult(
            body=shown.get("body") or marking.plain(""), captions=shown.get("captions", UNSET)
        ),
    )


def _levels(places: Iterable[api.Place]) -> wire.Levels:
    """The places that count as those of an article, and what they lie in, by level."""
    levels: tuple[dict[str, None], ...] = tuple({} for _ in range(LEVELS))
    for place in places:
        if place.role is not Role.CAPTION:
            for level in range(min(len(place.path), LEVELS)):
                levels[level].setdefault(path_text(place.path[: level + 1]))
    return wire.Levels(*map(tuple, levels))


def _date(published: api.Published) -> wire.HitDate:
    start, end = published.start, published.end
    text = in_words(PublishedOn(start, end, published.precision, published.basis))
    return wire.HitDate(text, start, end, tuple(range(start.year, end.year + 1)))


def _timestamp(day: dt.date) -> int:
    """The first second of a day in UTC, as seconds since 1970."""
    return (day.toordinal() - _EPOCH) * _SECONDS_A_DAY
