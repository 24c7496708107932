"""From words and names as typed to terms and ids as engines take them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.analysis import fold, stem, terms, tokens
from index.gazetteer import Gazetteer, Place
from search.korean import WITH_ONE_LETTER
from search.query import And, Near, Not, Nothing, Or, Phrase, Prefix, Query, Term, Value, leaves
from search.rewrite import rewrite, understand, value_ids
from search.syntax import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

GAZETTEER = Gazetteer(
    [
        Place("kp", "North Korea", "country", names=("DPRK",)),
        Place("kp-kangwon", "Kangwon", "province", parent="kp"),
        Place("kp-sinuiju", "Sinuiju", "city", parent="kp", names=("Sinŭiju", "신의주")),
        Place("kr", "South Korea", "country"),
        Place("kr-gangwon", "Gangwon", "province", parent="kr", names=("Kangwon",)),
    ]
)

SEEDS = Path(__file__).parents[2] / "seeds"
KCNA = Path(__file__).parents[3] / "shared" / "data" / "kcna_2011_2012.jsonl.gz"


def before_a_particle(syllable: str, *before: str, but: str = "") -> Iterator[Query]:
    """A syllable with whatever may be glued to it, behind other terms."""
    for glued in WITH_ONE_LETTER:
        words = (*before, *terms(syllable + glued))
        if syllable + glued != but:
            yield Phrase(words) if len(words) > 1 else Term(words[0])


@pytest.mark.parametrize(
    ("text", "query"),
    [
        pytest.param("Smugglers", Term("smuggler"), id="stemmed and folded"),
        pytest.param("SINŬIJU", Term("sinuiju"), id="diacritics"),
        pytest.param("foreign-made", Phrase(("foreign", "made")), id="a word of two terms is a phrase"),
        pytest.param('"Solar Panels"', Phrase(("solar", "panel")), id="phrase"),
        pytest.param('"panels"', Term("panel"), id="phrase of one word"),
        pytest.param('"foreign-made goods"', Phrase(("foreign", "made", "good")), id="two words, three terms"),
        pytest.param('title:"the markets"', Phrase(("the", "market"), "title"), id="stop words stay"),
        pytest.param('"markets open"~3', Near(("market", "open"), 3), id="near"),
        pytest.param(
            '"covid-19 cases"~2',
            And((Near(("covid", "19", "case"), 2), Phrase(("covid", "19")))),
            id="near, and a word of two terms as it is written",
        ),
        pytest.param('"...covid ..."~2', Term("covid"), id="near nothing else"),
        pytest.param("신의*", Term("신의"), id="a prefix of a pair is that pair"),
        pytest.param("신의주*", Phrase(("신의", "의주")), id="a prefix of several pairs is their phrase"),
        pytest.param("신의주", Phrase(("신의", "의주")), id="hangul is a phrase of pairs"),
        pytest.param(
            "쌀",
            Or((Term("쌀"), *(before_a_particle("쌀")))),
            id="a letter of hangul is found before a particle",
        ),
        pytest.param(
            "2020년",
            Or((Phrase(("2020", "년")), *before_a_particle("년", "2020"))),
            id="a letter of hangul behind a number is, too",
        ),
        pytest.param(
            "2020년에",
            Or((Phrase(("2020", "년에")), Phrase(("2020", "년")), *before_a_particle("년", "2020", but="년에"))),
            id="and its particle comes off",
        ),
        pytest.param(
            "10만", Or((Phrase(("10", "만")), *before_a_particle("만", "10"))), id="ten thousand is no particle"
        ),
        pytest.param(
            '"2020년"', Or((Phrase(("2020", "년")), *before_a_particle("년", "2020"))), id="in quotation marks"
        ),
        pytest.param("2020년*", Or((Phrase(("2020", "년")), *before_a_particle("년", "2020"))), id="and with a star"),
        pytest.param("米", Or((Term("米"), Prefix("米"))), id="a Chinese character begins pairs"),
        pytest.param(
            "쌀가격을",
            Or((Phrase(("쌀가", "가격", "격을")), Phrase(("쌀가", "가격")))),
            id="three letters are not parted",
        ),
        pytest.param(
            "무산광산",
            Or((Phrase(("무산", "산광", "광산")), Phrase(("무산", "광산")))),
            id="in parts as well",
        ),
        pytest.param('"무산광산"', Phrase(("무산", "산광", "광산")), id="in quotation marks as it is"),
        pytest.param(
            "체포되였다", Or((Phrase(("체포", "포되", "되였", "였다")), Term("체포"))), id="the noun in a verb"
        ),
        pytest.param(
            "신의주에서",
            Or((Phrase(("신의", "의주", "주에", "에서")), Phrase(("신의", "의주")))),
            id="with its particle and without",
        ),
        pytest.param('"제품을"', Phrase(("제품", "품을")), id="in quotation marks, with its particle only"),
        pytest.param("region:신의주", Value("region", "kp-sinuiju"), id="region in hangul"),
        pytest.param('region:"North Korea > Sinuiju"', Value("region", "kp-sinuiju"), id="region by path"),
        pytest.param("region:atlantis", Value("region", "atlantis"), id="unknown region"),
        pytest.param(
            "region:kangwon",
            Or((Value("region", "kp-kangwon"), Value("region", "kr-gangwon"))),
            id="a name of two places means either",
        ),
        pytest.param("language:Korean", Value("language", "ko"), id="language by name"),
        pytest.param("language:ko", Value("language", "ko"), id="language by code"),
        pytest.param('source:"Daily NK"', Value("source", "daily-nk"), id="source by name"),
        pytest.param('topic:"South Korean goods"', Value("topic", "south-korean-goods"), id="topic by name"),
        pytest.param("-Markets", Not(Term("market")), id="negation"),
    ],
)
def test_rewrite(text: str, query: Query) -> None:
    """Words become terms of the analyser, values become ids."""
    assert rewrite(parse(text).query, GAZETTEER) == query


def test_prefix_asks_for_stems_shorter_than_itself() -> None:
    """`country*` also asks for the stem of country, which does not begin so."""
    assert Term("countri") in leaves(rewrite(Prefix("country"), GAZETTEER))
    assert Term("democrat") in leaves(rewrite(Prefix("democrati"), GAZETTEER))


def test_unknown_place_is_said() -> None:
    """A region that the gazetteer lacks is searched all the same, with a notice."""
    question = understand("a -region:atlantis", gazetteer=GAZETTEER)
    assert [notice.code for notice in question.warnings] == ["unknown-place"]
    assert str(question.parsed) == "a -region:atlantis"


def test_nothing_searchable_finds_nothing() -> None:
    """A question without a word does not show the whole archive."""
    assert understand("???", gazetteer=GAZETTEER).query == Nothing()


def test_regions_by_any_name() -> None:
    """A region may be an id, a spelling or a path; an unknown one stands for its own slug."""
    assert value_ids("region", "kp-sinuiju", GAZETTEER) == ("kp-sinuiju",)
    assert value_ids("region", "DPRK", GAZETTEER) == ("kp",)
    assert value_ids("region", "South Korea > Kangwon", GAZETTEER) == ("kr-gangwon",)
    assert value_ids("region", "South Korea > Sinuiju", GAZETTEER) == ("south-korea-sinuiju",)


@pytest.mark.parametrize("name", ["Radio Free Asia", "radio-free-asia", "RFA", "rfa", "자유아시아방송"])
def test_sources_by_any_name(name: str) -> None:
    """Articles that say RFA are filed under the publisher's id; whoever asks for RFA means them."""
    assert rewrite(Value("source", name), GAZETTEER) == Value("source", "radio-free-asia")


def test_names_that_are_not_known_stand_for_themselves() -> None:
    """An archive has sources that we never heard of, and topics may be called like a publisher."""
    assert value_ids("source", "The Village Post", GAZETTEER) == ("the-village-post",)
    assert value_ids("topic", "RFA", GAZETTEER) == ("rfa",)
    assert value_ids("language", "Korean", GAZETTEER) == ("ko",)


def _missed(words: set[str]) -> tuple[int, int]:
    """How many (beginning, word) pairs there are, and how many of the words a search for the beginning misses."""
    missed = pairs = 0
    asked: dict[str, tuple[Query, ...]] = {}
    for word in words:
        term = stem(word)
        for length in range(3, len(word) + 1):
            beginning = word[:length]
            if beginning not in asked:
                asked[beginning] = leaves(rewrite(Prefix(beginning), GAZETTEER))
            pairs += 1
            missed += not any(
                term.startswith(leaf.text) if isinstance(leaf, Prefix) else leaf == Term(term)
                for leaf in asked[beginning]
            )
    return pairs, missed


def _vocabulary(text: str) -> set[str]:
    return {fold(text[token.start : token.end]) for token in tokens(text)} - {""}


def test_prefixes_find_the_words_of_the_seeds() -> None:
    """Nearly every beginning of every word in the seeds finds the word, though the index holds stems."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted(SEEDS.glob("*.txt")))
    pairs, missed = _missed(_vocabulary(text))
    assert pairs > 3_000
    assert missed / pairs < 0.002


@pytest.mark.skipif(not KCNA.exists(), reason="the KCNA articles (shared/data) are not here")
def test_prefixes_find_the_words_of_an_archive() -> None:
    """The same over 2,000 articles of another source."""
    words: set[str] = set()
    with gzip.open(KCNA, "rt", encoding="utf-8") as lines:
        for _, line in zip(range(2_000), lines, strict=False):
            words |= _vocabulary(json.loads(line)["text"])
    pairs, missed = _missed({word for word in words if word.isascii() and word.isalpha()})
    assert missed / pairs < 0.001
