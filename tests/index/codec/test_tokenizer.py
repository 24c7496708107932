"""The compiled tokenizer against the analyser that it must agree with, on every string."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index import analysis
from index.codec import tokenizer
from index.codec.tokenizer import PIECE, Tokenizer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

APOSTROPHES = "'\u2019\u02bc\uff07"
TRICKY = (
    f"aAbIJ_01{APOSTROPHES}- \n\0éıİſßŭ\u0300\u030c\u0307\u0345\u0331\ufb01\u1e9e"
    "\ud55c\u1112\u3000\uff21\U00010400\U000e0101\ud800\udc00"
)

hostile = st.lists(st.text(st.characters(exclude_categories=())) | st.text(TRICKY), max_size=8)


@pytest.fixture
def tiny_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts are cut after every few characters."""
    monkeypatch.setattr(tokenizer, "PIECE", 3)


def terms_of(texts: Sequence[str], found: Tokenizer | None = None) -> Iterator[list[str]]:
    """The terms of each text, as the tokenizer has them."""
    found = found or Tokenizer()
    found.add(texts)
    terms = np.array([term.decode() for term in found.terms] or [""], np.object_)
    start = 0
    for end in found.text_ends.tolist():
        yield terms[found.tokens[start:end]].tolist()
        start = end


def require_agreement(texts: Sequence[str], found: Tokenizer | None = None) -> None:
    """See that the tokenizer says of each text what the analyser says."""
    for text, own in zip(texts, terms_of(texts, found), strict=True):
        assert own == analysis.terms(text)


@pytest.mark.parametrize("plane", range(17))
def test_every_character_is_seen_as_the_analyser_sees_it(plane: int) -> None:
    """At the beginning, inside and at the end of words, and by apostrophes, each code point makes the analyser's terms.

    Between letters of either case, too, as the tokenizer takes those for the same word.
    """
    characters = map(chr, range(plane << 16, (plane + 1) << 16))
    lines = [f"X{c}y'{c} x{c}Y'{c} {c}'a\n" for c in characters]
    require_agreement(["".join(lines[at : at + 1024]) for at in range(0, len(lines), 1024)])


@given(hostile)
def test_random_texts_have_the_analysers_terms(texts: list[str]) -> None:
    """Whatever the texts are made of, lone surrogates too, their terms are the analyser's."""
    require_agreement(texts)


@pytest.mark.usefixtures("tiny_pieces")
@given(texts=hostile)
def test_texts_cut_in_pieces_have_the_same_terms(texts: list[str]) -> None:
    """A word that lies across two pieces is one word."""
    require_agreement(texts)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x" * 1_000_000, id="one word"),
        pytest.param("x" * (PIECE - 1) + "'y z", id="an apostrophe at the end of a piece"),
        pytest.param("x" * PIECE + "'" + "y" * PIECE + "'", id="an apostrophe between pieces"),
        pytest.param("x" * (PIECE + 1) + " " + "y" * 3 * PIECE, id="two long words"),
        pytest.param("'" * 500_000 + "a'", id="apostrophes"),
        pytest.param("a'" * 300_000, id="letters and apostrophes"),
        pytest.param("ŭ" * 300_000 + " 로동신문" * 100_000, id="marks and Korean"),
        pytest.param("e\u0301" * 400_000, id="combining marks"),
        pytest.param(" " * 1_000_000, id="no word"),
    ],
)
def test_long_texts_have_the_analysers_terms(text: str) -> None:
    """Texts longer than a piece are cut between words, wherever that is."""
    require_agreement(["before", text, "", "after it"])


def test_many_words_are_kept_apart() -> None:
    """As many different words as make the table grow again and again are still told from each other."""
    words = [f"{'w' * (number % 11)}{number}x" for number in range(60_000)]
    require_agreement([" ".join(words), " ".join(reversed(words))])


def test_words_are_known_from_text_to_text() -> None:
    """A word keeps its number and its term when texts are forgotten, and starts anew when words are."""
    found = Tokenizer()
    require_agreement(["Goods and goods"], found)
    assert (found.terms, found.tokens.tolist()) == ([b"good", b"and"], [0, 1, 0])
    found.clear()
    require_agreement(["and more GOODS"], found)
    assert (found.terms, found.tokens.tolist()) == ([b"good", b"and", b"more"], [1, 2, 0])
    assert [found.terms[number] for number in found.term_order()] == [b"and", b"good", b"more"]
    found.forget_words()
    require_agreement(["more"], found)
    assert (found.terms, found.tokens.tolist()) == ([b"more"], [0])


def test_words_of_the_same_term_share_it() -> None:
    """Words that differ in case, marks or ending have numbers of their own and one term."""
    found = Tokenizer()
    found.add(["Sinŭiju SINUIJU sinuiju's smuggling smugglers"])
    assert [found.terms[number] for number in found.tokens] == [b"sinuiju"] * 3 + [
        b"smuggl",
        b"smuggler",
    ]


def test_what_is_held_is_counted() -> None:
    """The estimate of memory grows with tokens and with words."""
    found = Tokenizer()
    nothing = found.held_bytes
    found.add(["word " * 1000])
    some = found.held_bytes
    found.add([" ".join(f"w{number}" for number in range(1000))])
    assert nothing + 4000 <= some < found.held_bytes - 1000 * sys.getsizeof(b"w999")
