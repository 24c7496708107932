"""Matching one article without an index: spans of leaves, whole queries."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import terms
from search.query import Near, Phrase, Prefix, Term, Words
from search.spans import FieldWords, find_spans

TEXT = "The crackdown on South Korean goods: goods from South Korea, not the goods."
#       0   1         2  3     4      5      6     7    8     9      10  11  12


@pytest.mark.parametrize(
    ("leaf", "spans"),
    [
        pytest.param(Term("good"), [(5, 5), (6, 6), (12, 12)], id="term"),
        pytest.param(Term("absent"), [], id="absent term"),
        pytest.param(Prefix("kor"), [(4, 4), (9, 9)], id="prefix"),
        pytest.param(Phrase(("south", "korean")), [(3, 4)], id="phrase"),
        pytest.param(Phrase(("good", "good")), [(5, 6)], id="phrase of one word twice"),
        pytest.param(Phrase(("korean", "south")), [], id="phrase in the wrong order"),
        pytest.param(Near(("korean", "south"), 0), [(3, 4)], id="near, any order"),
        pytest.param(Near(("good", "crackdown"), 3), [(1, 5)], id="near, three between"),
        pytest.param(Near(("good", "crackdown"), 2), [], id="too far"),
        pytest.param(Near(("good", "good"), 0), [(5, 6)], id="near itself needs two"),
        pytest.param(Near(("crackdown", "crackdown"), 9), [], id="there is but one"),
    ],
)
def test_spans(leaf: Words, spans: list[tuple[int, int]]) -> None:
    """Each leaf matches at the positions its definition says."""
    assert find_spans(leaf, FieldWords(TEXT)) == spans


def test_spans_point_at_characters() -> None:
    """Positions turn into exact characters of the text."""
    words = FieldWords(TEXT)
    start, end = words.characters(*find_spans(Phrase(("south", "korean")), words)[0])
    assert TEXT[start:end] == "South Korean"


@given(
    st.lists(st.sampled_from("abc"), max_size=10),
    st.lists(st.sampled_from("abc"), min_size=2, max_size=3),
    st.integers(0, 4),
)
def test_near_is_its_definition(text: list[str], near: list[str], distance: int) -> None:
    """Near matches exactly when positions can be chosen as its definition says, by trying all of them."""
    assert terms(" ".join(text)) == text
    possible = any(
        max(chosen) - min(chosen) + 1 - len(near) <= distance
        for chosen in permutations(range(len(text)), len(near))
        if [text[at] for at in chosen] == near
    )
    assert bool(find_spans(Near(tuple(near), distance), FieldWords(" ".join(text)))) == possible
