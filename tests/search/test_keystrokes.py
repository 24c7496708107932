"""Hangul taken apart into the keys it is typed with."""

from __future__ import annotations

import doctest
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

import search.keystrokes
import search.suggest
from search.keystrokes import initial, initials, is_lone, is_syllable, keystrokes, syllables, without_final

SYLLABLES = st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)
WORDS = st.text(SYLLABLES, min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("word", "keys"),
    [
        pytest.param("신의주", "ㅅㅣㄴㅇㅡㅣㅈㅜ", id="syllables; a vowel of two keys"),
        pytest.param("닭", "ㄷㅏㄹㄱ", id="an end of two keys"),
        pytest.param("까", "ㄲㅏ", id="a double consonant is one key"),
        pytest.param("시ㄴ", "ㅅㅣㄴ", id="not yet joined"),
        pytest.param("\uffb5ㅣ", "ㅅㅣ", id="of half width"),
        pytest.param("ㄳ", "ㄱㅅ", id="two consonants in one letter"),
        pytest.param("covid", "covid", id="Latin"),
        pytest.param("平壤", "平壤", id="Chinese"),
    ],
)
def test_keys(word: str, keys: str) -> None:
    """What is pressed on a Korean keyboard."""
    assert keystrokes(word) == keys


@given(WORDS, WORDS)
def test_keys_only_grow(word: str, more: str) -> None:
    """A word's keys are those of its syllables one after the other, composed or decomposed."""
    assert keystrokes(word + more) == keystrokes(word) + keystrokes(more)
    assert keystrokes(unicodedata.normalize("NFD", word)) == keystrokes(word)
    assert keystrokes(word).startswith(keystrokes(initial(word[0])))


@given(WORDS)
def test_initial_consonants(word: str) -> None:
    """One for each syllable, and as letters by themselves they are read as such."""
    assert len(initials(word)) == len(word)
    assert syllables(word) is None
    assert syllables(initials(word)) == tuple(initials(word))
    assert all(map(is_syllable, word))
    assert all(map(is_lone, initials(word)))


@given(SYLLABLES)
def test_the_end_of_a_syllable(syllable: str) -> None:
    """Taken away, what is left is typed before it; a syllable without an end has none to take."""
    shorter = without_final(syllable)
    if shorter is None:
        assert keystrokes(syllable)[-1] not in initials("각난닫랄맘밥삿앙잦찿캌탙팦핳까싸")
    else:
        assert without_final(shorter) is None
        assert keystrokes(syllable).startswith(keystrokes(shorter))


@pytest.mark.parametrize("letter", ["a", "1", "平", "か", "\u0301"])
def test_other_letters_are_what_they_are(letter: str) -> None:
    """Nothing but hangul is taken apart."""
    assert initial(letter) == letter
    assert not is_syllable(letter)
    assert not is_lone(letter)
    assert without_final(letter) is None
    assert syllables(letter) is None


def test_the_examples_in_the_code_are_right() -> None:
    """What docstrings show is what happens."""
    assert doctest.testmod(search.keystrokes).failed == 0
    assert doctest.testmod(search.suggest).failed == 0
