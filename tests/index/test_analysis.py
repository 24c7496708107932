"""Words and their terms: what is one word, what is the same word, and where it stands."""

from __future__ import annotations

import doctest
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import index.analysis
from index.analysis import (
    CHANGED_BY_STEMMING,
    MAX_TERM_LENGTH,
    AnalysedText,
    fold,
    slug,
    stem,
    terms,
    tokens,
    word_offsets,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Smugglers smuggle", ["smuggler", "smuggl"], id="stems"),
        pytest.param("the of a", ["the", "of", "a"], id="stop words stay"),
        pytest.param("SINŬIJU Sinuiju", ["sinuiju", "sinuiju"], id="case and diacritics"),
        pytest.param("Sinu\u0306iju", ["sinuiju"], id="a combining mark does not end a word"),
        pytest.param("country’s country's", ["countri", "countri"], id="either apostrophe"),
        pytest.param("foreign-made", ["foreign", "made"], id="a hyphen ends a word"),
        pytest.param(
            "신의주에서 新義州", ["신의", "의주", "주에", "에서", "新義", "義州"], id="hangul and hanja go by pairs"
        ),
        pytest.param(
            "쌀 109상무 DailyNK가", ["쌀", "109", "상무", "dailynk", "가"], id="pairs end where a script does"
        ),
        pytest.param("\u1109\u1175\u11ab\u110b\u1174\u110c\u116e", ["신의", "의주"], id="hangul in separate letters"),
        pytest.param("신\u0301의 주'a", ["신", "의", "주", "a"], id="marks and apostrophes between are none"),
        pytest.param(
            "_crackdown_ on __all__ snake_case", ["crackdown", "on", "all", "snake_cas"], id="set off by underscores"
        ),
        pytest.param(
            "Ch\u02bbŏngjin P\u2018yŏngyang \u2018so\u2019", ["ch'ongjin", "p'yongyang", "so"], id="other apostrophes"
        ),
        pytest.param("हिन्दी भाषा", ["हिन्दी", "भाषा"], id="vowels that are marks"),
        pytest.param("مُحَمَّد محمد مـحمد", ["محمد"] * 3, id="points of Arabic, and letters drawn out"),
        pytest.param("שָׁלוֹם", ["שלום"], id="points of Hebrew"),
        pytest.param("ـ", ["ـ"], id="what would leave nothing stays"),
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
    """Whatever the text: the same terms, in order, none empty, each within the word it is said to stand in."""
    found = list(tokens(text))
    assert [token.term for token in found] == terms(text)
    assert all(token.term and text[token.start : token.end] for token in found)
    assert all(before.start < after.start and before.end < after.end for before, after in pairwise(found))
    words = word_offsets(text)
    assert [text[start:end] for start, end in words if not any(start <= token.start < end for token in found)] == []
    assert all(any(start <= token.start < token.end <= end for start, end in words) for token in found)


@given(st.text(st.sampled_from("신의주에서 aA1_'\u0301新義\u1109\u1175\u11ab")))
def test_mixed_scripts_agree_too(text: str) -> None:
    """The same of texts in which scripts meet within words."""
    test_terms_tokens_and_offsets_agree.hypothesis.inner_test(text)  # type: ignore[attr-defined]  # hypothesis adds it


SUFFIXES = (
    "s", "es", "ies", "ied", "ed", "edly", "ing", "ingly", "ying", "y", "ly", "tional", "enci", "ency", "ably",
    "ization", "ational", "ator", "alism", "ality", "fulness", "ousness", "iveness", "bility", "bly", "ogy",
    "ogist", "lessly", "icate", "ical", "ative", "ance", "ement", "ion", "e", "ll", "'s", "eed", "sses", "us",
)  # fmt: skip
GLUED = st.lists(
    st.sampled_from(
        [
            "goods",
            "Goods",
            "o'neil",
            "a_b",
            "_",
            "'",
            "’",
            "‘",
            "—",
            " ",
            "  ",
            "\u3000",
            "신의주",
            "\u0301",
            "ि",
            "ـ",
            "x" * 70,
        ]
    )
)


@given(st.one_of(st.text(), GLUED.map("".join), GLUED.map(" ".join)))
def test_an_analysed_text_is_its_tokens(text: str) -> None:
    """Whatever the text: terms, where each word stands and where the words of each term stand are as `tokens` says."""
    found = list(tokens(text))
    analysed = AnalysedText(text)
    assert analysed.terms() == {token.term for token in found}
    for term in {token.term for token in found} | {"absent", ""}:
        at = [position for position, token in enumerate(found) if token.term == term]
        places = [(found[position].start, found[position].end) for position in at]
        assert analysed.places(term) == places
        assert analysed.positions(term) == at
        assert [analysed.place(position) for position in at] == places
    for prefix in {token.term[:length] for token in found for length in (1, 2, 5)}:
        places = [(token.start, token.end) for token in found if token.term.startswith(prefix)]
        assert analysed.places_beginning(prefix) == places


@given(st.text(alphabet="aeiouybcdghlmnstz'", min_size=1, max_size=6), st.lists(st.sampled_from(SUFFIXES), max_size=3))
def test_a_stem_begins_as_its_word_does(beginning: str, endings: list[str]) -> None:
    """But for its last letters, so that words of a term are among those that begin as it does."""
    word = (beginning + "".join(endings)).strip("'")
    if word:
        stemmed = stem(word)
        assert word.startswith(stemmed[: max(1, len(stemmed) - CHANGED_BY_STEMMING)])


def test_a_full_vocabulary_is_replaced_and_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """More different words than are remembered are analysed all the same, even by who began with the old one."""
    monkeypatch.setattr(index.analysis._Vocabulary, "MOST_CHARACTERS", 50)  # noqa: SLF001 - a limit to be met soon
    before = AnalysedText("goods seized at the border, seized goods")
    for number in range(20):
        assert terms(f"goods{number} seized") == [f"goods{number}", "seiz"]
    assert before.places("seiz") == [(6, 12), (28, 34)]
    assert before.positions("seiz") == [1, 5]


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
