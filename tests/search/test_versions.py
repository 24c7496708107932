"""Whether two articles are one report: constructed pairs, and traps that look like one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from index.document import Document, Label, Role
from search.versions import FEWEST_IF_EDITED, Likeness, VersionKind, find_likeness, numbers_in, reading_of
from tests.search.reports import DAY, HYESAN, NORTH_KOREA, SINUIJU, report

BODY = (
    "Security officers in Sinuiju caught 43 smugglers on the Yalu last week and took 1,200 kilograms of copper and "
    "35,000 yuan from them, a source in the province said. The smugglers had carried goods across the river at night "
    "for months, and everybody in the neighbourhood knew it. Nobody can say what will become of their families."
)
LATER = " The officers were praised in front of all others. Prices in the market rose at once, the source added."
LONGER = " ".join(
    f"On day {number} of the campaign patrol {number} came to street {number}." for number in range(40, 60)
)
KOREAN = (
    "지난주 신의주 보위부가 압록강에서 밀수꾼 43명을 체포하고 구리 1200㎏과 3만 5천 위안을 압수했다고 "
    "평안북도 소식통이 전했다. "
    "밀수꾼들은 몇 달 동안 밤마다 강을 건너 물건을 날랐으며 동네 사람들은 모두 알고 있었다."
)


def one(body: str = BODY, **options: object) -> Document:
    """The report."""
    return report("one", body, **{"title": "Smugglers caught", "places": [SINUIJU], **options})  # type: ignore[arg-type] # options of a report


def korean(body: str = KOREAN, **options: object) -> Document:
    """The report in Korean."""
    known = {"title": "신의주서 밀수꾼 체포", "places": [SINUIJU], "language": "ko", **options}
    return report("other", body, **known)  # type: ignore[arg-type] # options of a report


def likeness(first: Document, second: Document) -> Likeness | None:
    """How they are one report, which does not depend on which comes first."""
    found, turned = (find_likeness(reading_of(a), reading_of(b)) for a, b in ((first, second), (second, first)))
    assert (found and found.kind) == (turned and turned.kind)
    return found


@pytest.mark.parametrize(
    ("other", "kind"),
    [
        pytest.param(one(), VersionKind.VERSION, id="the same text"),
        pytest.param(replace(one(), language=None), VersionKind.VERSION, id="its language not known"),
        pytest.param(one(BODY + LATER), VersionKind.VERSION, id="with an addition"),
        pytest.param(
            one(BODY.replace("neighbourhood", "quarter").replace("at night", "by night")),
            VersionKind.VERSION, id="edited here and there",
        ),
        pytest.param(one(day=DAY + dt.timedelta(3)), VersionKind.VERSION, id="three days later"),
        pytest.param(one(source=Label("other", "Other")), VersionKind.VERSION, id="reprinted by somebody else"),
        pytest.param(one(day=None), VersionKind.VERSION, id="word for word, undated"),
        pytest.param(one(day=DAY + dt.timedelta(365)), None, id="the same words a year later"),
        pytest.param(
            report("x", BODY.replace("43", "57"), title="Smugglers caught"), None, id="another number: another report"
        ),
        pytest.param(
            one(BODY.replace("last week", "this year").replace("at night", "by day"), title="Border trade resumes"),
            None, id="many of the same words under another headline",
        ),
        pytest.param(one(f"{BODY} {LONGER}"), None, id="an excerpt of something longer"),
        pytest.param(report("x", LATER, title="Smugglers caught"), None, id="other words under the same headline"),
        pytest.param(report("x", "Rice.", title="Rice"), None, id="too short to say"),
        pytest.param(korean(), VersionKind.TRANSLATION, id="in Korean"),
        pytest.param(korean(source=Label("other", "Other")), None, id="in Korean, of another publisher"),
        pytest.param(korean(source=None), None, id="in Korean, of nobody knows whom"),
        pytest.param(korean(day=DAY + dt.timedelta(1)), None, id="in Korean, of another day"),
        pytest.param(korean(day=None), None, id="in Korean, undated"),
        pytest.param(korean(places=[HYESAN]), None, id="in Korean, of another place"),
        pytest.param(korean(places=[(NORTH_KOREA,)]), None, id="in Korean, of the country only"),
        pytest.param(korean(places=[]), None, id="in Korean, of no place"),
        pytest.param(korean(role=Role.CAPTION), None, id="in Korean, of a place in a picture"),
        pytest.param(korean(KOREAN.replace("1200", "1300")), None, id="in Korean, with too few numbers in common"),
        pytest.param(korean("지난주 신의주에서 밀수꾼이 체포됐다."), None, id="in Korean, without numbers"),
        pytest.param(
            korean(KOREAN + "쌀 4800원, 옥수수 2100원, 휘발유 9500원, 경유 7300원."),
            None, id="in Korean, with many others",
        ),
    ],
)  # fmt: skip
def test_one_report_is_told_from_two(other: Document, kind: VersionKind | None) -> None:
    """Only what the words, or in another language everything that survives translation, prove is one report."""
    found = likeness(one(), other)
    assert (found and found.kind) == kind


def test_form_letters_are_not_versions() -> None:
    """Messages of the same words to different people on one day are as many reports."""
    text = (
        "The leader sent a message of greetings to the president of {0} on the {1}th anniversary of its independence. "
        "The message extended warm congratulations to the president and the people of {0} and wished them success in "
        "their work for the development of the country, with the belief that friendly relations would grow stronger."
    )
    laos, cuba = (
        report(name, text.format(name, year), title=f"Greetings to President of {name}")
        for name, year in (("Laos", 36), ("Cuba", 53))
    )
    assert likeness(laos, cuba) is None


def test_two_of_a_kind_are_not_versions() -> None:
    """Funds that pay the same are as many reports: each headline names what the other article never does."""
    text = (
        "The {0} fund said it set a dividend of 4,300 yuan a share for its holders, to be paid on the last day of the "
        "month. The fund invests in bonds of provinces and of cities, and has paid every month since it was founded "
        "eleven years ago, when nobody believed that it would last for longer than a year or two at the most."
    )
    assert len(reading_of(report("x", text)).shingles) > FEWEST_IF_EDITED
    insured, daring = (report(x, text.format(x), title=f"{x} fund sets dividend") for x in ("Insured", "Daring"))
    assert likeness(insured, daring) is None


def test_short_texts_must_be_the_same() -> None:
    """In a few lines of figures one word more may be another thing altogether."""
    lines = (
        "{} pays 7.1 yuan a share against 7.1 yuan before. To be paid on March 31. Record of March 16. A fund of bonds."
    )
    one, other = (
        report(name, lines.format(name), title="Fund sets payout")
        for name in ("Hyesan insured", "Hyesan insured growth")
    )
    assert likeness(one, other) is None
    assert likeness(one, replace(one, id="again")) is not None


def test_the_proof_is_told() -> None:
    """What both have, in words, numbers as people write them."""
    version, translation = (
        likeness(one(), report("x", BODY + LATER, title="Smugglers caught")),
        likeness(one(), korean()),
    )
    assert version == Likeness(
        VersionKind.VERSION,
        ("100% of the shorter text is in the other, word for word", "the days they may be from overlap"),
    )
    assert translation == Likeness(
        VersionKind.TRANSLATION,
        (
            "both are from Daily NK and of days that overlap",
            "both tell of Sinuiju",
            "both say 35,000, 1,200, 43",
        ),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1,200 of 35,000", [1200, 35000], id="thousands"),
        pytest.param("2.5 million and 3 Billion", [2_500_000, 3_000_000_000], id="English multipliers"),
        pytest.param("3만 5천 명", [35000], id="Korean multipliers that go on"),
        pytest.param("1억2천만 원", [120_000_000], id="a multiplier of a multiplier"),
        pytest.param("3만, 5천", [30000, 5000], id="two numbers"),
        pytest.param("3만 5만", [30000, 50000], id="multipliers that do not get smaller"),
        pytest.param("3천 200명", [3200], id="goes on without a multiplier"),
        pytest.param("2 million 300 thousand", [2_000_000, 300_000], id="English ones do not go on"),
        pytest.param("v2.0, A4, 3.5%", [3.5], id="none within a word"),
        pytest.param("1,20 and 12,3456", [1, 20, 12, 3456], id="commas that are no thousands"),
        pytest.param("2020년 3월 27일", [2020, 3, 27], id="dates are numbers, too"),
        pytest.param("no number", [], id="none"),
    ],
)
def test_numbers_mean_the_same_in_both_languages(text: str, expected: list[float]) -> None:
    """Figures are read with the words that multiply them."""
    assert list(numbers_in(text)) == expected
