"""Facets as shown: names, trees, cuts; counts pass through untouched."""

from __future__ import annotations

from index.document import Label
from search.engine import ValueCounts
from search.facets import FacetValue, facet_from_counts

KP, NORTH, SINUIJU = Label("kp", "North Korea"), Label("kp-np", "North Pyongan"), Label("kp-s", "Sinuiju")
CN, DANDONG = Label("cn", "China"), Label("cn-d", "Dandong")
LABELS = {
    "kp": (KP,),
    "kp-np": (KP, NORTH),
    "kp-s": (KP, NORTH, SINUIJU),
    "cn": (CN,),
    "cn-d": (CN, DANDONG),
}
COUNTS = ValueCounts((("kp", 5), ("kp-np", 3), ("cn", 2), ("cn-d", 2), ("kp-s", 2)), missing=1)


def _flat(values: tuple[FacetValue, ...]) -> list[tuple[str, int]]:
    return [pair for value in values for pair in [(value.id, value.count), *_flat(value.children)]]


def test_places_stand_under_what_they_lie_in() -> None:
    """A facet of regions is a forest, the larger sibling first, with the engine's own counts."""
    view = facet_from_counts(COUNTS, LABELS, selected=("kp-s",), size=20)
    assert _flat(view.values) == [("kp", 5), ("kp-np", 3), ("kp-s", 2), ("cn", 2), ("cn-d", 2)]
    assert view.values[0].children[0].children[0] == FacetValue(
        id="kp-s", path=("North Korea", "North Pyongan", "Sinuiju"), count=2, selected=True
    )
    assert (view.total_values, view.missing) == (5, 1)


def test_a_cut_keeps_ancestors_and_what_is_selected() -> None:
    """Only the largest are shown, but a selected value is always there, under its ancestors, and all are counted."""
    view = facet_from_counts(COUNTS, LABELS, selected=("cn-d",), size=1)
    assert _flat(view.values) == [("kp", 5), ("cn", 2), ("cn-d", 2)]
    assert view.total_values == 5


def test_what_is_selected_and_has_nothing_can_be_deselected() -> None:
    """A selected value that no match has is there with 0, behind those that have some, and is not counted."""
    flat = ValueCounts((("a", 1),), 0)
    labels = {name: (Label(name, name.upper()),) for name in "abcd"}
    view = facet_from_counts(flat, labels, selected=frozenset("dbx"), size=1)
    assert [(value.id, value.count, value.selected) for value in view.values] == [
        ("a", 1, False), ("b", 0, True), ("d", 0, True),
    ]  # fmt: skip
    assert view.total_values == 1
    some = facet_from_counts(flat, labels, selected=frozenset("bd"), size=1, accepted={"a", "d"})
    assert _flat(some.values) == [("a", 1), ("d", 0)]
    nothing = facet_from_counts(ValueCounts((), 3), labels, selected=("b",), size=20)
    assert (_flat(nothing.values), nothing.total_values, nothing.missing) == ([("b", 0)], 0, 3)


def test_a_selected_place_that_has_nothing_stands_under_what_it_lies_in() -> None:
    """Its ancestors are there with what they have, be it nothing, so that a reader finds it in its place."""
    counts = ValueCounts((("cn", 2), ("kp", 1)), 0)
    view = facet_from_counts(counts, LABELS, selected=("kp-s",), size=20)
    assert _flat(view.values) == [("cn", 2), ("kp", 1), ("kp-np", 0), ("kp-s", 0)]
    assert view.values[1].children[0].children[0].selected
    assert not view.values[1].children[0].selected
    assert view.total_values == 2


def test_a_parent_that_no_article_has_is_not_invented() -> None:
    """A value whose ancestors have no count of their own stands at the top."""
    view = facet_from_counts(ValueCounts((("kp-s", 2),), 0), LABELS, selected=(), size=5)
    assert _flat(view.values) == [("kp-s", 2)]


def test_only_some_values() -> None:
    """Values that are accepted are shown under their ancestors, and only they are counted among the values."""
    view = facet_from_counts(COUNTS, LABELS, selected=("cn-d",), size=20, accepted={"kp-np", "not-there"})
    assert _flat(view.values) == [("kp", 5), ("kp-np", 3)]
    assert view.total_values == 1
    assert facet_from_counts(COUNTS, LABELS, selected=(), size=20).total_values == 5
    assert facet_from_counts(COUNTS, LABELS, selected=(), size=20, accepted=()).values == ()
