"""Names found as they are typed: any order, any script, half composed hangul, a slip when nothing else fits."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Final, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.document import Label
from index.gazetteer import Gazetteer, Place
from search.keystrokes import keystrokes
from search.names import Forgiven, Names, PlaceNames

if TYPE_CHECKING:
    from collections.abc import Mapping

PLACES: Final = Gazetteer([
    Place("kp", "North Korea", "country", None, ("DPRK", "조선")),
    Place("kp-north-pyongan", "North Pyongan", "province", "kp", ("평안북도", "平安北道")),
    Place("kp-pyongyang", "Pyongyang", "city", "kp", ("평양", "Heijo")),
    Place("kp-sinuiju", "Sinuiju", "city", "kp-north-pyongan", ("신의주", "新義州")),
    Place("kp-kangwon", "Kangwon", "province", "kp"),
    Place("kr-kangwon", "Kangwon", "province", "kr"),
    Place("kr", "South Korea", "country"),
    Place("kp-hyesan", "Hyesan", "city", "kp", ("혜산",)),
    Place("kp-pyongsong", "Pyongsong", "city", "kp"),
    Place("ci", "Ivory Coast", "country", None, ("Côte d’Ivoire",)),
])  # fmt: skip
COUNTS: Final = {
    "kp": 9, "kp-north-pyongan": 4, "kp-pyongyang": 7, "kp-sinuiju": 6, "kp-kangwon": 2, "kr-kangwon": 1, "kr": 3,
    "moon-base": 5, "ci": 1,
}  # fmt: skip
LABELS: Final = {id_: PLACES.path(id_) for id_ in COUNTS if id_ in PLACES.places} | {
    "moon-base": (Label("moon-base", "Moon Base"),)
}
PLACE_NAMES: Final = PlaceNames(PLACES)
NAMES: Final = Names(COUNTS, LABELS, PLACE_NAMES)
"""Nine places: one is not in the gazetteer, and two of the gazetteer's are in no article."""

TOPICS: Final = {"food": "Food prices", "trade": "Cross-border trade", "covid-19": "COVID-19", "talks": "남북관계 개선"}


def topics(counts: Mapping[str, int] | None = None) -> Names:
    """Topics, each of as many articles as it has letters."""
    counts = {id_: len(name) for id_, name in TOPICS.items()} if counts is None else counts
    return Names(counts, {id_: (Label(id_, name),) for id_, name in TOPICS.items()})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("pyong", ["Pyongyang", "North Pyongan"], id="names that begin so before names with such a word"),
        pytest.param("PYŎNG", ["Pyongyang", "North Pyongan"], id="case and marks do not matter"),
        pytest.param("p’yŏng", ["Pyongyang", "North Pyongan"], id="nor do apostrophes"),
        pytest.param("cote d'iv", ["Ivory Coast (Côte d’Ivoire)"], id="of any kind"),
        pytest.param("north", ["North Korea", "North Pyongan"], id="more articles first"),
        pytest.param("nort kor", ["North Korea"], id="every word may be unfinished"),
        pytest.param("korea north", ["North Korea"], id="in any order"),
        pytest.param("korea sinuiju", [], id="but of one name"),
        pytest.param("heijo", ["Pyongyang (Heijo)"], id="another name, which is shown"),
        pytest.param("korea", ["North Korea", "South Korea"], id="a word inside"),
        pytest.param("평", ["Pyongyang (평양)", "North Pyongan (평안북도)"], id="another script"),
        pytest.param("dprk", ["North Korea (DPRK)"], id="capitals"),
        pytest.param("kang", ["Kangwon, North Korea", "Kangwon, South Korea"], id="equal names say where they lie"),
        pytest.param("Kangwon, South Korea", ["Kangwon, South Korea"], id="and are found by what they say"),
        pytest.param("moon", ["Moon Base"], id="a place that no gazetteer has"),
        pytest.param("sinuiju city", ["Sinuiju"], id="with its kind"),
        pytest.param("North Korea > Sinuiju", ["Sinuiju"], id="by its path"),
        pytest.param("ㅅㅇㅈ", ["Sinuiju (신의주)"], id="initial consonants"),
        pytest.param("ㅅㅇ", ["Sinuiju (신의주)"], id="the first of them"),
        pytest.param("ㅅ", ["Sinuiju (신의주)"], id="one"),
        pytest.param("신ㅇㅈ", ["Sinuiju (신의주)"], id="after whole syllables"),
        pytest.param("ㅅㅈㅈ", [], id="other initial consonants"),
        pytest.param("시ㄴ", ["Sinuiju (신의주)"], id="a consonant not yet joined"),
        pytest.param("시", ["Sinuiju (신의주)"], id="a syllable without its end"),
        pytest.param("신의ㅈ", ["Sinuiju (신의주)"], id="the beginning of the next syllable"),
        pytest.param("신읮", ["Sinuiju (신의주)"], id="which the one before has taken"),
        pytest.param("의주", ["Sinuiju (신의주)"], id="letters inside a word of hangul"),
        pytest.param("주", [], id="but not one alone"),
        pytest.param("北道", ["North Pyongan (平安北道)"], id="letters inside a Chinese word"),
        pytest.param("uiju", [], id="not in a word of Latin letters"),
        pytest.param("pyongyagn", ["Pyongyang"], id="letters swapped"),
        pytest.param("pyongyamg", ["Pyongyang"], id="one changed"),
        pytest.param("pyngyan", ["Pyongyang"], id="one left out, unfinished"),
        pytest.param("sinuuiju", ["Sinuiju"], id="one too many"),
        pytest.param("north pyongon", ["North Pyongan"], id="in one of several words"),
        pytest.param("korae", ["North Korea", "South Korea"], id="in a word inside"),
        pytest.param("qyongyang", ["Pyongyang"], id="in the first letter if nothing else fits"),
        pytest.param("신위주", ["Sinuiju (신의주)"], id="a vowel"),
        pytest.param("mon", [], id="not in three letters"),
        pytest.param("pyongan", ["North Pyongan"], id="what is a name is no slip"),
        pytest.param("pyongsong", [], id="not even a name that no article has"),
        pytest.param("pyongson", [], id="or how it begins"),
        pytest.param("hyesan", [], id="a place that no article has"),
        pytest.param("zzzzzz", [], id="nothing like it"),
        pytest.param("", [], id="nothing typed"),
        pytest.param("?!", [], id="no word"),
    ],
)
def test_places_are_found_as_they_are_typed(text: str, expected: list[str]) -> None:
    """Each word begins a word of one spelling of what occurs; a slip counts only if no place is named so."""
    assert [value.text for value in NAMES.find(text, 10)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("prices fo", ["Food prices"], id="any order"),
        pytest.param("trade cross", ["Cross-border trade"], id="a hyphen is between words"),
        pytest.param("fodo", ["Food prices"], id="a slip"),
        pytest.param("covid 18", [], id="none in numbers"),
        pytest.param("covdi 19", ["COVID-19"], id="but beside them"),
        pytest.param("관계", ["남북관계 개선"], id="inside a Korean word"),
        pytest.param("ㄱㅅ", ["남북관계 개선"], id="initial consonants of a later word"),
        pytest.param("ㄳ", ["남북관계 개선"], id="which a keyboard puts together"),
    ],
)
def test_topics_are_found_likewise(text: str, expected: list[str]) -> None:
    """What has no gazetteer is found by its one name."""
    assert [value.text for value in topics().find(text, 10)] == expected


def test_counts_are_those_given_and_no_value_is_found_twice() -> None:
    """A value that goes by several names like the one typed is one suggestion."""
    found = NAMES.find("p", 10)
    assert [(value.id, value.count) for value in found] == [("kp-pyongyang", 7), ("kp-north-pyongan", 4)]


def test_what_is_named_exactly_so_comes_first() -> None:
    """Even if more articles have a longer name that begins so."""
    counts = {"korea": 1, "korea-today": 9}
    labels = {"korea": (Label("korea", "Korea"),), "korea-today": (Label("korea-today", "Korea Today"),)}
    assert [value.id for value in Names(counts, labels).find("korea", 2)] == ["korea", "korea-today"]
    assert [value.id for value in Names(counts, labels).find("kore", 2)] == ["korea-today", "korea"]


def test_no_more_are_found_than_wanted() -> None:
    """The first are the likeliest."""
    assert [value.id for value in NAMES.find("k", 1)] == ["kp-kangwon"]


def test_what_is_not_counted_is_not_found_but_is_alike() -> None:
    """A value that only captions have is in a facet of captions, and no suggestion."""
    names = topics({"food": 1})
    assert [value.id for value in names.find("t", 5)] == []
    assert names.like("t").values == {"trade"}


def test_a_name_that_the_gazetteer_has_dropped_is_still_found() -> None:
    """Articles keep the name they were understood with."""
    names = Names({"kp-hyesan": 1}, {"kp-hyesan": (Label("kp-hyesan", "Hyesanjin"),)}, PLACE_NAMES)
    assert [value.id for value in names.find("hyesanj", 5)] == ["kp-hyesan"]
    assert [value.id for value in names.find("혜산", 5)] == ["kp-hyesan"]


@pytest.mark.parametrize(
    ("text", "name", "places", "forgiven"),
    [
        pytest.param("pri fo", "Food prices", ["Food", "prices"], Forgiven.NOTHING, id="words that begin so"),
        pytest.param("prieces", "Food prices", ["prices"], Forgiven.BUT_FIRST, id="a word with a slip"),
        pytest.param("rices food", "Food prices", ["Food", "prices"], Forgiven.ANY, id="beside one without"),
        pytest.param("개선", "남북관계 개선", ["개선"], Forgiven.NOTHING, id="hangul"),
        pytest.param("관계", "남북관계 개선", ["남북관계"], Forgiven.NOTHING, id="hangul inside a word"),
        pytest.param("food", "COVID-19", [], Forgiven.NOTHING, id="none"),
        pytest.param("fodo", "Food (prices) of foods", ["Food", "foods"], Forgiven.BUT_FIRST, id="signs between"),
    ],
)
def test_what_is_alike_says_which_words_are(text: str, name: str, places: list[str], forgiven: Forgiven) -> None:
    """The words of a name that made it like the text, with slips only if slips were forgiven."""
    like = topics().like(text)
    assert like.forgiven is forgiven
    assert [name[start:end] for start, end in like.places(name)] == places


def test_without_words_everything_is_alike() -> None:
    """Nothing typed keeps all values, and marks nothing."""
    for text in ("", "  ", "?!"):
        assert topics().like(text).values == TOPICS.keys()
        assert topics().like(text).places("Food prices") == []


COMPOSED: Final[st.SearchStrategy[Literal["NFC", "NFD", "NFKC"]]] = st.sampled_from(("NFC", "NFD", "NFKC"))
SPELLINGS: Final = [(place.id, name) for place in PLACES.places.values() for name in (place.name, *place.names)]
OCCURRING: Final = [(value, name) for value, name in SPELLINGS if value in COUNTS]


@given(st.sampled_from(OCCURRING), st.data())
def test_every_beginning_of_every_name_finds_it(spelled: tuple[str, str], data: st.DataObject) -> None:
    """However far it is typed, in whatever order, composed or not, with or without a second blank."""
    value, name = spelled
    words = data.draw(st.permutations(name.split()))
    last = words[-1]
    words[-1] = last[: data.draw(st.integers(1, len(last)))]
    if not words[-1].strip("’"):
        return
    text = data.draw(st.sampled_from((" ", "  "))).join(words)
    assert value in NAMES.like(unicodedata.normalize(data.draw(COMPOSED), text)).values


@given(st.sampled_from([spelled for spelled in OCCURRING if keystrokes(spelled[1]) != spelled[1]]), st.data())
def test_every_key_typed_leaves_a_name_found(spelled: tuple[str, str], data: st.DataObject) -> None:
    """While hangul is typed key by key, however much of it is joined to syllables."""
    value, name = spelled
    keys = keystrokes(name)
    typed = keys[: data.draw(st.integers(1, len(keys)))]
    assert value in NAMES.like(unicodedata.normalize(data.draw(COMPOSED), typed)).values


@given(st.sampled_from(OCCURRING), st.data())
def test_one_slip_never_loses_a_name(spelled: tuple[str, str], data: st.DataObject) -> None:
    """A letter changed in a long word finds the name, unless it makes the name of another place."""
    value, name = spelled
    word = data.draw(st.sampled_from(name.split()))
    if len(word) < 5 or not word.isascii():
        return
    at = data.draw(st.integers(1, len(word) - 1))
    letter = data.draw(st.sampled_from("abcdefghijklmnopqrstuvwxyz"))
    like = NAMES.like(name.replace(word, word[:at] + letter + word[at + 1 :]))
    assert value in like.values or like.forgiven is Forgiven.NOTHING


@given(st.text(max_size=30))
def test_whatever_is_typed_is_answered(text: str) -> None:
    """Any text, with suggestions that are among what is alike, and places in a name that are in it."""
    like = NAMES.like(text)
    assert {value.id for value in NAMES.find(text, 100)} <= like.values
    assert all(0 <= start < end <= len("Côte d’Ivoire") for start, end in like.places("Côte d’Ivoire"))
