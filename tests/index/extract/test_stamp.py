"""Dates alone on a line: which lines are one, and which of several is the day of publication."""

from __future__ import annotations

import datetime as dt

import pytest

from index.document import BlockKind, Declared, Document, Precision, RawDocument
from index.extract.pipeline import load_extractor
from index.extract.rules import read_rules
from index.extract.stamp import StampReader, find_stamp

READER = StampReader(read_rules("page.toml")["stamp"])
EXTRACTOR = load_extractor()
DAY = dt.date(2020, 3, 27)
BODY = "Rice has become dear in the town. Nobody knows why."


@pytest.mark.parametrize(
    ("line", "label"),
    [
        pytest.param("March 27, 2020", "", id="American"),
        pytest.param("27 March 2020", "", id="British"),
        pytest.param("MAR. 27, 2020", "", id="capitals"),
        pytest.param("March 27th, 2020", "", id="an ordinal"),
        pytest.param("2020-03-27", "", id="ISO"),
        pytest.param("2020-03-27T10:00:00+09:00", "", id="ISO with a time"),
        pytest.param("2020/03/27 10:00", "", id="slashes"),
        pytest.param("2020. 3. 27.", "", id="Korean numbers"),
        pytest.param("2020년 3월 27일 금요일", "", id="Korean words"),
        pytest.param("2020.03.27 (금) 오전 10:00", "", id="Korean day and time"),
        pytest.param("주체109(2020)년 3월 27일 금요일", "", id="Juche in Korean"),
        pytest.param("주체109(2020)년 3월 27일 금요일 로동신문", "", id="Juche and a paper"),
        pytest.param("March 27, Juche 109 (2020)", "", id="Juche in English"),
        pytest.param("27 March Juche 109", "", id="Juche alone"),
        pytest.param("(Juche109.3.27.)", "", id="Juche in numbers"),
        pytest.param("www.kcna.kp (Juche109.3.27.)", "published", id="the agency's site"),
        pytest.param("www.kcna.kp (주체109.3.27.)", "published", id="the agency's site in Korean"),
        pytest.param("Friday, March 27, 2020", "", id="a day of the week"),
        pytest.param("March 27, 2020 at 10:05 p.m. KST", "", id="a time and a zone"),
        pytest.param("March 27, 2020 | 10:05", "", id="a time behind a stroke"),
        pytest.param("[2020-03-27]", "", id="brackets"),
        pytest.param("Published: 2020-03-27", "published", id="a label"),
        pytest.param("POSTED ON March 27, 2020", "published", id="a label in capitals"),
        pytest.param("입력 2020.03.27 10:00", "published", id="a Korean label"),
        pytest.param("기사입력 : 2020.03.27. 오전 10:00  수정 2020.04.02. 오후 1:00", "published", id="and a change"),
        pytest.param("Published March 27, 2020 | Updated April 2, 2020", "published", id="both in English"),
        pytest.param("승인 2020.03.27", "published", id="an editor's approval"),
        pytest.param("송고시간 2020-03-27 10:00", "published", id="an agency's hour"),
        pytest.param("Last updated: March 27, 2020", "updated", id="a change"),
        pytest.param("최종수정 2020.03.27", "updated", id="a Korean change"),
    ],
)
def test_a_line_with_nothing_but_a_date_is_a_stamp(line: str, label: str) -> None:
    """Date, label, day of the week, time and zone are read, however they are written."""
    stamp = READER.read(line, 7)
    assert stamp
    assert stamp.day == DAY
    assert (stamp.where.start, stamp.where.end) == (7, 7 + len(line))
    assert (stamp.says_published, stamp.says_updated) == (label == "published", label == "updated")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("03/04/2020", id="March or April"),
        pytest.param("March 27", id="no year"),
        pytest.param("March 2020", id="no day"),
        pytest.param("2020-02-31", id="a day no calendar has"),
        pytest.param("2020.13.01", id="a month no calendar has"),
        pytest.param("주체109(2019)년 3월 27일", id="Juche and another year"),
        pytest.param("March 27, Juche 109 (2019)", id="Juche and another year in English"),
        pytest.param("www.kcna.kp (Juche109.2.31.)", id="a day no calendar has, by Juche"),
        pytest.param("www.kcna.kp", id="a site alone"),
        pytest.param("주체사상 3월 27일", id="what is called Juche and no year"),
        pytest.param("The fair opens on March 27, 2020", id="a sentence"),
        pytest.param("March 27, 2020 was a Friday", id="a sentence that begins with it"),
        pytest.param("Expires: March 27, 2020", id="another label"),
        pytest.param("2020-03-27-0012", id="a number"),
        pytest.param("", id="nothing"),
        pytest.param("1" * 5000, id="endless"),
    ],
)
def test_other_lines_are_none(line: str) -> None:
    """A line that says more, less or something else is no stamp."""
    assert READER.read(line, 0) is None


@pytest.mark.parametrize(
    ("lines", "day"),
    [
        pytest.param(["2020-04-02", "Published: 2020-03-27"], 27, id="a label beats none"),
        pytest.param(["Updated: 2020-04-02", "2020-03-27"], 27, id="none beats a change"),
        pytest.param(["Updated: 2020-03-27"], 27, id="a change alone"),
        pytest.param(["2020-03-27", "March 27, 2020"], 27, id="one day twice"),
        pytest.param(["2020-03-27", "2020-03-28"], None, id="two days"),
        pytest.param(["Published: 2020-03-27", "Posted: 2020-03-28"], None, id="two days by label"),
        pytest.param([], None, id="nothing"),
    ],
)
def test_one_of_several_stamps_is_of_the_publication(lines: list[str], day: int | None) -> None:
    """What says it is of the publication is, then what says nothing; where two say as much, none is."""
    found = find_stamp(stamp for line in lines if (stamp := READER.read(line, 0)))
    assert (found and found.day.day) == day


def understand(text: str, date: str | None = None) -> Document:
    """A plain text, understood; every quote stands where it says."""
    raw = RawDocument(None, None, "a.txt", text, "text/plain", Declared(date=date))
    document = EXTRACTOR.understand(raw, "a")
    for evidence in document.published.evidence if document.published else ():
        assert evidence.where is None or text[evidence.where.start : evidence.where.end] == evidence.quote
    return document


@pytest.mark.parametrize(
    ("text", "title", "day", "rule"),
    [
        pytest.param(f"Rice dearer\n\nMarch 27, 2020\n\n{BODY}", "Rice dearer", DAY, "date-stamp", id="below"),
        pytest.param(f"March 27, 2020\n\nRice dearer\n\n{BODY}", "Rice dearer", DAY, "date-stamp", id="above"),
        pytest.param(
            f"Rice dearer\nBy Ann Example\nMarch 27, 2020\n\n{BODY}", "Rice dearer", DAY, "date-stamp", id="byline"
        ),
        pytest.param(
            f"Rice dearer\n\nBy Ann Example | March 27, 2020\n\n{BODY}",
            "Rice dearer",
            DAY,
            "date-stamp",
            id="within it",
        ),
        pytest.param(f"Rice dearer\n\n{BODY}\n\n2020-03-27", "Rice dearer", DAY, "date-stamp", id="at the end"),
        pytest.param(
            f"주체109(2020)년 3월 27일 금요일 로동신문\n\n쌀값 올라\n\n{BODY}",
            "쌀값 올라",
            DAY,
            "date-stamp",
            id="Juche above",
        ),
        pytest.param(
            f"쌀값 올라\n\n{BODY}\n\n주체109(2020)년 3월 27일", "쌀값 올라", DAY, "date-stamp", id="Juche at the end"
        ),
        pytest.param(
            f"Rice dearer\n\n{BODY}\nwww.kcna.kp (Juche109.3.27.)",
            "Rice dearer",
            DAY,
            "date-stamp",
            id="the agency's site at the end",
        ),
        pytest.param(f"쌀값 올라\n\n입력 2020.03.27 10:00\n{BODY}", "쌀값 올라", DAY, "date-stamp", id="Korean"),
        pytest.param(
            f"Rice dearer\n\nMarch 27, 2020\n\n{BODY} A source told Daily NK on March 20, 2020.",
            "Rice dearer",
            DAY,
            "date-stamp",
            id="more than a telling",
        ),
        pytest.param(
            f"Rice dearer\n\nMarch 27, 2020\n\nSINUIJU, March 25 (Yonhap) -- {BODY}",
            "Rice dearer",
            DAY,
            "date-stamp",
            id="more than a dateline without a year",
        ),
        pytest.param(
            f"Rice dearer\n\nMarch 28, 2020\n\nSINUIJU, March 27, 2020 (Yonhap) -- {BODY}",
            "Rice dearer",
            DAY,
            "date-dateline",
            id="less than one with it",
        ),
        pytest.param(
            f"Rice dearer\n\nUpdated: April 2, 2020\n\nSINUIJU, March 27, 2020 (Yonhap) -- {BODY}",
            "Rice dearer",
            DAY,
            "date-dateline",
            id="a change is no publication",
        ),
        pytest.param(
            f"Rice dearer\n\nUpdated: March 27, 2020\n\n{BODY}",
            "Rice dearer",
            DAY,
            "date-stamp-updated",
            id="but all there is",
        ),
        pytest.param(f"Rice dearer\n\nMarch 27, 2010\n\n{BODY} COVID-19.", "Rice dearer", None, "", id="denied"),
        pytest.param(
            f"A chronicle\n\nMarch 27, 2020\n\n{BODY}\n\nMarch 29, 2020\n\n{BODY}",
            "A chronicle",
            None,
            "",
            id="headings",
        ),
        pytest.param(
            "Rice dearer\n\nThe fair opens on\nMarch 27, 2020\nin the town.",
            "Rice dearer",
            None,
            "",
            id="a wrapped line",
        ),
        pytest.param(
            "Rice dearer\n\nIt was so since the decree of\nMarch 27, 2020", "Rice dearer", None, "", id="the end of one"
        ),
        pytest.param(
            f"The law of\nMarch 27, 2020\n\n{BODY}",
            "The law of March 27, 2020",
            None,
            "",
            id="the end of the first",
        ),
        pytest.param(f"Rice dearer\nMarch 27, 2020\n\n{BODY}", "Rice dearer", DAY, "date-stamp", id="below, no blank"),
    ],
)
def test_a_stamp_dates_an_article(text: str, title: str, day: dt.date | None, rule: str) -> None:
    """A date alone among the first or last lines is the day of publication, and never the title."""
    document = understand(text)
    assert document.title.value == title
    assert (document.published and document.published.value.start) == day
    if document.published:
        assert document.published.value.precision is Precision.DAY
        assert document.published.evidence[0].rule == rule


@pytest.mark.parametrize(
    ("byline", "author"),
    [
        pytest.param("By Ann Example - 2020.03.27 3:15pm", "Ann Example", id="behind a dash"),
        pytest.param("By Ann Example, March 27, 2020", "Ann Example", id="behind a comma"),
        pytest.param("By Ann Example | Daily NK | March 27, 2020", "Ann Example", id="behind two strokes"),
        pytest.param("Posted on March 27, 2020 by Ann Example", "Ann Example", id="before the name"),
        pytest.param("27 March 2020 | By Ann Example", "Ann Example", id="before it, without a label"),
        pytest.param("홍길동 기자 - 2020.03.27 10:20 오전", "홍길동", id="Korean, half a day behind the time"),
        pytest.param("홍길동 기자 | 2020-03-27", "홍길동", id="Korean, behind a stroke"),
        pytest.param("홍길동 기자 입력 2020.03.27 10:20", "홍길동", id="Korean, with a label"),
    ],
)
@pytest.mark.parametrize(
    ("above", "below"), [pytest.param("\n", "\n\n", id="glued"), pytest.param("\n\n", "\n\n", id="apart")]
)
def test_a_byline_gives_author_and_day(byline: str, author: str, above: str, below: str) -> None:
    """A day beside an author's name is the day of publication, wherever it stands; the title is not part of it."""
    document = understand(f"Rice dearer again{above}{byline}{below}{BODY}")
    assert document.title.value == "Rice dearer again"
    assert [found.value for found in document.authors] == [author]
    assert document.published
    assert document.published.value.start == DAY


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("(END)\n2020/03/27 10:20", id="English"),
        pytest.param("(끝)\n2020/03/27 10:20 송고", id="Korean"),
        pytest.param("2020/03/27 10:00 송고", id="sent, below the body"),
    ],
)
def test_an_agency_stamps_below_the_end(end: str) -> None:
    """The hour at which an agency sent a report dates it, and neither it nor the mark of the end is body."""
    document = understand(f"Rice dearer again\n\n{BODY}\n{end}")
    assert document.published
    assert document.published.value.start == DAY
    assert document.body == BODY


def test_headings_of_a_chronicle_stay_in_its_body() -> None:
    """Only what is taken for the day of publication is no body."""
    document = understand(f"A chronicle\n\nMarch 27, 2020\n\n{BODY}\n\nMarch 29, 2020\n\n{BODY}")
    assert {block.kind for block in document.blocks} == {BlockKind.TITLE, BlockKind.BODY}


def test_a_stamp_narrows_a_declared_year() -> None:
    """Where only the year is declared, the stamp tells the day; a stamp of another year does not."""
    text = f"Rice dearer\n\nMarch 27, 2020\n\n{BODY}"
    narrowed, kept = understand(text, "2020").published, understand(text, "2019").published
    assert narrowed
    assert narrowed.value.start == narrowed.value.end == DAY
    assert kept
    assert kept.value.precision is Precision.YEAR
