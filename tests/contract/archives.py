"""Archives, queries and requests for the contract suite: as hypothesis strategies, and one larger archive from a seed.

A `History` is how an archive came about: commits of additions, replacements and deletions. `articles_of` says what is
there in the end, which is all that an answer may depend on.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from hypothesis import strategies as st

from index.analysis import terms
from index.document import Role
from index.fields import KEYWORD_FIELDS, TEXT_FIELDS, Record, region_value
from search.engine import (
    ALL_BUT_CAPTION,
    DateFacet,
    DateFilter,
    DateMatch,
    Facet,
    Interval,
    Ranking,
    Recency,
    SearchRequest,
    Sort,
    ValueFacet,
    ValueFilter,
)
from search.query import And, Dates, Everything, Near, Not, Nothing, Or, Phrase, Prefix, Query, Term, Value

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Commit:
    """What one commit deletes, and then adds or replaces."""

    upserts: tuple[Record, ...]
    deletes: tuple[int, ...] = ()


History: TypeAlias = tuple[Commit, ...]


def articles_of(history: History) -> tuple[Record, ...]:
    """The articles that are there after the last commit."""
    present: dict[int, Record] = {}
    for commit in history:
        for serial in commit.deletes:
            present.pop(serial, None)
        present.update({record.serial: record for record in commit.upserts})
    return tuple(present[serial] for serial in sorted(present))


WORDS: Final = (
    "smuggling", "smugglers", "Smuggled", "crackdown", "goods", "the", "of", "The", "Sinŭiju", "SINUIJU", "trader's",
    "traders", "신의주", "시장", "시장은", "covid-19", "2020", "café", "smug",
)  # fmt: skip
"""Words of the archives: many share a stem or a beginning, so that few of them make many matches."""

TERMS: Final = (*sorted({term for word in WORDS for term in terms(word)}), "absent")
PREFIXES: Final = ("s", "smugg", "smuggl", "t", "신", "시장", "c", "2", "zz", "absent")

PLACES: Final = (("kp", "kp-north", "kp-sinuiju"), ("kp", "kp-south"), ("cn", "cn-dandong"), ("odd@place, with comma",))
VALUES: Final = {
    "region": (*dict.fromkeys(place for path in PLACES for place in path), "nowhere"),
    "source": ("daily-nk", "로동신문", "two words", "nobody"),
    "topic": ("smuggling", "covid-19", "a,b", "me@example", "", "none-such"),
    "language": ("en", "ko", "xx"),
}
"""Values of the keyword fields; the last of each is in no article."""

FIRST_DAY: Final = dt.date(2018, 11, 1)
LAST_DAY: Final = dt.date(2020, 3, 1)

_days = st.dates(FIRST_DAY, LAST_DAY)


def _month(day: dt.date) -> tuple[int, int]:
    following = (day.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
    return day.replace(day=1).toordinal(), following.toordinal() - 1


_intervals = st.one_of(
    st.none(),
    _days.map(lambda day: (day.toordinal(), day.toordinal())),
    _days.map(_month),
    _days.map(lambda day: (dt.date(day.year, 1, 1).toordinal(), dt.date(day.year, 12, 31).toordinal())),
    st.tuples(_days, _days).map(lambda pair: (min(pair).toordinal(), max(pair).toordinal())),
)


def _texts(most: int) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(WORDS), max_size=most).map(" ".join)


def _regions(mentions: Sequence[tuple[tuple[str, ...], Role]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(region_value(place, role) for path, role in mentions for place in path))


def _values_of(field: str, most: int) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(VALUES[field][:-1]), max_size=most, unique=True).map(tuple)


def records(serials: st.SearchStrategy[int]) -> st.SearchStrategy[Record]:
    """Articles, short and full of repetitions, with anything missing."""
    return st.builds(
        Record,
        serial=serials,
        title=_texts(3),
        body=_texts(14),
        captions=_texts(3),
        authors=_texts(2),
        region=st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(Role)), max_size=3).map(_regions),
        source=_values_of("source", 1),
        topic=_values_of("topic", 3),
        language=_values_of("language", 1),
        date=_intervals,
    )


_commits = st.builds(
    Commit,
    upserts=st.lists(records(st.integers(1, 9)), max_size=6, unique_by=lambda record: record.serial).map(tuple),
    deletes=st.lists(st.integers(1, 10), max_size=3).map(tuple),
)

histories: st.SearchStrategy[History] = st.lists(_commits, min_size=1, max_size=7).map(tuple)
"""Small archives that came about in one commit or several, enough of them for an engine to merge what it has."""

_fields = st.one_of(st.none(), st.none(), st.sampled_from(TEXT_FIELDS))
_words = st.lists(st.sampled_from(TERMS), min_size=1, max_size=3).map(tuple)
_values = st.sampled_from(KEYWORD_FIELDS).flatmap(
    lambda field: st.builds(Value, st.just(field), st.sampled_from(VALUES[field]))
)
_maybe_days = st.one_of(st.none(), _days)

_leaves: st.SearchStrategy[Query] = st.one_of(
    st.builds(Term, st.sampled_from(TERMS), _fields),
    st.builds(Phrase, _words, _fields),
    st.builds(Near, _words, st.integers(-1, 4), _fields),
    st.builds(Prefix, st.sampled_from(PREFIXES), _fields),
    _values,
    st.builds(Dates, _maybe_days, _maybe_days),
    st.just(Everything()),
    st.just(Nothing()),
)


def _branches(parts: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    several = st.lists(parts, min_size=1, max_size=3).map(tuple)
    return st.one_of(st.builds(And, several), st.builds(Or, several), st.builds(Not, parts))


queries: st.SearchStrategy[Query] = st.recursive(_leaves, _branches, max_leaves=7)
"""Trees of every kind of node, in analysed form, not always in the simplest form."""

_restrictions: st.SearchStrategy[Query] = st.one_of(
    st.just(Everything()),
    st.recursive(
        st.one_of(_values, st.builds(Dates, _maybe_days, _maybe_days), st.just(Nothing())), _branches, max_leaves=4
    ),
)
"""What requests may be restricted to: values and dates."""

_filters = st.lists(
    st.sampled_from(KEYWORD_FIELDS).flatmap(
        lambda field: st.builds(
            ValueFilter,
            field=st.just(field),
            any_of=st.lists(st.sampled_from(VALUES[field]), max_size=2).map(tuple),
            none_of=st.lists(st.sampled_from(VALUES[field]), max_size=1).map(tuple),
        )
    ),
    max_size=2,
    unique_by=lambda wanted: wanted.field,
).map(tuple)

_weights = st.lists(
    st.tuples(st.sampled_from(TEXT_FIELDS), st.sampled_from((0.0, 0.5, 1.0, 3.0))),
    max_size=4,
    unique_by=lambda weight: weight[0],
)

ALL_FACETS: Final[tuple[Facet, ...]] = (
    *(ValueFacet(field) for field in KEYWORD_FIELDS),
    *(DateFacet(interval, match) for interval in Interval for match in DateMatch),
)

requests: st.SearchStrategy[SearchRequest] = st.builds(
    SearchRequest,
    query=queries,
    within=_restrictions,
    after=st.sampled_from((0, 0, 0, 1, 3, 1000)),
    filters=st.one_of(st.just(()), _filters),
    dates=st.one_of(st.none(), st.builds(DateFilter, _maybe_days, _maybe_days, st.sampled_from(DateMatch))),
    roles=st.one_of(st.just(ALL_BUT_CAPTION), st.frozensets(st.sampled_from(Role))),
    facets=st.lists(st.sampled_from(ALL_FACETS), max_size=4, unique=True).map(tuple),
    sort=st.sampled_from(Sort),
    offset=st.sampled_from((0, 0, 0, 1, 5)),
    limit=st.sampled_from((0, 1, 3, 10, 1000)),
    ranking=st.one_of(st.just(Ranking()), _weights.map(tuple).map(Ranking)),
    recency=st.one_of(st.none(), st.builds(Recency, st.sampled_from((1, 30, 365)), _days)),
)
"""Requests with any query, filters, facets, order, decay and page."""


def a_record(serial: int, **fields: object) -> Record:
    """An article in which nothing is known but what is given."""
    unknown: dict[str, object] = dict.fromkeys(TEXT_FIELDS, "") | dict.fromkeys(KEYWORD_FIELDS, ())
    return Record(serial=serial, **{**unknown, "date": None, **fields})  # type: ignore[arg-type]  # by name


def sample_history(articles: int = 320, seed: int = 1985) -> History:
    """A larger archive: postings of several blocks, long and short texts, several commits, replacements, deletions."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    every = [_sample_record(serial, chance) for serial in range(1, articles + 1)]
    half, most = articles // 2, articles * 9 // 10
    replaced = tuple(_sample_record(serial, chance) for serial in range(3, half, 7))
    return (
        Commit(upserts=tuple(every[:half])),
        Commit(upserts=tuple(every[half:most]), deletes=tuple(range(5, half, 11))),
        Commit(upserts=(*every[most:], *replaced), deletes=(articles - 1,)),
    )


def _sample_record(serial: int, chance: random.Random) -> Record:
    def text(most: int) -> str:
        return " ".join(chance.choices(WORDS, range(len(WORDS), 0, -1), k=chance.randint(0, most)))

    def some(field: str, most: int) -> tuple[str, ...]:
        return tuple(chance.sample(VALUES[field][:-1], k=chance.randint(0, most)))

    start = FIRST_DAY.toordinal() + chance.randint(0, 480)
    return Record(
        serial=serial,
        title=text(5),
        body=text(chance.choice((6, 30, 90))),
        captions=text(6),
        authors=text(2),
        region=_regions([(chance.choice(PLACES), chance.choice(tuple(Role))) for _ in range(chance.randint(0, 3))]),
        source=some("source", 1),
        topic=some("topic", 3),
        language=some("language", 1),
        date=chance.choice((None, (start, start), (start, start + 30), (start, start + 400))),
    )


def _days_between(first: str, last: str) -> tuple[int, int]:
    return dt.date.fromisoformat(first).toordinal(), dt.date.fromisoformat(last).toordinal()


_SINUIJU = tuple(region_value(place, Role.EVENT) for place in PLACES[0])
_NORTH = tuple(region_value(place, Role.SENDER) for place in PLACES[0][:2])
_CHINA = (region_value("cn", Role.CAPTION),)

FIVE_ARTICLES: Final = (
    a_record(1, body="smuggling of goods", region=_SINUIJU + _NORTH, date=_days_between("2020-03-05", "2020-03-05")),
    a_record(2, body="smuggling", region=_NORTH, topic=("smuggling",), date=_days_between("2018-10-01", "2018-10-31")),
    a_record(3, title="smuggling", body="the goods", region=_CHINA, source=("daily-nk",)),
    a_record(4, body="crackdown on goods", source=("daily-nk",), date=_days_between("2018-11-15", "2019-01-02")),
    a_record(5, body="smuggling smuggling", topic=("smuggling", "a,b"), date=_days_between("2020-03-05", "2020-03-05")),
)
"""A handful for examples worked out by hand."""
