"""What an article is in an index on a cluster."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import terms
from index.document import Role
from index.fields import FIELDS, KEYWORD_FIELDS, TEXT_FIELDS, region_value
from index.opensearch import schema
from index.opensearch.schema import (
    IMPACT_STEPS,
    UNITS,
    WEIGHT_SCALE,
    average_lengths,
    entries_of_region,
    entry_from_record,
    impact_of,
    index_mapping,
    index_settings,
    region_entry,
    region_from_entry,
    unit_number,
)
from search.engine import K1, B, Interval, Ranking
from tests.contract.archives import VALUES, a_record, records

if TYPE_CHECKING:
    from index.fields import Record

roles = st.frozensets(st.sampled_from(Role), min_size=1)


@given(record=records(st.integers(1, 9)))
def test_every_field_of_an_entry_is_mapped(record: Record) -> None:
    """The mapping is strict, so an entry holds nothing that it doesn't name, and all that `FIELDS` does."""
    entry = entry_from_record(record, "id", "{}")
    mapped = index_mapping()["properties"]
    assert entry.fields.keys() <= mapped.keys()
    assert {field.name for field in FIELDS if field.name != "date"} <= entry.fields.keys()
    assert {field: " ".join(entry.terms[field]) for field in TEXT_FIELDS}.items() <= entry.fields.items()
    assert schema.IMPACT in mapped


@given(text=st.text(st.characters(exclude_categories=["Cs"])))
def test_blanks_part_the_terms_of_a_text_again(text: str) -> None:
    """No term has a blank in it, or is empty or very long, so the cluster finds our terms at our positions."""
    entry = entry_from_record(a_record(1, body=text), "id", "{}")
    assert str(entry.fields["body"]).split() == terms(text)
    assert all(len(word) <= 255 for word in entry.terms["body"])


@given(region=st.sampled_from(VALUES["region"]), having=roles)
def test_a_region_and_its_roles_are_one_keyword(region: str, having: frozenset[Role]) -> None:
    """Both can be read from it, whatever the region's id holds."""
    assert region_from_entry(region_entry(region, having)) == (region, having)


@given(having=roles, asked=st.frozensets(st.sampled_from(Role)))
def test_a_region_is_found_in_any_of_the_roles_asked(having: frozenset[Role], asked: frozenset[Role]) -> None:
    """Its keyword is among those looked for if, and only if, it has one of the roles."""
    assert (region_entry("kp", having) in entries_of_region("kp", asked)) == bool(having & asked)


def test_an_article_has_one_keyword_for_each_region() -> None:
    """However many roles a region has there, so that counting keywords counts articles."""
    tagged = tuple(region_value(region, role) for region in ("kp", "cn") for role in (Role.EVENT, Role.SENDER))
    entry = entry_from_record(a_record(1, region=(*tagged, region_value("kp", Role.CAPTION))), "id", "{}")
    assert entry.fields["region"] == ["kp@caption+event+sender", "cn@event+sender"]
    assert entry.fields["region_roles"] == ["caption", "event", "sender"]


@pytest.mark.parametrize("interval", list(Interval))
@given(day=st.dates())
def test_calendar_units_have_the_numbers_of_the_contract(interval: Interval, day: dt.date) -> None:
    """What the index calls a unit is what a date facet calls it."""
    assert interval in UNITS
    assert unit_number(interval, day.toordinal()) == interval.unit_of(day)


def test_an_interval_has_a_unit_of_its_own_if_it_lies_in_one() -> None:
    """Two days of one month are of that month and year, and of no day."""
    days = (dt.date(2020, 3, 5).toordinal(), dt.date(2020, 3, 6).toordinal())
    fields = entry_from_record(a_record(1, date=days), "id", "{}").fields
    assert {name: fields.get(f"date_only_{name}") for name in UNITS} == {
        "day": None,
        "month": 2020 * 12 + 2,
        "year": 2020,
    }


def test_scores_have_the_parameters_of_the_contract() -> None:
    """k1 and b are those of the other engines; weights are scaled up, and k1 with them."""
    settings = index_settings(shards=3, replicas=1)
    assert settings["similarity.default"] == {"type": "BM25", "k1": K1 * WEIGHT_SCALE, "b": B}
    assert settings["similarity.impact"] == {"type": "BM25", "k1": K1 * IMPACT_STEPS, "b": 0}


LENGTHS = {"title": 4.0, "body": 40.0, "captions": 0.0, "authors": 2.0}


@given(record=records(st.integers(1, 9)))
def test_impact_is_the_weighted_frequency_of_the_contract(record: Record) -> None:
    """Each term of a field with weight, as often as BM25F's sum over fields says, and no term never."""
    entry = entry_from_record(record, "id", "{}")
    found = Counter(impact_of(entry, LENGTHS).split())
    expected: defaultdict[str, float] = defaultdict(float)
    for field, weight in Ranking().weights:
        norm = (1 - B) + B * len(entry.terms[field]) / (LENGTHS[field] or 1)
        for term in entry.terms[field]:
            expected[term] += weight / norm
    assert found == {term: max(1, round(IMPACT_STEPS * a)) for term, a in expected.items()}


def test_average_lengths_are_those_of_the_articles() -> None:
    """In terms; where there are no articles, something that is typical."""
    entries = [entry_from_record(a_record(serial, body="one two " * serial), "id", "{}") for serial in (1, 2)]
    assert average_lengths(entries) == {"title": 0.0, "body": 3.0, "captions": 0.0, "authors": 0.0}
    assert average_lengths([]) == schema.TYPICAL_LENGTHS
    assert schema.TYPICAL_LENGTHS.keys() == set(TEXT_FIELDS)


def test_keyword_fields_are_mapped_as_such() -> None:
    """So that each can be counted and filtered by."""
    mapped = index_mapping()["properties"]
    assert {name for name in KEYWORD_FIELDS if mapped[name] == {"type": "keyword"}} == set(KEYWORD_FIELDS)
    assert schema.ROLES in mapped
