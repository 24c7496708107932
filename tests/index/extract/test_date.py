"""Dates: phrases as written, and the interval of publication a text allows, with the words for day and year."""

from __future__ import annotations

import pytest

from index.document import Basis, Block, BlockKind
from index.errors import DataFileError
from index.extract.calendar import find_date_phrases
from index.extract.date import DateReader
from index.extract.dateline import find_dateline
from index.extract.declared import published_from_declared
from index.extract.rules import read_rules

READER = DateReader(read_rules("anchors.toml"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("on Mar. 27", [(None, 3, 27, None)], id="abbreviated month"),
        pytest.param("on March 27th, 2019", [(2019, 3, 27, None)], id="American"),
        pytest.param("on 27 March 2019", [(2019, 3, 27, None)], id="British"),
        pytest.param("2019-03-27", [(2019, 3, 27, None)], id="ISO"),
        pytest.param("August 2019", [(2019, 8, None, None)], id="month and year"),
        pytest.param("late September", [(None, 9, None, "late")], id="part of a month"),
        pytest.param("the end of January 2020", [(2020, 1, None, "late")], id="end of a month"),
        pytest.param("in 2022", [(2022, None, None, None)], id="a year"),
        pytest.param("2020년 10월 1일", [(2020, 10, 1, None)], id="Korean"),
        pytest.param("10월 1일", [(None, 10, 1, None)], id="Korean without a year"),
        pytest.param("주체108(2019)년 3월 4일", [(2019, 3, 4, None)], id="a day of a Juche year in Korean"),
        pytest.param("주체108년 3월 4일", [(2019, 3, 4, None)], id="and without the other year"),
        pytest.param("주체108(2019)년에", [(2019, None, None, None)], id="both years in Korean"),
        pytest.param("March 4, Juche 108 (2018), 주체108(2018)년 3월 4일", [], id="Juche and another year"),
        pytest.param("Juche 100", [(2011, None, None, None)], id="Juche"),
        pytest.param("주체 108년", [(2019, None, None, None)], id="Juche in Korean"),
        pytest.param("On July 8, Juche 100 (2011)", [(2011, 7, 8, None)], id="a day of a Juche year"),
        pytest.param("in February Juche 86 (1997)", [(1997, 2, None, None)], id="a month of a Juche year"),
        pytest.param("by 2030, the 2022-2026 plan, 3404 tablets", [], id="plans and numbers"),
        pytest.param("in 2012 Olympics", [], id="a year that names a thing"),
        pytest.param("February 30", [], id="a day no calendar has"),
        pytest.param("2019-13-01", [], id="a month no calendar has"),
        pytest.param("You may march", [], id="words that look like months"),
    ],
)
def test_date_phrases(text: str, expected: list[tuple[int | None, int | None, int | None, str | None]]) -> None:
    """Each phrase gives the parts that are written, and only those."""
    assert [(phrase.year, phrase.month, phrase.day, phrase.part) for phrase in find_date_phrases(text)] == expected


def published(body: str, caption: str = "", founded: int | None = None) -> tuple[str, str, str] | None:
    """First and last day and precision of a text's interval."""
    text = f"{body}\n\n{caption}"
    blocks = [Block(BlockKind.BODY, 0, len(body))]
    if caption:
        blocks.append(Block(BlockKind.CAPTION, len(body) + 2, len(text)))
    found = READER.find(text, blocks, find_dateline(text, 0), founded)
    if found is None:
        return None
    for evidence in found.evidence:
        if evidence.where:
            assert text[evidence.where.start : evidence.where.end] == evidence.quote
    return str(found.value.start), str(found.value.end), found.value.precision.value


TOLD = "A source in Hyesan told Daily NK on June 17 that rice is dear."


@pytest.mark.parametrize(
    ("body", "caption", "expected"),
    [
        pytest.param("SEOUL, Mar. 27, 2019 (Yonhap) -- Rice.", "", ("2019-03-27", "2019-03-27", "day"), id="dateline"),
        pytest.param("SEOUL, 27 MARCH 2019 (Yonhap) -- Rice.", "", ("2019-03-27", "2019-03-27", "day"), id="capitals"),
        pytest.param("SEOUL, Mar. 27 (Yonhap) -- Rice.", "", None, id="dateline without a year"),
        pytest.param(
            "SEOUL, Mar. 27 (Yonhap) -- COVID-19.", "", ("2020-03-27", "2020-03-27", "day"), id="dateline and an event"
        ),
        pytest.param("SEOUL, Feb. 29 (Yonhap) -- COVID-19.", "", ("2020-02-29", "2020-02-29", "day"), id="leap day"),
        pytest.param(
            "SEOUL, Jan. 5 (Yonhap) -- COVID-19.", "", ("2021-01-05", "2021-01-05", "day"), id="before the event"
        ),
        pytest.param(TOLD, "", None, id="told, no year"),
        pytest.param(
            TOLD, "Guards in February 2019. Image: X", ("2019-06-01", "2019-06-30", "month"), id="a picture's year"
        ),
        pytest.param(
            TOLD, "Guards in August 2019. Image: X", ("2020-06-01", "2020-06-30", "month"), id="the year after it"
        ),
        pytest.param(
            "On June 29, a source in Hyesan said so. COVID-19.",
            "",
            ("2020-06-29", "2020-07-31", "range"),
            id="told at a month's end",
        ),
        pytest.param(
            "평안북도 소식통은 지난 3월 27일 데일리NK에 “코로나로 국경이 막혔다”고 전했다.",
            "",
            ("2020-03-01", "2020-03-31", "month"),
            id="told in Korean",
        ),
        pytest.param(
            "소식통은 2016년 6월 17일 이같이 밝혔다.", "", ("2016-06-01", "2016-06-30", "month"), id="Korean, full date"
        ),
        pytest.param("소식통은 “3월 27일에 코로나로 막혔다”고 전했다.", "", None, id="in Korean, the day of the thing"),
        pytest.param(
            "A source told Daily NK on June 17, 2016 that rice is dear.",
            "",
            ("2016-06-01", "2016-06-30", "month"),
            id="told on a full date",
        ),
        pytest.param(
            "A source told Daily NK on Friday, June 17, 2016 that rice is dear.",
            "",
            ("2016-06-01", "2016-06-30", "month"),
            id="told on a day of the week and a full date",
        ),
        pytest.param(
            "On Tues. 5 March 2019, a source in Hyesan told Daily NK that rice is dear.",
            "",
            ("2019-03-01", "2019-03-31", "month"),
            id="a day of the week and a full date, then told",
        ),
        pytest.param("On Tuesday, a source told Daily NK that rice is dear.", "", None, id="a day of the week alone"),
        pytest.param("The minister said on June 17 that rice is dear. COVID-19.", "", None, id="told by somebody else"),
        pytest.param(
            "A source said the ship was seen on June 17. COVID-19.",
            "",
            None,
            id="the day of the thing, not the telling",
        ),
        pytest.param(f"{TOLD} It was so in 1953.", "", None, id="history dates nothing"),
        pytest.param(f"{TOLD} It will end by August 2031.", "", None, id="nor do plans"),
        pytest.param(f"{TOLD} Kim Jong Un, the leader.", "", None, id="nor does a man who is leader for decades"),
        pytest.param(f"{TOLD} So it has been since August 2021.", "In May 2014. Image: X", None, id="an old picture"),
        pytest.param(
            f"{TOLD} That is in 2022, the second year of the current plan.",
            "In May 2014. Image: X",
            ("2022-06-01", "2022-06-30", "month"),
            id="the present year is named",
        ),
        pytest.param(
            "Since the first inter-Korean summit this year, rice is cheap.",
            "",
            ("2018-01-01", "2018-12-31", "year"),
            id="a year and no day",
        ),
        pytest.param(f"{TOLD} The inter-Korean summit this year helped.", "", None, id="three years had a summit"),
        pytest.param(
            f"{TOLD} The inter-Korean summit this year helped. Kim Jong Un's order came.",
            "",
            ("2018-06-01", "2018-06-30", "month"),
            id="a bound leaves one of them",
        ),
        pytest.param(
            "The province has banned stoves since Mar. 10. This year (2022) is cold.",
            "",
            ("2022-03-01", "2022-03-31", "month"),
            id="in force since",
        ),
        pytest.param(
            "Smoke was seen late last month. It was in late September. COVID-19.",
            "",
            ("2020-10-01", "2020-10-31", "month"),
            id="late last month",
        ),
        pytest.param(
            "Smoke was seen late last month. It was in late December. COVID-19.",
            "",
            ("2021-01-01", "2021-01-31", "month"),
            id="late last month over new year",
        ),
        pytest.param(
            "Seen late last month: late January, late September. COVID-19.", "", None, id="months half a year apart"
        ),
        pytest.param(
            "A source told Daily NK on March 5 that the North closed its borders in late January last year "
            "because of the coronavirus.",
            "",
            None,
            id="news of last year",
        ),
        pytest.param(
            "SEOUL, March 5 (Reuters) - The North shut its borders last year over the coronavirus.",
            "",
            None,
            id="news of last year below a dateline",
        ),
        pytest.param(
            f"{TOLD} It is more than a year since the border was closed over COVID-19.", "", None, id="since then"
        ),
        pytest.param(
            f"{TOLD} The COVID-19 pandemic closed the border two\nyears ago.".replace("\n", "  "),
            "",
            None,
            id="years ago, where a line ended",
        ),
        pytest.param(
            f"{TOLD} The border is closed for the third year because of COVID-19.", "", None, id="for the third year"
        ),
        pytest.param(
            f"{TOLD} The border was closed in January 2020 because of COVID-19.", "", None, id="its year is written"
        ),
        pytest.param(
            f"{TOLD} COVID-19 is feared. The border was closed last year because of COVID-19.",
            "",
            None,
            id="news of last year further down",
        ),
        pytest.param(
            "소식통은 3월 5일 “작년 1월 코로나로 국경이 봉쇄됐다”고 전했다.", "", None, id="of last year in Korean"
        ),
        pytest.param("소식통은 3월 5일 “코로나로 봉쇄된 지 2년째다”고 전했다.", "", None, id="for two years in Korean"),
        pytest.param(
            f"{TOLD} Exports fell in 2019. Because of COVID-19 they fall again. The two were sentenced to three years.",
            "",
            ("2020-06-01", "2020-06-30", "month"),
            id="years in other sentences",
        ),
        pytest.param(
            f"{TOLD} The border was closed last year because of COVID-19.",
            "Guards in March 2021. Image: X",
            ("2021-06-01", "2021-06-30", "month"),
            id="a picture of a later year",
        ),
        pytest.param(
            f"{TOLD} The border was closed last year because of COVID-19.",
            "Guards in March 2020. Image: X",
            None,
            id="a picture of the year looked back on",
        ),
        pytest.param(
            f"{TOLD} COVID-19 closed the border two years ago. Now the maximum emergency system is in force.",
            "",
            ("2022-06-01", "2022-06-30", "month"),
            id="news of a later year",
        ),
        pytest.param(
            f"{TOLD} This year (2021) the border is closed, as it was last year because of COVID-19.",
            "",
            ("2021-06-01", "2021-06-30", "month"),
            id="the present year is named beside it",
        ),
        pytest.param(
            f"{TOLD} COVID-19 is feared.",
            "Disinfection against the coronavirus in Sinuiju in April 2020. Image: X",
            ("2020-06-01", "2020-06-30", "month"),
            id="a picture's year is its own",
        ),
        pytest.param(
            "On Sept. 3, a source told Daily NK that rice is dear.",
            "FILE PHOTO: Guards in August 2013. Image: X",
            None,
            id="a picture from the archive",
        ),
        pytest.param(
            "소식통은 9월 3일 “쌀이 비싸다”고 전했다.", "2013년 8월 국경. 자료사진=X", None, id="and in Korean"
        ),
        pytest.param(
            TOLD, "FILE PHOTO: Disinfection against the coronavirus. Image: X", None, id="what an old picture shows"
        ),
        pytest.param(
            "A source told Daily NK on Dec. 5 last year that rice is dear. COVID-19.", "", None, id="told last year"
        ),
        pytest.param(
            "Last year, on Dec. 15, a source told Daily NK that rice is dear. COVID-19.",
            "",
            None,
            id="last year, then told",
        ),
        pytest.param(
            f"On Dec. 5 last year, a source told Daily NK so. {TOLD} COVID-19.",
            "",
            ("2020-06-01", "2020-06-30", "month"),
            id="told last year and again",
        ),
        pytest.param(
            "소식통은 작년 12월 5일 데일리NK에 “코로나로 막혔다”고 전했다.", "", None, id="told last year in Korean"
        ),
        pytest.param(
            "소식통은 3월 5일 쌀값이 작년보다 올랐다고 전했다. 코로나로 국경이 막혔다.",
            "",
            ("2020-03-01", "2020-03-31", "month"),
            id="told in Korean of last year",
        ),
        pytest.param("Rice is dear.", "", None, id="nothing to go by"),
        pytest.param("SEOUL, June 3, 2015 (Yonhap) -- COVID-19.", "", None, id="a written year before an event"),
        pytest.param(
            "SEOUL, June 3, 2015 (Yonhap) -- The MERS coronavirus spread.",
            "",
            ("2015-06-03", "2015-06-03", "day"),
            id="another virus",
        ),
        pytest.param(
            "SEOUL, Mar. 27 (Yonhap) -- Since the congress in January 2021, COVID-19 has been fought harder.",
            "",
            None,
            id="what is looked back on came after the fitted year",
        ),
        pytest.param(
            "SEOUL, Mar. 27 (Yonhap) -- COVID-19 rules, in force since January 2021, will be eased.",
            "",
            None,
            id="so it did, though something else is announced",
        ),
        pytest.param(
            "SEOUL, Mar. 27 (Yonhap) -- COVID-19. The fair will be held on April 15, 2020.",
            "",
            ("2020-03-27", "2020-03-27", "day"),
            id="a later day is announced",
        ),
        pytest.param(
            "SEOUL, Mar. 27 (Yonhap) -- COVID-19. They want to be done by January 2021.",
            "",
            ("2020-03-27", "2020-03-27", "day"),
            id="a term is set",
        ),
        pytest.param(
            "서울 소식통은 3월 27일 “코로나로 막혔다”고 전했다. 장마당은 2020년 5월에 열릴 예정이다.",
            "",
            ("2020-03-01", "2020-03-31", "month"),
            id="a later month is announced in Korean",
        ),
        pytest.param(
            "서울 소식통은 3월 27일 “코로나로 막혔다”고 전했다. 장마당은 2020년 5월에 열렸다.",
            "",
            None,
            id="a later month is told in Korean",
        ),
        pytest.param(
            "This year (2019) is cold, as was January 2021.", "", None, id="words for the year that the text denies"
        ),
    ],
)
def test_the_interval_of_publication(body: str, caption: str, expected: tuple[str, str, str] | None) -> None:
    """Day and month come from who told it, the year from what bounds it; what stays open is unknown."""
    assert published(body, caption) == expected


def test_the_evidence_shows_day_and_bound() -> None:
    """An inferred date rests on the words for the day and the words for the year."""
    body = f"{TOLD} COVID-19."
    found = READER.find(body, [Block(BlockKind.BODY, 0, len(body))])
    assert found
    assert [(evidence.rule, evidence.quote) for evidence in found.evidence] == [
        ("date-told", "told Daily NK on June 17"),
        ("anchor-covid-19", "COVID-19"),
    ]


def test_a_publisher_founded_later_makes_history_of_a_bound() -> None:
    """A picture of 1998 does not date the report of a publisher founded in 2004."""
    assert published(TOLD, "In May 1998. Image: X") == ("1998-06-01", "1998-06-30", "month")
    assert published(TOLD, "In May 1998. Image: X", founded=2004) is None
    assert published("SEOUL, June 3, 1999 (Daily NK) -- Rice is dear.", founded=2004) is None


def test_an_anchor_must_say_when() -> None:
    """An anchor with neither a first day nor years is refused."""
    rules = read_rules("anchors.toml")
    with pytest.raises(DataFileError, match="needs one of"):
        DateReader({**rules, "anchor": [{"rule": "anchor-x", "match": "x"}]})


def test_anchors_name_their_sources() -> None:
    """Every anchor says where its day is from."""
    assert all(anchor["source"] for anchor in read_rules("anchors.toml")["anchor"])


def narrowed(body: str, year: int) -> tuple[str, str, str] | None:
    """First and last day and precision of what a text leaves of a declared year."""
    given = published_from_declared(str(year))
    found = READER.narrow(body, [Block(BlockKind.BODY, 0, len(body))], find_dateline(body, 0), given)
    if found is None:
        return None
    assert found.value.basis is Basis.INFERRED
    assert found.evidence[0] == given.evidence[0]
    return str(found.value.start), str(found.value.end), found.value.precision.value


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(
            "They met on May 12.", ("2012-05-12", "2012-06-12", "range"), id="a month from the latest happening"
        ),
        pytest.param("They met on Nov. 20.", ("2012-11-20", "2012-12-21", "range"), id="late in the year"),
        pytest.param("They met on Nov. 30.", ("2012-11-30", "2012-12-31", "range"), id="no day of another year"),
        pytest.param("They met on Dec. 20.", None, id="December may be the year before's"),
        pytest.param("SINUIJU, Mar. 27 (KCNA) -- Rice.", ("2012-03-27", "2012-03-27", "day"), id="a dateline"),
        pytest.param(TOLD, ("2012-06-01", "2012-06-30", "month"), id="the day a source spoke"),
        pytest.param("A source told Daily NK on Dec. 28 that rice is dear.", None, id="told in December"),
        pytest.param(
            "They met on May 12. A source told Daily NK on Dec. 28 that rice is dear.",
            None,
            id="nor does what came before tell then",
        ),
        pytest.param(
            "A source told Daily NK on Dec. 28, 2012 that rice is dear.",
            ("2012-12-01", "2012-12-31", "month"),
            id="told in December of that year",
        ),
        pytest.param(
            "SINUIJU, Dec. 28 (KCNA) -- Rice.", ("2012-12-28", "2012-12-28", "day"), id="a dateline of December"
        ),
        pytest.param(
            "A source told Daily NK on Nov. 28 that rice is dear.",
            ("2012-11-01", "2012-11-30", "month"),
            id="told in November",
        ),
        pytest.param(
            "It was told on the 18th anniversary of the death of Kim Il Sung.",
            ("2012-05-29", "2012-08-17", "range"),
            id="an anniversary of the year",
        ),
        pytest.param("It was told on the 17th anniversary of the death of Kim Il Sung.", None, id="not of the year"),
        pytest.param("They met on Wednesday.", None, id="a weekday alone"),
        pytest.param("They have traded since May 12.", None, id="since a day"),
        pytest.param("Rice is dear.", None, id="nothing"),
    ],
)
def test_a_declared_year_is_narrowed(body: str, expected: tuple[str, str, str] | None) -> None:
    """What happened in a declared year leaves part of it; the result is inferred and shows both reasons."""
    assert narrowed(body, 2012) == expected


def test_an_anniversary_tells_the_year() -> None:
    """A text without another date that speaks of an anniversary is of the weeks around it."""
    words = "People marked the 17th anniversary of the demise of President Kim Il Sung."
    assert published(words) == ("2011-05-29", "2011-08-17", "range")
    assert published(f"{words} They met on July 8.") == ("2011-07-08", "2011-08-08", "range")
    assert published("the 40th anniversary of the liberation of Korea, that year") is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "The hall was built on the 40th anniversary of the liberation of Korea.", id="what was built on it"
        ),
        pytest.param(
            "He said it in April this year on the 100th anniversary of the birth of Kim Il Sung.",
            id="this year, by month",
        ),
        pytest.param(
            "On the 40th anniversary of the liberation of Korea they sang. Then COVID-19 came.", id="a later event"
        ),
        pytest.param(
            "On the 40th anniversary of the liberation of Korea they sang, as in May 2003.", id="a later date"
        ),
    ],
)
def test_an_anniversary_that_is_recalled_tells_nothing(text: str) -> None:
    """An anniversary of a year that the text looks back on does not date it."""
    assert published(text) is None


@pytest.mark.parametrize(
    ("text", "year"),
    [
        pytest.param("We greet this year 2012 as a year of harvests.", 2012, id="before as"),
        pytest.param("This year 2012 is cold.", 2012, id="before a form of be"),
        pytest.param("Rice is dear this year (2012).", 2012, id="in brackets"),
        pytest.param("Rice is dear this year, 2012.", 2012, id="at the end"),
        pytest.param("Rice is dear so far in 2012, they say.", 2012, id="so far"),
        pytest.param("올해(2020) 쌀값이 올랐다.", 2020, id="Korean, in brackets"),
        pytest.param("올해 2020년 3월에 쌀값이 올랐다.", 2020, id="Korean, with the word for year"),
        pytest.param("This year 2000 tons of rice were sold.", None, id="tons"),
        pytest.param("This year, 2000 tons of rice were sold.", None, id="tons after a comma"),
        pytest.param("So far this year, 1950 tons of rice have been sold.", None, id="tons so far"),
        pytest.param("This year (2000 tons) less rice was sold.", None, id="tons in brackets"),
        pytest.param("This year 2000.5 tons were sold.", None, id="a number with a part"),
        pytest.param("올해 2000명이 처벌을 받았다.", None, id="Korean, persons"),
        pytest.param("올해2000명이 처벌을 받았다.", None, id="Korean, persons, no blank"),
        pytest.param("올해 2000년 만의 가뭄이 들었다.", None, id="Korean, a span of years"),
    ],
)
def test_this_year_names_a_year_unless_it_counts_something(text: str, year: int | None) -> None:
    """A number behind "this year" is that year only where nothing is counted by it."""
    assert published(text) == (year and (f"{year}-01-01", f"{year}-12-31", "year"))


def test_what_lasts_since_late_in_a_month_may_be_told_in_the_next() -> None:
    """What lasts "since May 26" is told in May or in June; a day of another year tells nothing."""
    year = "in 2022, the second year of the current plan"
    assert published(f"They have traded since May 10, {year}.") == ("2022-05-01", "2022-05-31", "month")
    assert published(f"They have traded since May 26, {year}.") == ("2022-05-26", "2022-06-30", "range")
    assert published("They have traded since Jan. 8, 1992 in Seoul.") is None
