"""Suggestions: names found by the beginning of any word of any spelling, with exact counts."""

from __future__ import annotations

import pytest

from index.document import Label
from index.gazetteer import Gazetteer, Place
from search.suggest import Names

PLACES = Gazetteer([
    Place("kp", "North Korea", "country", None, ("DPRK", "조선")),
    Place("kp-north-pyongan", "North Pyongan", "province", "kp", ("평안북도",)),
    Place("kp-pyongyang", "Pyongyang", "city", "kp", ("평양", "P’yŏngyang")),
    Place("kp-kangwon", "Kangwon", "province", "kp"),
    Place("kr-kangwon", "Kangwon", "province", "kr"),
    Place("kr", "South Korea", "country"),
    Place("kp-hyesan", "Hyesan", "city", "kp"),
])  # fmt: skip
COUNTS = {"kp": 9, "kp-north-pyongan": 4, "kp-pyongyang": 7, "kp-kangwon": 2, "kr-kangwon": 1, "kr": 3, "moon-base": 5}
LABELS = {id_: PLACES.path(id_) for id_ in COUNTS if id_ in PLACES.places} | {
    "moon-base": (Label("moon-base", "Moon Base"),)
}


@pytest.fixture
def names() -> Names:
    """Seven places; one is not in the gazetteer."""
    return Names(COUNTS, LABELS, PLACES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "pyong", ["Pyongyang", "North Pyongan"], id="names that begin so before names with a word that does"
        ),
        pytest.param("PYŎNG", ["Pyongyang", "North Pyongan"], id="case and marks do not matter"),
        pytest.param("north", ["North Korea", "North Pyongan"], id="more articles first"),
        pytest.param("north k", ["North Korea"], id="the last of several words is unfinished"),
        pytest.param("p’yong", ["Pyongyang (P’yŏngyang)"], id="another romanization"),
        pytest.param("korea", ["North Korea", "South Korea"], id="a word inside"),
        pytest.param("nort kor", [], id="only the last word may be unfinished"),
        pytest.param("korea north", [], id="words stand in their order"),
        pytest.param("평", ["Pyongyang (평양)", "North Pyongan (평안북도)"], id="another script, the spelling shown"),
        pytest.param("dprk", ["North Korea (DPRK)"], id="another name"),
        pytest.param("kang", ["Kangwon, North Korea", "Kangwon, South Korea"], id="equal names say where they lie"),
        pytest.param("moon", ["Moon Base"], id="a place that no gazetteer has"),
        pytest.param("hyesan", [], id="a place that no article has"),
        pytest.param("", [], id="nothing typed"),
        pytest.param("?!", [], id="no word"),
    ],
)
def test_names_are_found_as_they_are_typed(names: Names, text: str, expected: list[str]) -> None:
    """Each word but the last whole, the last perhaps unfinished, at any word of any spelling of what occurs."""
    assert [value.text for value in names.find(text, 10)] == expected


def test_counts_are_those_given_and_no_value_is_found_twice(names: Names) -> None:
    """A value that goes by several names like the one typed is one suggestion."""
    found = names.find("p", 10)
    assert [(value.id, value.count) for value in found] == [("kp-pyongyang", 7), ("kp-north-pyongan", 4)]


def test_no_more_are_found_than_wanted(names: Names) -> None:
    """The first are the likeliest."""
    assert [value.id for value in names.find("k", 1)] == ["kp-kangwon"]
