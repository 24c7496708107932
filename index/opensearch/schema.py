"""What an article is in an index on the cluster, made from `FIELDS`: the mapping, and the entry of a record.

Text fields hold the terms of our own analyser, with blanks between them, which the cluster's plainest analyser takes
apart again: the same terms at the same positions. Keyword fields hold ids. A region stands with the set of roles it has
in the article, `kp-sinuiju@event+sender`: one value for each article and region, so that counts of values add up to
counts of articles, for any choice of roles. Days are numbers, and so are the calendar units of a histogram.

What is analysed is indexed and not kept; the article is kept as the store has it, and is not indexed.

`IMPACT` is what words are scored by. It has each term of an article as often as BM25F's weighted frequency says, the
sum over fields of weight * frequency / length norm, in `IMPACT_STEPS` steps to one. Saturated and multiplied by idf,
which the cluster does, that is the score of the engine contract.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any, Final

import msgspec

from index.analysis import ANALYSIS_VERSION, terms
from index.document import Role
from index.fields import (
    FIELDS,
    FIELDS_VERSION,
    KEYWORD_FIELDS,
    TEXT_FIELDS,
    FieldKind,
    Record,
    record_from_document,
    region_from_value,
)

if TYPE_CHECKING:
    from index.document import Document

SCHEMA_VERSION: Final = 1
"""Changes with the mapping, or what is in it."""

INDEX_FORMAT: Final = f"os{SCHEMA_VERSION}.{ANALYSIS_VERSION}.{FIELDS_VERSION}"
"""What an index must be of to be read: its mapping, its terms and its fields are as this version makes them."""

SERIAL: Final = "serial"
ID: Final = "id"
DOCUMENT: Final = "document"
WORD: Final = "word"
ROLES: Final = "region_roles"
"""Fields besides those of `FIELDS`: the roles that any region has in an article, among others."""

UNITS: Final = ("day", "month", "year")

K1: Final = 2.0
B: Final = 0.75
"""Of the engine contract, which the write side does not know."""

IMPACT: Final = "impact"
"""The field of all terms that default rankings ask for, as often as their weighted frequency says."""

IMPACT_STEPS: Final = 8
"""How finely weighted frequencies are told apart: as many times a term stands there where a is 1."""

WEIGHT_SCALE: Final = 1024.0
"""What other rankings' weights are multiplied by, and k1 with them: the cluster takes no weight below 1."""

TYPICAL_LENGTHS: Final[Mapping[str, float]] = {"title": 10.0, "body": 300.0, "captions": 5.0, "authors": 1.0}
"""Average lengths of fields, in terms, where there are no articles to tell them from."""

PAGE_WINDOW: Final = 10_000
"""Hits that one request may go through; beyond, one follows the other."""

_ROLE_SETS: Final = tuple(chain.from_iterable(combinations(sorted(Role), size) for size in range(1, len(Role) + 1)))


@dataclass(frozen=True, slots=True)
class Entry:
    """An article as it is indexed: its serial, id, and fields but `IMPACT`; and the terms of each text field."""

    serial: int
    article: str
    fields: Mapping[str, Any]
    terms: Mapping[str, Sequence[str]]


def index_settings(*, shards: int, replicas: int) -> dict[str, Any]:
    """The settings of an index of articles: nothing is searchable before the writer says so."""
    return {
        "number_of_shards": shards,
        "number_of_replicas": replicas,
        "refresh_interval": "-1",
        "max_result_window": PAGE_WINDOW,
        "gc_deletes": "1h",  # so long a deleted article is not brought back by an older batch
        "codec": "best_compression",
        "similarity.default": {"type": "BM25", "k1": K1 * WEIGHT_SCALE, "b": B},
        "similarity.impact": {"type": "BM25", "k1": K1 * IMPACT_STEPS, "b": 0},
    }


def words_settings(*, replicas: int) -> dict[str, Any]:
    """The settings of an index of words."""
    return {"number_of_shards": 1, "number_of_replicas": replicas, "refresh_interval": "-1"}


WORDS_MAPPING: Final[Mapping[str, Any]] = {
    "dynamic": "strict",
    "_source": {"enabled": False},
    "properties": {WORD: {"type": "keyword", "doc_values": False}},
}
"""One entry for each term of any text field of any article there ever was; its id is the term."""


_TERMS: Final[Mapping[str, Any]] = {"type": "text", "analyzer": "whitespace", "search_analyzer": "keyword"}


def index_mapping() -> dict[str, Any]:
    """The mapping of an index of articles."""
    fields: dict[str, Any] = {
        SERIAL: {"type": "long"},
        ID: {"type": "keyword"},
        ROLES: {"type": "keyword"},
        DOCUMENT: {"type": "keyword", "index": False, "doc_values": False},
        IMPACT: {**_TERMS, "norms": False, "index_options": "freqs", "similarity": "impact"},
    }
    for field in FIELDS:
        match field.kind:
            case FieldKind.TEXT:
                fields[field.name] = _TERMS
            case FieldKind.KEYWORD:
                fields[field.name] = {"type": "keyword"}
            case FieldKind.DAYS:
                fields |= dict(_unit_fields(field.name))
    return {"dynamic": "strict", "_source": {"includes": [SERIAL, ID, DOCUMENT]}, "properties": fields}


def _unit_fields(field: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for unit in UNITS:
        for name in (first_unit(field, unit), last_unit(field, unit), only_unit(field, unit)):
            yield name, {"type": "integer", "index": unit == "day"}


def first_unit(field: str, unit: str) -> str:
    """The field with the number of the calendar unit in which an article's days begin."""
    return f"{field}_first_{unit}"


def last_unit(field: str, unit: str) -> str:
    """The field with the number of the calendar unit in which they end."""
    return f"{field}_last_{unit}"


def only_unit(field: str, unit: str) -> str:
    """The field with the number of the calendar unit in which they all lie, if there is one."""
    return f"{field}_only_{unit}"


def unit_number(unit: str, day: int) -> int:
    """The number of the calendar unit that a day (its ordinal) is in: as `search.engine.Interval.unit_of` has it."""
    date = dt.date.fromordinal(day)
    return {"day": day, "month": date.year * 12 + date.month - 1, "year": date.year}[unit]


def entry_from_document(serial: int, document: Document) -> Entry:
    """The entry of an article of the store."""
    record = record_from_document(serial, document)
    return entry_from_record(record, document.id, msgspec.json.encode(document).decode())


def entry_from_record(record: Record, article: str, document: str) -> Entry:
    """The entry of a record, the article's id, and the article as JSON."""
    fields: dict[str, Any] = {SERIAL: record.serial, ID: article, DOCUMENT: document}
    found = {field: terms(getattr(record, field)) for field in TEXT_FIELDS}
    fields |= {field: " ".join(several) for field, several in found.items()}
    roles = _roles_of(record.region)
    fields["region"] = [region_entry(region, own) for region, own in roles.items()]
    fields[ROLES] = sorted(set().union(*roles.values()))
    fields |= {field: list(getattr(record, field)) for field in KEYWORD_FIELDS if field != "region"}
    if record.date is not None:
        fields |= _days("date", *record.date)
    return Entry(record.serial, article, fields, found)


def impact_of(entry: Entry, lengths: Mapping[str, float]) -> str:
    """The field `IMPACT` of an article, where fields have these average lengths."""
    impact: defaultdict[str, float] = defaultdict(float)
    for field in FIELDS:
        found = entry.terms.get(field.name, ())
        if field.weight and found:
            step = IMPACT_STEPS * field.weight / ((1 - B) + B * len(found) / (lengths[field.name] or 1.0))
            for term, frequency in Counter(found).items():
                impact[term] += step * frequency
    return " ".join(" ".join([term] * max(1, round(steps))) for term, steps in impact.items())


def average_lengths(entries: Iterable[Entry]) -> dict[str, float]:
    """The average length of each text field of some articles, in terms."""
    total, count = Counter(dict.fromkeys(TEXT_FIELDS, 0)), 0
    for entry in entries:
        total.update({field: len(found) for field, found in entry.terms.items()})
        count += 1
    return {field: length / count for field, length in total.items()} if count else dict(TYPICAL_LENGTHS)


def _days(field: str, first: int, last: int) -> Iterator[tuple[str, int]]:
    for unit in UNITS:
        start, end = unit_number(unit, first), unit_number(unit, last)
        yield first_unit(field, unit), start
        yield last_unit(field, unit), end
        if start == end:
            yield only_unit(field, unit), start


def _roles_of(values: Iterable[str]) -> dict[str, set[Role]]:
    """The roles that each region has, of the keywords of a record."""
    roles: dict[str, set[Role]] = {}
    for region, role in map(region_from_value, values):
        roles.setdefault(region, set()).add(role)
    return roles


def region_entry(region: str, roles: Iterable[Role]) -> str:
    """The keyword of a region in the roles that it has in an article.

    >>> region_entry("kp-sinuiju", {Role.SENDER, Role.EVENT})
    'kp-sinuiju@event+sender'
    """
    return f"{region}@{'+'.join(sorted(roles))}"


def region_from_entry(entry: str) -> tuple[str, frozenset[Role]]:
    """The inverse of `region_entry`."""
    region, _, roles = entry.rpartition("@")
    return region, frozenset(map(Role, roles.split("+")))


def entries_of_region(region: str, roles: frozenset[Role]) -> list[str]:
    """The keywords of a region in any of some roles, whatever other roles it has there."""
    return [region_entry(region, having) for having in _ROLE_SETS if roles.intersection(having)]
