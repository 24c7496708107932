"""One place under all its names, and words that stand for each other, in questions."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.errors import DataFileError
from index.gazetteer import Gazetteer, Place, load_gazetteer
from search.query import And, Or, Phrase, Query, Term, Value, leaves
from search.rewrite import rewrite, understand
from search.syntax import parse
from search.thesaurus import MOST_VARIANTS, NO_THESAURUS, Reason, Thesaurus, load_synonyms, thesaurus_of, widen

if TYPE_CHECKING:
    from pathlib import Path

GAZETTEER: Final = Gazetteer(
    [
        Place("kp", "North Korea", "country", names=("DPRK",)),
        Place("kp-sinuiju", "Sinuiju", "city", parent="kp", names=("Sinŭiju", "신의주", "Sinuiju City")),
        Place("kp-kimchaek", "Kimchaek", "city", parent="kp", names=("김책", "Songjin"), weak=("김책", "Songjin")),
        Place("kp-ryanggang", "Ryanggang", "province", parent="kp", names=("Yanggang",)),
        Place("kp-kangwon", "Kangwon", "province", parent="kp"),
        Place("kr-gangwon", "Gangwon", "province", names=("Kangwon",)),
    ]
)


def _synonyms(folder: Path, text: str) -> Path:
    path = folder / "synonyms.toml"
    path.write_text(text, "utf-8")
    return path


SYNONYMS: Final = """
[[synonym]]
words = ["MSS", "Ministry of State Security", "보위부"]
[[synonym]]
words = ["jangmadang"]
also = ["private market"]
"""


@pytest.fixture(scope="module")
def thesaurus(tmp_path_factory: pytest.TempPathFactory) -> Thesaurus:
    """The places above and two rows of synonyms."""
    return thesaurus_of(GAZETTEER, load_synonyms(_synonyms(tmp_path_factory.mktemp("synonyms"), SYNONYMS)))


MSS: Final = Phrase(("ministri", "of", "state", "secur"))
BOWIBU: Final = Phrase(("보위", "위부"))
HANGUL: Final = Phrase(("신의", "의주"))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        pytest.param(
            "sinuiju raid",
            And((Or((Term("sinuiju"), HANGUL, Value("region", "kp-sinuiju"))), Term("raid"))),
            id="a place in all scripts and as a region",
        ),
        pytest.param("신의주", Or((HANGUL, Term("sinuiju"), Value("region", "kp-sinuiju"))), id="from hangul, too"),
        pytest.param(
            "신의주에서",
            Or((Phrase(("신의", "의주", "주에", "에서")), HANGUL, Term("sinuiju"), Value("region", "kp-sinuiju"))),
            id="and with a particle",
        ),
        pytest.param('"sinuiju" raid', And((Term("sinuiju"), Term("raid"))), id="not what is in quotation marks"),
        pytest.param("raid -sinuiju", parse("raid -sinuiju").query, id="not what is left out"),
        pytest.param("sinuij*", rewrite(parse("sinuij*").query, GAZETTEER), id="not a beginning"),
        pytest.param(
            "title:sinuiju",
            Or((Term("sinuiju", "title"), Phrase(HANGUL.words, "title"))),
            id="names alone within a field",
        ),
        pytest.param(
            "songjin",
            Or((Term("songjin"), Term("kimchaek"), Value("region", "kp-kimchaek"))),
            id="a weak name leads on",
        ),
        pytest.param(
            "kimchaek", Or((Term("kimchaek"), Value("region", "kp-kimchaek"))), id="but isn't asked for in text"
        ),
        pytest.param(
            "Yanggang Province",
            Or(
                (
                    And((Term("yanggang"), Term("provinc"))),
                    Term("ryanggang"),
                    Value("region", "kp-ryanggang"),
                    Term("yanggang"),
                )
            ),
            id="the kind of a place belongs to its name",
        ),
        pytest.param(
            "north korea",
            Or((And((Term("north"), Term("korea"))), Term("dprk"), Value("region", "kp"))),
            id="a name of two words without quotation marks",
        ),
        pytest.param(
            "kangwon",
            Or((Term("kangwon"), Value("region", "kp-kangwon"), Term("gangwon"), Value("region", "kr-gangwon"))),
            id="a name of two places means either",
        ),
        pytest.param("mss", Or((Term("mss"), BOWIBU, MSS)), id="synonyms"),
        pytest.param(
            "ministry of state security",
            Or((And(tuple(map(Term, MSS.words))), Term("mss"), BOWIBU)),
            id="synonyms of several words",
        ),
        pytest.param("jangmadang", Or((Term("jangmadang"), Phrase(("privat", "market")))), id="one way"),
        pytest.param("private market", And((Term("privat"), Term("market"))), id="and not back"),
        pytest.param("markets", Term("market"), id="words of no other name"),
        pytest.param("密輸", Or((Term("密輸"), Term("밀수"))), id="hanja by its reading"),
        pytest.param(
            "女性에게",
            Or((Phrase(("女性", "性에", "에게")), Term("女性"), Term("녀성"), Term("여성"))),
            id="hanja as North and South read it, without a particle",
        ),
        pytest.param(
            "保衛部", Or((Phrase(("保衛", "衛部")), Term("mss"), BOWIBU, MSS)), id="hanja with a meaning in hangul"
        ),
        pytest.param("노동", Or((Term("노동"), Term("로동"))), id="as the North writes it"),
        pytest.param(
            "title:로동", Or((Term("로동", "title"), Term("노동", "title"))), id="as the South does, in a field"
        ),
        pytest.param('"로동" "女性"', And((Term("로동"), Term("女性"))), id="not in quotation marks"),
    ],
)
def test_widened(text: str, query: Query, thesaurus: Thesaurus) -> None:
    """Words with a meaning ask for its other names; what is meant literally does not."""
    assert understand(text, gazetteer=GAZETTEER, thesaurus=thesaurus).query == query


def test_or_between_words_still_finds_names_of_several(thesaurus: Thesaurus) -> None:
    """Under `op=or` each word still matches by itself, and the name they make together is asked for besides."""
    asked = understand("ministry of state security", gazetteer=GAZETTEER, thesaurus=thesaurus, op="or").query
    assert {Term("ministri"), BOWIBU} <= set(leaves(asked))


def test_variants_say_what_was_asked_for(thesaurus: Thesaurus) -> None:
    """Every name that was added is told once, with the words it was added for and why; a region with its name."""
    question = understand("신의주 mss", gazetteer=GAZETTEER, thesaurus=thesaurus)
    told = [(variant.asked, variant.text, variant.reason) for variant in question.variants]
    assert told == [
        ("신의주", "Sinuiju", Reason.PLACE),
        ("mss", "보위부", Reason.SYNONYM),
        ("mss", "Ministry of State Security", Reason.SYNONYM),
    ]
    assert question.variants[0].query == Or((Term("sinuiju"), Value("region", "kp-sinuiju")))


def test_too_many_names_are_cut_and_said() -> None:
    """A question asks for `MOST_VARIANTS` names at most, and says how many were left out."""
    many = Gazetteer([Place("x", "Xa", "city", names=tuple(f"xa{number}" for number in range(MOST_VARIANTS + 4)))])
    question = understand("xa", gazetteer=many, thesaurus=thesaurus_of(many))
    assert len(question.variants) == MOST_VARIANTS
    [warning] = question.warnings
    assert (warning.code, warning.detail.split()[0]) == ("variants-left-out", "5")


@given(st.lists(st.sampled_from(["sinuiju", "신의주", "north", "korea", "OR", "-", "(", ")", '"', "raid", "mss"])))
def test_without_a_thesaurus_nothing_changes(words: list[str]) -> None:
    """Widening by no names is rewriting."""
    parsed = parse(" ".join(words), limits=None).query
    plain = partial(rewrite, gazetteer=GAZETTEER)
    assert widen(parsed, NO_THESAURUS, plain).query == plain(parsed)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param("[[synonym]]\nwords = ['a b']", "synonym 1", id="one name alone"),
        pytest.param("[[synonym]]\nwords = ['a', '???']", "words", id="a name without a word"),
        pytest.param("[[synonym]]\nwords = 'a'", "words", id="not a list"),
        pytest.param("[[synonym]]\nalso = ['a']", "synonym 1", id="nothing that stands for it"),
        pytest.param("[[synonym]]\nwords = ['a', 'b']\nwith = 1", "synonym 1", id="an unknown key"),
        pytest.param("[[topic]]\nwords = ['a', 'b']", "topic", id="an unknown table"),
        pytest.param("[[synonym]", "the file", id="not TOML"),
    ],
)
def test_wrong_files_are_refused(text: str, named: str, tmp_path: Path) -> None:
    """A file of synonyms that says something impossible is refused with the file, the row and what is wrong."""
    path = _synonyms(tmp_path, text)
    with pytest.raises(DataFileError) as refused:
        load_synonyms(path)
    assert str(path) in str(refused.value)
    assert named in str(refused.value)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """A file that is not there is an error, not an empty one."""
    with pytest.raises(DataFileError):
        load_synonyms(tmp_path / "none.toml")


def test_synonyms_that_come_along() -> None:
    """Those of the issue's examples are among them, both ways."""
    thesaurus = thesaurus_of(load_gazetteer(), load_synonyms())

    def asked(text: str) -> set[Query]:
        variants = understand(text, gazetteer=load_gazetteer(), thesaurus=thesaurus).variants
        return {leaf for variant in variants for leaf in leaves(variant.query)}

    assert {BOWIBU, MSS} <= asked("MSS")
    assert Term("mss") in asked("보위부")
    assert Phrase(("south", "korea")) in asked("South Chosun")
    assert Term("amnok") in asked("Yalu")
    assert Term("yanggang") in asked("Ryanggang")
    assert Phrase(("group", "627")) in asked("June 27 Task Force")
