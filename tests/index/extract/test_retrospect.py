"""What a text looks back on: words for a past year about a thing or a day, and pictures from the archive."""

from __future__ import annotations

import re

import pytest

from index.document import Block, BlockKind, Span
from index.extract.retrospect import RetrospectReader
from index.extract.rules import read_rules

READER = RetrospectReader(read_rules("anchors.toml"))
THING = re.compile("COVID-19|코로나")


@pytest.mark.parametrize(
    ("text", "is_past"),
    [
        pytest.param("Last year COVID-19 came.", True, id="last year"),
        pytest.param("COVID-19 came a year and a half ago.", True, id="a year and a half ago"),
        pytest.param("For over two years now, COVID-19 has kept them out.", True, id="for over two years"),
        pytest.param("It is three years since COVID-19 came.", True, id="years since"),
        pytest.param("Two years into COVID-19, they eat less.", True, id="years into"),
        pytest.param("The two-year border closure was due to COVID-19.", True, id="a closure of two years"),
        pytest.param("COVID-19 came. That was last year.", False, id="in another sentence"),
        pytest.param("COVID-19 costs them twice a year.", False, id="twice a year"),
        pytest.param("He broke the rules of COVID-19 and got three years.", False, id="a sentence of three years"),
        pytest.param("The hall of 70 years ago is shut over COVID-19.", False, id="long ago"),
        pytest.param("COVID-19 came in 2020.", True, id="its year is written"),
        pytest.param("COVID-19 will last until the end of 2020.", False, id="its year is announced"),
        pytest.param("They trade less than in 2019 because of COVID-19.", False, id="another year is written"),
        pytest.param("지난해 코로나로 막혔다.", True, id="last year in Korean"),
        pytest.param("코로나로 막힌 지 3년째다.", True, id="for years in Korean"),
        pytest.param("2년 넘게 코로나로 막혔다.", True, id="more than two years in Korean"),
        pytest.param("70년 전 지은 집도 코로나로 닫혔다.", False, id="long ago in Korean"),
    ],
)
def test_a_thing_of_a_past_year(text: str, is_past: bool) -> None:  # noqa: FBT001 - a table's column
    """It is one of a past year if its sentence says so or writes the year, and not if that is still to come."""
    assert READER.is_past(text, [Block(BlockKind.BODY, 0, len(text))], THING, 2020) is is_past


@pytest.mark.parametrize(
    ("text", "is_past"),
    [
        pytest.param("They met [on Dec. 5] last year.", True, id="behind"),
        pytest.param("They met [on Dec. 5] of last year.", True, id="of"),
        pytest.param("Two years ago, [on Dec. 5] they met.", True, id="before"),
        pytest.param("They [met last year on Dec. 5].", True, id="within"),
        pytest.param("They met last year. [On Dec. 5] they met again.", False, id="in another sentence"),
        pytest.param("They said [on Dec. 5] that rice was cheap last year.", False, id="of what was said"),
    ],
)
def test_a_day_of_a_past_year(text: str, is_past: bool) -> None:  # noqa: FBT001 - a table's column
    """The words must be those for the day: beside it, not anywhere in its sentence."""
    where = Span(text.index("["), text.index("]") - 1)
    bare = text.replace("[", "").replace("]", "")
    assert READER.is_of_past_year(bare, where, Block(BlockKind.BODY, 0, len(bare))) is is_past


@pytest.mark.parametrize(
    ("text", "is_old"),
    [
        pytest.param("FILE PHOTO: Guards in August 2013", True, id="capitals"),
        pytest.param("Guards in August 2013 (file photo)", True, id="in brackets"),
        pytest.param("Guards in August 2013. Archive photo: X", True, id="archive"),
        pytest.param("2013년 8월 국경. 자료사진", True, id="Korean"),
        pytest.param("Guards in August 2013. Photo: X", False, id="any photo"),
        pytest.param("A profile picture of August 2013", False, id="a word that ends so"),
    ],
)
def test_a_picture_from_the_archive(text: str, is_old: bool) -> None:  # noqa: FBT001 - a table's column
    """A caption that says so is of an old picture; the same words in the body say nothing of a picture."""
    assert READER.is_from_archive(text, Block(BlockKind.CAPTION, 0, len(text))) is is_old
    assert not READER.is_from_archive(text, Block(BlockKind.BODY, 0, len(text)))
