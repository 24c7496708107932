"""Days on which a text says that something happened, and anniversaries that it speaks of."""

from __future__ import annotations

import pytest

from index.document import Block, BlockKind
from index.extract.happening import HEAD, HappeningReader
from index.extract.rules import read_rules

READER = HappeningReader(read_rules("anchors.toml"))


def blocks(text: str) -> tuple[Block, ...]:
    """The whole text as one block of body."""
    return (Block(BlockKind.BODY, 0, len(text)),)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("They met on May 12.", "2012-05-12", id="in the past tense"),
        pytest.param("They met on 12 May in Rome.", "2012-05-12", id="day before month"),
        pytest.param("They met on May 12. He left on May 14.", "2012-05-14", id="the latest counts"),
        pytest.param("It was issued on Sept. 3 and read out.", "2012-09-03", id="an abbreviated month is no full stop"),
        pytest.param("They will meet on May 12.", None, id="in the future"),
        pytest.param("A visit is scheduled on May 12, it was told.", None, id="a plan that was told of"),
        pytest.param("It was founded on May 12, 1990.", None, id="of another year"),
        pytest.param("It was founded on May 12, Juche 79 (1990).", None, id="of another year by Juche"),
        pytest.param("They met on May 12 last year.", None, id="last year"),
        pytest.param("Every year they met on May 12.", None, id="every year"),
        pytest.param("They met. The talks on May 12 are private.", None, id="not in the past tense"),
        pytest.param("They met on April 25 House of Culture day.", None, id="part of a name"),
        pytest.param("They met on Dec. 30.", None, id="December may be the year before's"),
        pytest.param("They met on Feb. 30.", None, id="a day no calendar has"),
        pytest.param("x" * HEAD + " They met on May 12.", None, id="too far down"),
    ],
)
def test_the_latest_happening(text: str, day: str | None) -> None:
    """The latest day near the head that a sentence in the past tense names, of the year that is known."""
    found = READER.find_latest(text, blocks(text), 2012)
    assert (str(found.day) if found else None) == day
    if found and found.evidence.where:
        assert text[found.evidence.where.start : found.evidence.where.end] == found.evidence.quote


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("the 17th anniversary of the demise of President Kim Il Sung", "2011-07-08", id="a death"),
        pytest.param("the 70th birth anniversary of Kim Jong Il", None, id="not as the rules word it"),
        pytest.param("the 66th anniversary of the founding of the Workers' Party of Korea", "2011-10-10", id="a party"),
        pytest.param("the 66th anniversary of Korea's liberation", "2011-08-15", id="liberation"),
        pytest.param(
            "Last year, the 65th anniversary of Korea's liberation", None, id="last year, at a sentence's head"
        ),
        pytest.param(
            "held last year on the 65th anniversary of Korea's liberation", None, id="recalled from last year"
        ),
        pytest.param(
            "the 65th anniversary of Korea's liberation. The 66th anniversary of Korea's liberation",
            None,
            id="two years",
        ),
        pytest.param("the 5th anniversary of the shop", None, id="of something unknown"),
    ],
)
def test_anniversaries(text: str, day: str | None) -> None:
    """An anniversary with its number is a day of one year, if the text speaks of no other."""
    found = READER.find_anniversary(text, blocks(text))
    assert (str(found.day) if found else None) == day
