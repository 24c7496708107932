"""Datelines where an article begins: below a headline, a kicker or a deck, and alone on a line."""

from __future__ import annotations

import pytest

from index.document import Declared, Document, RawDocument, Role
from index.extract.pipeline import load_extractor

EXTRACTOR = load_extractor()
DISPATCH = "SINUIJU, Mar. 27, 2020 (Yonhap) -- Rice has become dear in the town."


def understand(text: str, title: str | None = None) -> Document:
    """A plain text, understood."""
    return EXTRACTOR.understand(RawDocument(None, None, "a.txt", text, "text/plain", Declared(title=title)), "a")


def told(document: Document) -> tuple[str | None, str | None, list[str]]:
    """The day, the source and the places of the dateline."""
    return (
        str(document.published.value.start) if document.published else None,
        document.source.value.name if document.source else None,
        [found.value.name for found in document.regions if found.value.role is Role.DATELINE],
    )


@pytest.mark.parametrize(
    ("text", "declared", "title"),
    [
        pytest.param(f"Rice dearer\n\n{DISPATCH}", None, "Rice dearer", id="below a headline"),
        pytest.param(f"Rice dearer\n\nThe border is shut\n\n{DISPATCH}", None, "Rice dearer", id="below a deck"),
        pytest.param(f"Rice dearer\n{DISPATCH}", None, "Rice dearer", id="no blank line"),
        pytest.param(f"MARKETS\n\nRice dearer\n\n{DISPATCH}", None, "MARKETS", id="below a kicker"),
        pytest.param(f"Drought\n\n{DISPATCH}", None, "Drought", id="below one word with a capital"),
        pytest.param(f"Rice is dearer.\n\n{DISPATCH}", None, "Rice is dearer.", id="below a full stop"),
        pytest.param(f"Rice dearer in town\n\n{DISPATCH}", "Rice dearer", "Rice dearer", id="below another title"),
        pytest.param(DISPATCH.replace("-- ", "--\n\n"), None, "Rice has become dear in the town.", id="alone"),
    ],
)
def test_a_dateline_is_found_where_the_article_begins(text: str, declared: str | None, title: str) -> None:
    """What stands above a dateline hides neither day, source nor place, and is the title where it can be."""
    document = understand(text, declared)
    assert document.title.value == title
    assert told(document) == ("2020-03-27", "Yonhap", ["Sinuiju"])


@pytest.mark.parametrize(
    ("text", "day"),
    [
        pytest.param("Pyongyang, January 5, Juche 108 (2019) (KCNA) -- Rice is dear.", "2019-01-05", id="both years"),
        pytest.param("Pyongyang, January 5 Juche 108 (KCNA) -- Rice is dear.", "2019-01-05", id="Juche alone"),
        pytest.param("PYONGYANG, 5 JANUARY, JUCHE 108 (2019) (KCNA) -- Rice is dear.", "2019-01-05", id="capitals"),
        pytest.param("(평양 주체108(2019)년 1월 5일발 조선중앙통신) 쌀이 비싸다.", "2019-01-05", id="Korean"),
        pytest.param("Pyongyang, January 5, Juche 108 (2018) (KCNA) -- Rice is dear.", None, id="another year"),
        pytest.param("Pyongyang, January 5 (KCNA) -- Rice is dear.", None, id="no year"),
    ],
)
def test_the_year_of_a_dateline_may_be_of_juche(text: str, day: str | None) -> None:
    """Day, source and place are found; a Juche year that is not the one beside it gives no day."""
    assert told(understand(text)) == (day, "KCNA", ["Pyongyang"])


@pytest.mark.parametrize(
    ("text", "title", "expected"),
    [
        pytest.param(
            "SINUIJU, Mar. 27, 2020\n\nRice is dear. More follows.",
            "Rice is dear.",
            ("2020-03-27", None, ["Sinuiju"]),
            id="with a year",
        ),
        pytest.param(
            "Sinuiju, 27 March 2020\nRice is dear. More follows.",
            "Rice is dear.",
            ("2020-03-27", None, ["Sinuiju"]),
            id="no blank line",
        ),
        pytest.param(
            "SINUIJU, Mar. 27 (Yonhap)\n\nRice dearer\n\nRice is dear, they say.",
            "Rice dearer",
            (None, "Yonhap", ["Sinuiju"]),
            id="above the headline",
        ),
        pytest.param("Pak Il, March 27\n\nHe wrote it.", "Pak Il, March 27", (None, None, []), id="a name and a day"),
    ],
)
def test_a_dateline_alone_is_no_title(
    text: str, title: str, expected: tuple[str | None, str | None, list[str]]
) -> None:
    """A line that is a dateline and no more gives the same, and the title is what stands below."""
    document = understand(text)
    assert (document.title.value, told(document)) == (title, expected)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("BANKS ARE TO OPEN ON MARCH 9\n\nThey said so.", id="a headline in capitals that ends in a day"),
        pytest.param("BANKS IN TOWN ARE TO OPEN, MARCH 9\n\nThey said so.", id="with a comma"),
        pytest.param("MORNING NEWS IN BRIEF, MARCH 9\n\nThey said so.", id="a short one"),
        pytest.param("Rice dearer\n\nThey will meet in\nSeoul, March 3 - or so they say.", id="a line that goes on"),
        pytest.param("Rice dearer\n\nIt is so.\nHong Kil Dong (58) - a farmer - said.", id="a person with an age"),
        pytest.param("Rice dearer\n\nIt is so.\n\nRICE - a staple - is dear.", id="capitals alone"),
        pytest.param("Rice.\n" * 5 + DISPATCH, id="the sixth line"),
        pytest.param("Rice is dear. " * 50 + "\n" + DISPATCH, id="far down"),
    ],
)
def test_below_the_first_line_a_dateline_must_be_certain(text: str) -> None:
    """A name before a dash or a bracket is none, nor is what stands in the middle of the body."""
    document = understand(text)
    assert not [found for found in document.regions if found.value.role is Role.DATELINE]
    assert document.published is None
