"""Korean words without what is glued to them, and with blanks elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.korean import LONGEST_PARTED, SHORTEST_PART, spacings, with_particles, without_particle

HANGUL = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=16)


@pytest.mark.parametrize(
    ("word", "noun"),
    [
        pytest.param("신의주에서", "신의주", id="a particle"),
        pytest.param("녀성들이", "녀성", id="the longest of them"),
        pytest.param("밀수하다가", "밀수", id="a verb of a noun"),
        pytest.param("체포되였다", "체포", id="a verb, as the North writes it"),
        pytest.param("체포됐다", "체포", id="and the South"),
        pytest.param("MSS는", "MSS", id="behind Latin letters"),
        pytest.param("新義州에서", "新義州", id="behind hanja"),
        pytest.param("27일에", "27일", id="behind a number and a letter"),
        pytest.param("K팝을", "K팝", id="behind Latin and a letter"),
        pytest.param("109는", "109", id="behind a number"),
        pytest.param("10만", None, id="ten thousand, not only"),
        pytest.param("100만을", "100만", id="a particle behind ten thousand"),
        pytest.param("집에서", "집", id="of one letter, what is a particle for sure"),
        pytest.param("소보다", None, id="of one letter, what may be none"),
        pytest.param("가을", None, id="too little would be left"),
        pytest.param("북한", None, id="a name that ends like a verb"),
        pytest.param("신의주", None, id="nothing is glued to it"),
    ],
)
def test_without_particle(word: str, noun: str | None) -> None:
    """What is glued to a noun comes off, as long as two letters of it stay."""
    assert without_particle(word) == noun


@given(HANGUL)
def test_spacings_only_move_blanks(word: str) -> None:
    """A word's parts are its letters in order, none of them shorter than two; the word itself comes first."""
    found = spacings(word)
    assert found[0] == word
    assert len(set(found)) == len(found) <= LONGEST_PARTED
    for parted in found[1:]:
        assert parted.replace(" ", "") == word
        assert min(map(len, parted.split())) >= SHORTEST_PART


def test_three_parts_up_to_six_letters() -> None:
    """큰물피해복구 is found as three words."""
    assert "큰물 피해 복구" in spacings("큰물피해복구")


@pytest.mark.parametrize("text", ["109상무", "Group 109", "新義州", "쌀 값 kg"])
def test_other_scripts_keep_their_blanks(text: str) -> None:
    """Blanks move in hangul alone."""
    assert spacings(text) == (text,)


def test_one_letter_is_not_any_beginning() -> None:
    """쌀 is asked for before particles, and not as the beginning of 쌀쌀하다."""
    assert {"쌀을", "쌀값"} <= set(with_particles("쌀"))
    assert "쌀쌀" not in with_particles("쌀")
