"""What is made of words that are in no article."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from string import ascii_lowercase
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.analysis import terms
from index.gazetteer import Gazetteer, Place
from search.query import Query, Term
from search.spelling import THOROUGH, WHILE_TYPING, Correction, PlaceWords, Speller
from search.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PLACES: Final = PlaceWords(
    Gazetteer(
        [
            Place("kp-north-pyongan", "North Pyongan", "province"),
            Place("kp-south-pyongan", "South Pyongan", "province"),
            Place("kp-pyongyang", "Pyongyang", "city"),
            Place("kp-hyesan", "Hyesan", "city"),
        ]
    )
)

ARTICLES: Final = {
    "smuggling": 40, "smuggler": 7, "rice": 90, "price": 60, "markets": 30, "pyongan": 12, "pyongyang": 80,
    "hyesan": 9, "authorities": 50, "raid": 3, "said": 100, "crackdown": 20, "kim": 200, "Musan": 5,
}  # fmt: skip
"""Words and how many articles have them."""


def distance(one: str, other: str) -> int:
    """Letters put in, left out, changed or swapped with their neighbour, to make one word of the other."""
    rows = [list(range(len(other) + 1))]
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, match in enumerate(other, start=1):
            row.append(min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != match)))
            if i > 1 and j > 1 and (letter, one[i - 2]) == (other[j - 2], match):
                row[-1] = min(row[-1], rows[-2][j - 2] + 1)
        rows.append(row)
    return rows[-1][-1]


class Words:
    """An archive of the words above, each in articles of its own: a vocabulary, and the articles."""

    def __init__(self, articles: Mapping[str, int]) -> None:
        self._written: dict[str, Counter[str]] = {}
        self.read: list[str] = []
        for word, count in articles.items():
            self._written.setdefault(terms(word)[0], Counter())[word] += count

    def known(self, words: Sequence[str]) -> frozenset[str]:
        """As `Vocabulary` says."""
        return frozenset(words) & self._written.keys()

    def near(self, word: str, most: int, *, beginning: str = "") -> dict[str, int]:
        """As `Vocabulary` says."""
        near = {term: distance(term, word) for term in self._written if term.startswith(beginning)}
        return {term: edits for term, edits in near.items() if edits <= most}

    def count(self, query: Query) -> int:
        """As `Articles` says."""
        assert isinstance(query, Term)
        return self._written.get(query.text, Counter()).total()

    def forms(self, term: str) -> Iterator[str]:
        """As `Articles` says."""
        self.read.append(term)
        return (form for form, _ in self._written[term].most_common())


def speller(articles: Mapping[str, int] = ARTICLES) -> Speller:
    """One of an archive of these words."""
    words = Words(articles)
    return Speller(PLACES, words, words)


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        pytest.param("smuglging", "smuggling", id="neighbours swapped"),
        pytest.param("smuggllng", "smuggling", id="a letter changed"),
        pytest.param("smugling", "smuggling", id="one left out"),
        pytest.param("smugggling", "smuggling", id="one too many"),
        pytest.param("smgling", "smgling", id="not two in seven letters"),
        pytest.param("smugglinng rise", "smuggling rice", id="each by itself"),
        pytest.param("authoroties", "authorities", id="in the ending, which is no part of the stem"),
        pytest.param("autorities", "authorities", id="and before it"),
        pytest.param("crackdwnn", "crackdown", id="two in eight letters"),
        pytest.param("ryce", "rice", id="four letters"),
        pytest.param("ric", "ric", id="not three"),
        pytest.param("dice", "rice", id="another first letter if nothing else fits"),
        pytest.param("prise", "price", id="but the same if something does"),
        pytest.param('"smugling"', '"smugling"', id="not in quotation marks"),
        pytest.param("title:smugling", "title:smugling", id="not in a field"),
        pytest.param("rice -smugling", "rice -smugling", id="not after a minus"),
        pytest.param("smugl*", "smugl*", id="not a beginning"),
        pytest.param("raids", "raids", id="not what is there, however rare"),
        pytest.param("2021", "2021", id="not numbers"),
        pytest.param("신의쥬", "신의쥬", id="not hangul"),
        pytest.param("hyesam", "hyesan", id="a place misspelt"),
        pytest.param("smugling OR ryce", "smuggling OR rice", id="alternatives"),
        pytest.param("", "*", id="nothing"),
    ],
)
def test_corrected(text: str, corrected: str) -> None:
    """Words that no article has are replaced by the nearest that some have, and nothing else is."""
    assert str(speller().correct(parse(text).query).query) == corrected


def test_corrections_are_told() -> None:
    """Each says what was asked, what was used in its place, as articles write it, and how many have it."""
    told = speller().correct(parse("smugling crackdwn").query)
    assert told.corrections == (Correction("smugling", "smuggling", 40), Correction("crackdwn", "crackdown", 20))


@pytest.mark.parametrize(
    ("asked", "archive", "used"),
    [
        pytest.param("diied", {"died": 8, "did": 41, "due": 300}, "died", id="not the nearest neighbour of the stem"),
        pytest.param("colour", {"colors": 8, "color": 3}, "color", id="the form within an edit, not the commonest"),
        pytest.param("smuglings", {"smuggling": 40}, "smuggling", id="two edits, one of them in the ending"),
        pytest.param("gruesse", {"Grüße": 3}, "Grüße", id="as it is written, and as near as when folded"),
        pytest.param("Straße", {"stress": 3}, None, id="no article has stresse"),
        pytest.param("naive", {"navy": 32}, None, id="no article has navie"),
        pytest.param("colour", {"colors": 8, "colorful": 4}, None, id="no article has color"),
        pytest.param("communizing", {"commons": 289, "common": 400}, None, id="no article has commonizing"),
        pytest.param("starvation", {"starts": 252, "start": 9}, None, id="only its stem is near, in one edit"),
        pytest.param("religion", {"regional": 50, "regions": 9}, None, id="only its stem is near, in two"),
        pytest.param("remittances", {"registers": 9}, None, id="farther than two edits"),
        pytest.param("naive", {"navy": 32, "natives": 20, "native": 9}, "native", id="what some articles do have"),
    ],
)
def test_what_is_used_is_near_to_what_was_asked(asked: str, archive: Mapping[str, int], used: str | None) -> None:
    """Terms are stems, which may be nearer than their words are: a word is replaced by what articles write near it."""
    found = [correction.used for correction in speller(archive).correct(Term(asked)).corrections]
    assert found == ([used] if used else [])


def test_what_is_offered_is_written_so() -> None:
    """Nor is another question offered with a word that no article has: defeator."""
    assert speller({"defector": 1, "defeats": 50, "defeated": 20}).find_better(Term("defector")) is None


@pytest.mark.parametrize(
    ("asked", "terms_read"),
    [
        pytest.param(Term("smugling"), ["smuggl"], id="one for a word that is written so"),
        pytest.param(Term("pyongyan"), ["pyongyang", "pyongan"], id="all places that it may be"),
        pytest.param(Term("xylophone"), [], id="none where nothing is near"),
    ],
)
def test_few_articles_are_read(asked: Term, terms_read: list[str]) -> None:
    """Those for what most articles have are read first, and others only if one place may be another."""
    words = Words(ARTICLES)
    Speller(PLACES, words, words).correct(asked)
    assert words.read == terms_read


def test_no_more_is_read_than_that() -> None:
    """However many terms are near that no article writes so, the articles for so many are read, and none is chosen."""
    vowels = "aeiou"
    crowd = {f"wa{one}{other}ted": 10 for one in ascii_lowercase for other in vowels}
    words = Words({**crowd, "wabble": 5})
    quick = Speller(PLACES, words, words, replace(THOROUGH, terms=3))
    quick.correct(parse("wabating waebting waibting").query)
    assert len(words.read) == 3


def test_a_word_that_is_there_is_not_mistaken_for_a_neighbour_of_its_stem() -> None:
    """Died is no slip of due."""
    assert speller({"died": 8, "due": 300}).find_better(Term("died")) is None


def test_one_place_is_never_another() -> None:
    """A word of one place's name isn't replaced by a word of another's, even if no article has it."""
    without = {word: count for word, count in ARTICLES.items() if word != "pyongan"}
    assert speller(without).correct(Term("pyongan")).corrections == ()
    assert speller().correct(Term("pyongang")).corrections == ()


def test_what_is_near_to_two_places_is_left_alone() -> None:
    """The reader is told which there are, and nothing is chosen."""
    told = speller().correct(Term("pyongyan"))
    assert (told.query, told.corrections) == (Term("pyongyan"), ())
    [notice] = told.notices
    assert notice.code == "undecided-place"
    assert "pyongan or pyongyang" in notice.detail


def test_few_words_are_looked_up() -> None:
    """However many words of a question are unknown, four are corrected."""
    told = speller().correct(parse("smugling ryce markats hyesam crackdwn autorities").query)
    assert len(told.corrections) == 4


@pytest.mark.parametrize(
    ("text", "corrected"),
    [
        pytest.param("crackdwn", "crackdown", id="one edit"),
        pytest.param("crakdwn", "crakdwn", id="two are too many"),
        pytest.param("rcackdown", "rcackdown", id="the first letter stays"),
        pytest.param("crackdwn authorites", "crackdown AND authorites", id="one word"),
    ],
)
def test_little_is_looked_for_while_somebody_types(text: str, corrected: str) -> None:
    """One edit of the first word that is in no article, after its first letter: all else takes too long."""
    quick = replace(speller(), effort=WHILE_TYPING)
    assert quick.correct(parse(text).query).query == parse(corrected).query


def test_what_finds_little_may_have_meant_more() -> None:
    """A word that is there is offered another that far more articles have, and one that isn't rare is not."""
    better = speller().find_better(parse("raid goods").query)
    assert better is not None
    assert (str(better.query), better.corrections) == ("said goods", (Correction("raid", "said", 100),))
    assert speller().find_better(parse("rice").query) is None
    assert speller().find_better(parse('"raid"').query) is None


@given(st.text(st.sampled_from('pyongasmrice OR"-()*'), max_size=40))
def test_whatever_is_asked(text: str) -> None:
    """What is corrected is there, what was there stays, and correcting twice changes nothing."""
    once = speller().correct(parse(text).query)
    assert all(correction.articles for correction in once.corrections)
    assert speller().correct(once.query).query == once.query
