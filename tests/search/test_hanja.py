"""Korean words in other letters, and as the other side of the border spells them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.hanja import MOST_READINGS, other_initials, readings, southern

SYLLABLES = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        pytest.param("新義州", ("신의주",), id="one reading each"),
        pytest.param("金正恩", ("금정은", "김정은"), id="a name read otherwise"),
        pytest.param("朝鮮勞動黨", ("조선로동당", "조선노동당"), id="within a word as either side has it"),
        pytest.param("女性", ("녀성", "여성"), id="at the beginning, too"),
        pytest.param("新義州시", ("신의주시",), id="mixed with hangul"),
        pytest.param("신의주", (), id="hangul needs no reading"),
        pytest.param("ひらがな", (), id="not Korean"),
        pytest.param("東京タワー", (), id="not all of it Korean"),
        pytest.param("MSS", (), id="Latin"),
        pytest.param("\uf981性", ("녀성", "여성"), id="a character for compatibility"),
    ],
)
def test_readings(word: str, expected: tuple[str, ...]) -> None:
    """Chinese characters are read in Korean, the reading taught at school first; words with other letters are not."""
    assert readings(word) == expected


def test_readings_are_limited() -> None:
    """A word of many characters with several readings has no more than the limit."""
    assert len(readings("金" * 8)) == MOST_READINGS


@pytest.mark.parametrize(
    ("north", "south"),
    [("로동", "노동"), ("련락", "연락"), ("녀성", "여성"), ("력사", "역사"), ("룡천", "용천"), ("래년", "내년")],
)
def test_both_sides_spell(north: str, south: str) -> None:
    """Either spelling of a word leads to the other."""
    assert south in other_initials(north)
    assert north in other_initials(south)


@pytest.mark.parametrize("word", ["쌀", "노", "시장", "USB카드", "", "나라", "남한"])
def test_others_are_left_alone(word: str) -> None:
    """Single letters, words that begin alike on both sides, and beginnings that mean something else are not respelt."""
    assert other_initials(word) == ()


@given(SYLLABLES)
def test_the_south_has_no_such_beginning(syllable: str) -> None:
    """What the rule makes of a syllable it leaves alone, and it changes nothing but the first sound."""
    changed = southern(syllable)
    assert southern(changed) == changed
    assert unicodedata.normalize("NFD", changed)[1:] == unicodedata.normalize("NFD", syllable)[1:]
