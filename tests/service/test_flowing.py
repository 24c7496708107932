"""Line ends that are due to a width are shown as blanks; all others say something and stay."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.flowing import flowing

AGENCY = """\
The ministry of trade said today
that rice would be sold at the state's shops alone, and that a
market in the capital which had sold it for years would close
by the end of the month.
    Traders who were asked about it in the border city had not
heard of the decision, and went on with their business as they
always did.
    "Nobody told us," said one of them.
    Prices rose the same day:
    Rice       5,000
    Maize      2,000
    The ministry did not say what would become of the sixty or
seventy families that live on it.
"""
KOREAN = """\
양강도 혜산시의 장마당에서 쌀 가격이 한 달 사이에 크게 올랐다고
현지 소식통이 지난 5일 전했다. 소식통은 국경이 다시 닫힌 뒤로
식량을 들여오는 길이 모두 막혔고, 상인들이 값이 더 오르기를
기다리며 쌀을 내놓지 않는다고 말했다.

그는 주민들이 강냉이로 끼니를 잇고 있으며, 봄까지 이런 형편이
이어질 것으로 보고 있다고 덧붙였다.
"""


def test_a_report_wrapped_by_an_agency() -> None:
    """Lines that fill the width go on, a shortened first one too; indented ones begin paragraphs, rows stay rows."""
    assert [line.strip() for line in flowing(AGENCY).splitlines()] == [
        (
            "The ministry of trade said today that rice would be sold at the state's shops alone, and that a market in "
            "the capital which had sold it for years would close by the end of the month."
        ),
        "",
        (
            "Traders who were asked about it in the border city had not heard of the decision, and went on with their "
            "business as they always did."
        ),
        "",
        '"Nobody told us," said one of them.',
        "Prices rose the same day:",
        "Rice       5,000",
        "Maize      2,000",
        "",
        "The ministry did not say what would become of the sixty or seventy families that live on it.",
    ]


def test_a_korean_report_is_measured_in_columns() -> None:
    """A syllable is two columns wide, a blank one."""
    first, blank, second, *_ = flowing(KOREAN).split("\n")
    assert first == " ".join(KOREAN.partition("\n\n")[0].split())
    assert blank == ""
    assert second == " ".join(KOREAN.partition("\n\n")[2].split())


PROSE = """\
The ministry of trade said that rice would be sold at the shops
of the state alone, and that a market in the capital which had
sold it for years would close by the end of the month. Traders
who were asked about it in the border city had not heard of the
decision, and went on with their business as they always did,
until the day on which the guards came.
"""


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("One line and no more.", id="one line"),
        pytest.param(
            "A first paragraph of a report, as editors send it, which is as long as it is.\n"
            "A second.\n"
            "And a third paragraph, which takes more than a line on every page that is not very wide, and says so.\n"
            "A fourth paragraph, no longer than the second.",
            id="a line a paragraph",
        ),
        pytest.param(
            "The river keeps the lamps of either shore\n"
            "And gives them back to nobody at dawn;\n"
            "A ferry that will cross it nevermore\n"
            "Lies where the boys who rowed it are long gone.\n"
            "\n"
            "We count the lights, and count them once again,\n"
            "As mothers count who know the number well,\n"
            "And name the houses, and who lived there then,\n"
            "And what they cooked, and how it used to smell,\n"
            "And tell.",
            id="verse",
        ),
        pytest.param(
            "Rice for the hand that sows it,\n"
            "rice for the hand that reaps it,\n"
            "none for the purse that owns it,\n"
            "none for the man who keeps it,\n"
            "none at all.",
            id="a song in short lines",
        ),
        pytest.param(
            "A line that is as long as any other line of its text\nand is not known to be cut.", id="two lines"
        ),
        pytest.param(
            f"The first paragraph is {'very ' * 20}long.\nThe second one is just as {'very ' * 20}long.\n"
            f"The third one of them is {'very ' * 20}long.\nThe last but one again is {'very ' * 20}long.\nThe last.",
            id="long paragraphs",
        ),
        pytest.param(
            "- rice from the three counties in the south of the province\n"
            "- maize from the farms that lie behind the northern railway\n"
            "- coal from both of the pits that have not yet been flooded\n"
            "- wood",
            id="list",
        ),
        pytest.param(
            "1. Rice from the three counties in the south of the province\n"
            "2. Maize from the farms that lie behind the northern railway\n"
            "3. Coal from both of the pits that have not yet been flooded\n"
            "4. Wood",
            id="numbered list",
        ),
        pytest.param("Rice        5,000\nMaize       2,000\nCoal          800\nWood          300", id="two columns"),
        pytest.param(
            "2019-03-05 Hyesan market, rice 5,000 won, maize 2,000 won\n"
            "2019-03-06 Hyesan market, rice 5,100 won, maize 2,000 won\n"
            "2019-03-07 Hyesan market, rice 5,200 won, maize 2,100 won\n"
            "2019-03-08 Hyesan market, rice 5,200 won, maize 2,100 won",
            id="rows of one width",
        ),
        pytest.param(
            "Name | Place and the year in which they came\n"
            "Kim Un | Hyesan, in the spring of 1970, alone\n"
            "Ri Il | Rason, in the summer of 1971, with all\n"
            "Sin Un | Rason",
            id="cells",
        ),
        pytest.param("Kim Un\n12 Market Street\nHyesan\nRyanggang Province\nNorth Korea", id="address"),
        pytest.param(
            "两江道惠山市的市场上大米价格在一个月之内大幅上涨当地消息人士\n"
            "五日透露边境再次关闭之后粮食的进口渠道全部中断商人们都在等待\n"
            "价格继续上涨不肯出售大米居民们只能靠玉米维持生活预计这种情况\n"
            "将持续到春天。",
            id="Chinese, which has no blanks",
        ),
    ],
)
def test_what_is_not_wrapped_stays_as_it_is(text: str) -> None:
    """Verse, lists, tables and paragraphs of one line keep their line ends."""
    assert flowing(text) == text


@pytest.mark.parametrize(
    "stays",
    [
        pytest.param("Kim Un\nChief of the market", id="a signature"),
        pytest.param("Rice is dear,\nmaize is dearer,\nwood is dearest,\nso they sing.", id="a song"),
    ],
)
def test_what_stands_among_wrapped_lines_stays_as_it_is(stays: str) -> None:
    """Short lines say something within a wrapped report, too."""
    shown = flowing(f"{PROSE}\n{stays}")
    assert shown.endswith(stays)
    assert shown.startswith(" ".join(PROSE.split()))


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        pytest.param(
            "Background\nThe ministry of trade was founded in the year of the great\nflood.",
            "Background\nThe ministry of trade was founded in the year of the great flood.",
            id="a heading",
        ),
        pytest.param(
            "The guards, who were said to have come to enforce the counter-\nmeasures, left.",
            "The guards, who were said to have come to enforce the counter-\nmeasures, left.",
            id="a word in two parts",
        ),
        pytest.param(
            "The guards, whom nobody had called, left the city on the day -\na Monday - on which they came.",
            "The guards, whom nobody had called, left the city on the day - a Monday - on which they came.",
            id="a dash",
        ),
    ],
)
def test_what_ends_a_long_line(lines: str, wanted: str) -> None:
    """No heading is taken into the sentence below it, and no blank is put into a word."""
    assert flowing(f"{PROSE}\n{lines}").endswith(f"\n\n{wanted}")


@given(st.lists(st.sampled_from([*AGENCY.splitlines(), *KOREAN.splitlines(), "- an item", "\t", "a | b", "가"])))
def test_nothing_but_blanks_is_changed(lines: list[str]) -> None:
    """What is shown is as long as the text, and each of its words stands where it stood."""
    text = "\n".join(lines)
    shown = flowing(text)
    assert len(shown) == len(text)
    assert all(one == other or (one.isspace() and other.isspace()) for one, other in zip(shown, text, strict=True))
