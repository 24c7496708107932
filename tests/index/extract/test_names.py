"""Finding names of places in running text: scripts, capitals, boundaries, misspelt names."""

from __future__ import annotations

import pytest

from index.errors import DataFileError
from index.extract.names import NameFinder
from index.gazetteer import Gazetteer, Place, load_gazetteer

FINDER = NameFinder(load_gazetteer(), ["Daily NK", "New York Times"])


def found(text: str) -> list[tuple[str, str]]:
    """Each mention as its words and the places it may mean."""
    return [
        (text[mention.start : mention.end], " ".join(mention.places)) for mention in FINDER.find(text) if mention.places
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("in Sinuiju.", [("Sinuiju", "kp-sinuiju")], id="a name"),
        pytest.param("Sinŭiju’s market", [("Sinŭiju", "kp-sinuiju")], id="diacritics and a possessive"),
        pytest.param("P’yŏngan-bukto", [("P’yŏngan-bukto", "kp-north-pyongan")], id="McCune-Reischauer apostrophe"),
        pytest.param("North Korea", [("North Korea", "kp")], id="the longest name"),
        pytest.param("south Korea", [("south Korea", "kr")], id="as KCNA writes it"),
        pytest.param("the North\nKorea desk", [("North\nKorea", "kp")], id="across a wrapped line"),
        pytest.param("North. Korea", [], id="not across sentences"),
        pytest.param("the North, Korea", [], id="not across a comma"),
        pytest.param("a turkey from china", [], id="small letters"),
        pytest.param("South Korean goods", [], id="an adjective"),
        pytest.param("South Koreans", [], id="its plural"),
        pytest.param("Daily NK", [], id="a publisher"),
        pytest.param("the New York Times", [], id="a publisher named after a city"),
        pytest.param("Nigeria", [("Nigeria", "ng")], id="not the shorter name within"),
        pytest.param("Guinea-Bissau", [("Guinea-Bissau", "gw")], id="a hyphen within"),
        pytest.param("the U.S. said", [("U.S.", "us")], id="full stops within"),
        pytest.param("US and Us and us", [("US", "us")], id="a name in capitals only in capitals"),
        pytest.param("LET US SEE", [], id="a pronoun in a headline in capitals"),
        pytest.param("Hyesan City", [("Hyesan City", "kp-hyesan")], id="with its kind"),
        pytest.param("Hyesan-si", [("Hyesan-si", "kp-hyesan")], id="with its kind in Korean"),
        pytest.param("Dar es Salaam", [("Dar es Salaam", "tz-dar-es-salaam")], id="small words within"),
        pytest.param("신의주에서", [("신의주", "kp-sinuiju")], id="hangul and a particle"),
        pytest.param(
            "함경북도 청진시", [("함경북도", "kp-north-hamgyong"), ("청진시", "kp-chongjin")], id="hangul kinds"
        ),
        pytest.param("북한산", [], id="hangul in a longer word"),
        pytest.param("미국인", [], id="hangul person word"),
        pytest.param("中国北京市", [("中国", "cn"), ("北京市", "cn-beijing")], id="Chinese characters"),
        pytest.param("Kangwon", [("Kangwon", "kp-kangwon kr-gangwon")], id="a shared name gives all its places"),
    ],
)
def test_names_are_found_as_they_are_written(text: str, expected: list[tuple[str, str]]) -> None:
    """A name is found in any script, with the right capitals, at word boundaries, the longest first."""
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(
            "North Pyongyan Province", [("North Pyongyan Province", "kp-north-pyongan")], id="the whole decides"
        ),
        pytest.param("North Pyongyan", [("North Pyongyan", "kp-north-pyongan")], id="without its kind"),
        pytest.param(
            "South Hamgyoung Province", [("South Hamgyoung Province", "kp-south-hamgyong")], id="a letter more"
        ),
        pytest.param("Ryanggan Province", [("Ryanggan Province", "kp-ryanggang")], id="a letter less"),
        pytest.param("Sinuju City", [("Sinuju City", "kp-sinuiju")], id="a city"),
        pytest.param("Pyongyan", [], id="nothing around it: neither Pyongan nor Pyongyang"),
        pytest.param("North Pyongyang officials", [], id="between two: neither"),
        pytest.param("South Atlantic", [], id="like no name"),
        pytest.param("Kangjin County", [], id="counties are too like one another"),
        pytest.param("Yangzhou City", [], id="so are the cities of China"),
        pytest.param("Manchester City", [("Manchester City", "gb-manchester")], id="an exact name is not corrected"),
        pytest.param("North Koreans", [], id="a plural adjective is not corrected"),
    ],
)
def test_misspelt_names_are_told_by_the_whole_name(text: str, expected: list[tuple[str, str]]) -> None:
    """A misspelt name framed by a compass point or its kind is the nearest name, and nothing if that is unsure."""
    assert found(text) == expected


def test_a_weak_name_is_strong_with_its_kind() -> None:
    """Musan in hangul is also a word for failure, but 무산군 is the county."""
    weak, strong = FINDER.find("무산 무산군")
    assert weak.weak
    assert not strong.weak


def test_a_spelling_without_letters_is_refused() -> None:
    """A place called "--" could never be found, so the finder refuses it."""
    with pytest.raises(DataFileError, match="no letter"):
        NameFinder(Gazetteer([Place("x", "--", "city")]), [])
