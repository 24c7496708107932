"""Words and their terms: what is one word, what is the same word, and where it stands."""

from __future__ import annotations

import doctest
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import index.analysis
from index.analysis import MAX_TERM_LENGTH, fold, slug, terms, tokens, word_offsets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Smugglers smuggle", ["smuggler", "smuggl"], id="stems"),
        pytest.param("the of a", ["the", "of", "a"], id="stop words stay"),
        pytest.param("SINŬIJU Sinuiju", ["sinuiju", "sinuiju"], id="case and diacritics"),
        pytest.param("Sinu\u0306iju", ["sinuiju"], id="a combining mark does not end a word"),
        pytest.param("country’s country's", ["countri", "countri"], id="either apostrophe"),
        pytest.param("foreign-made", ["foreign", "made"], id="a hyphen ends a word"),
        pytest.param("신의주에서 新義州", ["신의주에서", "新義州"], id="hangul and hanja pass through"),
        pytest.param("ＣＯＶＩＤ-19", ["covid", "19"], id="full width"),
        pytest.param("Straße", ["strass"], id="folded, then stemmed"),
        pytest.param("“…” — !", [], id="no words"),
        pytest.param("x" * 100, ["x" * MAX_TERM_LENGTH], id="an endless word is cut"),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    """Each text has these terms, in order."""
    assert terms(text) == expected


@given(st.text())
def test_terms_tokens_and_offsets_agree(text: str) -> None:
    """Whatever the text: the same words, in order, none empty, each where it is said to stand."""
    found = list(tokens(text))
    assert [token.term for token in found] == terms(text)
    assert [(token.start, token.end) for token in found] == word_offsets(text)
    assert all(token.term and text[token.start : token.end] for token in found)
    assert all(before.end <= after.start for before, after in pairwise(found))


@given(st.text(alphabet=st.characters(categories=["L", "N"]), min_size=1))
def test_case_makes_no_difference(word: str) -> None:
    """A word in capitals folds to what the word folds to, as far as Unicode's own case mapping allows."""
    assert fold(word.casefold()) == fold(word)


def test_slugs() -> None:
    """Names that differ in case, marks or punctuation share an id."""
    assert {slug(name) for name in ("Daily NK", "daily-nk", " DAILY  NK! ")} == {"daily-nk"}
    assert slug("!!") == ""


def test_examples_in_the_docstrings() -> None:
    """What the docstrings show is so."""
    assert doctest.testmod(index.analysis).failed == 0
