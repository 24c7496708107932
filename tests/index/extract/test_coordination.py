"""Places named in one breath, which share a word that is written once."""

from __future__ import annotations

import pytest

from index.extract.coordination import SharedWords
from index.extract.names import NameFinder
from index.gazetteer import load_gazetteer

GAZETTEER = load_gazetteer()
SHARED = SharedWords(GAZETTEER)
FINDER = NameFinder(GAZETTEER, [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "in South and North Hwanghae provinces", ["kp-south-hwanghae", "kp-north-hwanghae"], id="two directions"
        ),
        pytest.param(
            "North and South Phyongan and Hamgyong provinces",
            ["kp-north-pyongan", "kp-south-pyongan", "kp-north-hamgyong", "kp-south-hamgyong"],
            id="two directions of two names",
        ),
        pytest.param(
            "South Phyongan and Hwanghae provinces", ["kp-south-pyongan", "kp-south-hwanghae"], id="one of two names"
        ),
        pytest.param(
            "South Hamgyong and North and South Hwanghae provinces",
            ["kp-north-hwanghae", "kp-south-hwanghae"],
            id="after a name of its own",
        ),
        pytest.param("North and South Korea", ["kp", "kr"], id="both states"),
        pytest.param(
            "Mts. Paektu, Kumgang, Chilbo and Kuwol",
            ["kp-mount-paektu", "kp-mount-kumgang"],
            id="mountains, as far as they are known",
        ),
        pytest.param("the Rivers Amnok and Tuman", ["kp-amnok-river", "kp-tuman-river"], id="rivers"),
        pytest.param("South Korea and Africa", [], id="one direction is not for all names"),
        pytest.param("North and South Atlantis", [], id="no such name"),
        pytest.param("the North and the South", [], id="no name at all"),
        pytest.param("평안남북도에서", ["kp-south-pyongan", "kp-north-pyongan"], id="both halves in Korean"),
        pytest.param("함경북남도 주민", ["kp-north-hamgyong", "kp-south-hamgyong"], id="the North first"),
        pytest.param("황해남·북도는", ["kp-south-hwanghae", "kp-north-hwanghae"], id="with a dot"),
        pytest.param("함경남도와 북도에", ["kp-south-hamgyong", "kp-north-hamgyong"], id="with a word"),
        pytest.param("경상남북도", ["kr-south-gyeongsang", "kr-north-gyeongsang"], id="in the South"),
        pytest.param("평안남도 북창군", [], id="a county that begins like the other half"),
        pytest.param("평안남남도", [], id="one half twice"),
        pytest.param("강원남북도", [], id="a province without halves"),
    ],
)
def test_shared_words_are_spelt_out(text: str, expected: list[str]) -> None:
    """Every word before goes with every word after, as far as the gazetteer knows the names."""
    found = [place for one in SHARED.find(text) for places in one.places for place in places]
    assert found == expected


def test_each_place_stands_as_the_whole_expression() -> None:
    """Mentions of one expression share its words; other mentions never overlap it."""
    text = "rain in North and South Hwanghae provinces and Jagang"
    found = [(text[mention.start : mention.end], mention.places) for mention in FINDER.find(text)]
    assert found == [
        ("North and South Hwanghae provinces", ("kp-north-hwanghae",)),
        ("North and South Hwanghae provinces", ("kp-south-hwanghae",)),
        ("Jagang", ("kp-jagang",)),
    ]


def test_halves_of_a_korean_province_take_the_words_of_the_first() -> None:
    """The name of the first half alone is no mention of its own."""
    found = [(mention.start, mention.end, mention.places) for mention in FINDER.find("함경남도와 북도에서")]
    assert found == [(0, 8, ("kp-south-hamgyong",)), (0, 8, ("kp-north-hamgyong",))]
