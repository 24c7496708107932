"""Rows of tables become articles with declared metadata; bad rows are named and passed over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.document import Declared, DeclaredRegion, RawDocument
from index.errors import UnreadableInput
from index.read import streams
from index.read.reading import UnknownFields
from tests.index.read.readers import only_article, only_problem, readings

if TYPE_CHECKING:
    from index.read.reading import Reading

TOO_FEW = "has 1 cells, the header 2: is a quote missing?"


def outlined(items: list[Reading]) -> list[tuple[int | None, str]]:
    """Each item as its line and its body, or its problem's reason."""
    outline: list[tuple[int | None, str]] = []
    for item in items:
        if isinstance(item, RawDocument):
            outline.append((int(item.origin.rpartition(":")[2]), item.content))
        else:
            assert isinstance(item, UnreadableInput)
            outline.append((item.line, item.reason))
    return outline


def test_every_declared_field_is_taken() -> None:
    """A full row becomes an article with all it declares, cells with several values taken apart."""
    row = (
        "id,url,title,body,date,region,source,topic,authors,language\r\n"
        'x-1,https://a.example/1, A title ,"body, ""quoted""\r\nand unaltered ",2020-03,Sinuiju; Hyesan,Daily NK,'
        "trade|food,Ha Yoon Ah;Kim,en\r\n"
    )
    assert only_article("csv", row) == RawDocument(
        id="x-1",
        url="https://a.example/1",
        origin="/in/file:2",
        content='body, "quoted"\r\nand unaltered ',
        media_type="text/plain",
        declared=Declared(
            title="A title",
            date="2020-03",
            regions=(DeclaredRegion("Sinuiju"), DeclaredRegion("Hyesan")),
            source="Daily NK",
            topics=("trade", "food"),
            authors=("Ha Yoon Ah", "Kim"),
            language="en",
        ),
    )


@pytest.mark.parametrize(
    "table",
    [
        pytest.param("title,body\nA,B; c\td\n", id="comma"),
        pytest.param('title;body\nA;"B; c\td"\n', id="semicolon"),
        pytest.param('title\tbody\nA\t"B; c\td"\n', id="tab"),
        pytest.param('sep=;\ntitle;body\nA;"B; c\td"\n', id="named by Excel"),
        pytest.param("\ufeffTitle,BODY\nA,B; c\td\n", id="byte order mark and capitals"),
        pytest.param('"title","body"\n"A","B; c\td"\n', id="quoted"),
        pytest.param("title,body,,\nA,B; c\td,,\n", id="columns without a name"),
        pytest.param("title,body\n\n,\nA,B; c\td", id="blank rows, no end of line"),
        pytest.param('\ntitle;body\nA;"B; c\td"\n', id="semicolon, below a blank line"),
        pytest.param('\rtitle,body\rA,"B; c\td"\r', id="lines of an old Mac"),
        pytest.param('\ufeff\r\n \r\nsep=;\ntitle;body\nA;"B; c\td"\n', id="named by Excel, below blank lines"),
        pytest.param('\t\t\ntitle\tbody\nA\t"B; c\td"\n', id="tab, below a blank row"),
    ],
)
def test_tables_of_any_kind(table: str) -> None:
    """What separates cells is told by the header, and blanks say nothing."""
    article = only_article("csv", table)
    assert (article.declared.title, article.content) == ("A", "B; c\td")


@pytest.mark.parametrize(
    ("table", "line", "reason"),
    [
        pytest.param("", 1, "is empty", id="nothing"),
        pytest.param("\n \r\n\n", 1, "is empty", id="blank lines"),
        pytest.param("\n\ntitle;text\nA;B\n", 3, "but: title, text. If", id="no body, below blank lines"),
        pytest.param("title,text\nA,B\n", 1, "no column named 'body', but: title, text. If one is ours", id="no body"),
        pytest.param("body,Body\nA,B\n", 1, "several columns named 'body'", id="two bodies"),
        pytest.param(b"titre,\xe9t\xe9,body\n", 1, "is not in UTF-8: 0xe9", id="header in Latin 1"),
    ],
)
def test_tables_that_cannot_be_read(table: str | bytes, line: int, reason: str) -> None:
    """A table whose header says nothing to us is one problem, not one for each row."""
    problem = only_problem("csv", table)
    assert problem.line == line
    assert reason in problem.reason


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param("A", "has 1 cells, the header 2", id="too few"),
        pytest.param("A,B,C", "has 3 cells, the header 2", id="too many"),
        pytest.param('A,"B" C', "is not CSV", id="words behind a quote"),
        pytest.param(
            b"A,caf\xe9", 'is not in UTF-8: 0xe9 is not part of a character; save the table as "CSV UTF-8"', id="latin"
        ),
        pytest.param("A,B\0C", "body holds a NUL character", id="nul"),
        pytest.param("A\0,B", "title holds a NUL character", id="nul in the title"),
        pytest.param('A,"B', "opens a quote that is never closed", id="open quote"),
        pytest.param(',"  "', "neither words in its body nor a title", id="nothing to read"),
    ],
)
def test_bad_rows(row: str | bytes, reason: str) -> None:
    """A bad row is named with its line and reason, and the rows around it are read."""
    data = row.encode() if isinstance(row, str) else row
    outline = outlined(readings("csv", b"title,body\nX,before\n" + data + b"\nY,after\n"))
    assert [outline[0], outline[2]] == [(2, "before"), (4, "after")]
    assert outline[1][0] == 3
    assert reason in outline[1][1]


def test_a_quote_that_a_later_one_closes_costs_no_other_row() -> None:
    """In a table that has quotes elsewhere, the next one seems to close it: the rows between are read all the same."""
    rows = "".join(f"{number},row {number}\n" for number in range(2, 100))
    outline = outlined(readings("csv", f'title,body\n1,"one\n{rows}100,"last"\n101,after\n'))
    assert outline[0] == (
        2, "opens a quote that only the quote of a later row closes; what follows this line was read as rows of its own"
    )  # fmt: skip
    assert [text for _, text in outline[1:]] == [*(f"row {number}" for number in range(2, 100)), "last", "after"]
    every = "".join(f'{number},"row {number}"\n' for number in range(2, 5))
    assert [text for _, text in outlined(readings("csv", f'title,body\n1,"one\n{every}'))[1:]] == [
        "row 2",
        "row 3",
        "row 4",
    ]


def test_rows_are_numbered_by_their_first_line() -> None:
    """A row that goes over several lines has the number of the first."""
    assert outlined(readings("csv", 'title,body\n\nA,"1\n2\n3"\nB,4\n')) == [(3, "1\n2\n3"), (6, "4")]


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        pytest.param('title,body\rA,"1\n2\r3"\rB\rC,4\r', [(2, "1\n2\n3"), (5, TOO_FEW), (6, "4")], id="old Mac"),
        pytest.param('title,body\r\nA,"1\r2"\r\nB\r\nC,4\r\n', [(2, "1\r2"), (3, TOO_FEW), (4, "4")], id="Windows"),
        pytest.param('title,body\nA,"1\r2"\nB\nC,4\n', [(2, "1\r2"), (3, TOO_FEW), (4, "4")], id="Unix"),
    ],
)
def test_lines_end_as_the_first_one_does(table: str, wanted: list[tuple[int, str]]) -> None:
    """CR alone ends a line where it ends the first; elsewhere it is a character of a cell."""
    assert outlined(readings("csv", table)) == wanted


def test_columns_that_were_not_used_are_counted() -> None:
    """Columns that say nothing to us are reported with the number of rows that fill them; a mapping makes them ours."""
    table = "headline,body,mood\nA,B,x\nC,D,\n"
    *_, unknown = readings("csv", table)
    assert unknown == UnknownFields("/in/file", (("headline", 2), ("mood", 1)))
    first, *_ = readings("csv", table, {"headline": "title"})
    assert isinstance(first, RawDocument)
    assert first.declared.title == "A"


def test_long_lines_and_rows_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line or a row that is too long is a problem of its own, within an open quote too, and the rest is read."""
    monkeypatch.setattr(streams, "MAX_LINE_BYTES", 500)
    long = "x" * 600
    assert outlined(readings("csv", f'title,body\nA,{long}\nB,b\nC,"open\nD,d\nE,{long}\nF,f\n')) == [
        (2, "is longer than 0 MiB"),
        (3, "b"),
        (4, "opens a quote that is never closed; what follows this line was read as rows of its own"),
        (5, "d"),
        (6, "is longer than 0 MiB"),
        (7, "f"),
    ]
    rows = "".join(f"{number},{'y' * 200}\n" for number in range(5))
    items = readings("csv", f'title,body\nA,"{rows}')
    assert "goes on for more than" in str(items[0])
    assert sum(isinstance(item, RawDocument) for item in items) == 4
