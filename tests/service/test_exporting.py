"""Exports: everything a search finds, one generation throughout, nothing a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import msgspec
import pytest
from falcon import testing

from index.errors import GenerationError
from search.engine import SearchRequest
from search.errors import EngineClosed
from search.searcher import Searcher
from service import exporting
from service.exporting import EXPORTS_AT_ONCE
from service.wire_reuse import ExportedArticle
from tests.service.made_up import HOSTILE, made_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.document import Document
    from search.engine import Matches
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

FORMATS = ["csv", "jsonl"]


def rows(content: bytes) -> list[dict[str, str]]:
    """A table's rows by column."""
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True))


def exported_ids(api: Api, **params: Any) -> list[str]:
    """The ids of what is exported."""
    content = api.get("/v1/export", params).content
    if params.get("format") == "jsonl":
        return [json.loads(line)["id"] for line in content.splitlines()]
    return [row["id"] for row in rows(content)]


def searched_ids(api: Api, **params: Any) -> list[str]:
    """The ids of every hit of a search, page by page."""
    found: list[str] = []
    page = api.get("/v1/search", {**params, "per_page": 7}).json
    while True:
        found += [hit["id"] for hit in page["hits"]]
        if page["next_cursor"] is None:
            return found
        page = api.get("/v1/search", {**params, "per_page": 7, "cursor": page["next_cursor"]}).json


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    "params",
    [
        pytest.param({}, id="everything"),
        pytest.param({"q": "winter", "region": "kp"}, id="words and a region"),
        pytest.param({"sort": "oldest", "exclude_topic": "markets"}, id="order and exclusion"),
        pytest.param({"q": "nothinglikethis"}, id="nothing"),
    ],
)
def test_an_export_is_the_whole_search(api: Api, params: dict[str, Any], format_: str) -> None:
    """Every article that the search's pages show, in the same order, filters applied."""
    assert exported_ids(api, format=format_, **params) == searched_ids(api, **params)


@pytest.mark.parametrize("format_", FORMATS)
def test_small_bites_make_the_same_meal(api: Api, format_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few matches and articles are taken at a time, none is lost or given twice."""
    whole = exported_ids(api, format=format_, q="winter")
    monkeypatch.setattr(exporting, "MATCHES_AT_ONCE", 4)
    monkeypatch.setattr(exporting, "ARTICLES_AT_ONCE", 3)
    assert exported_ids(api, format=format_, q="winter") == whole
    assert len(whole) > 12


def test_no_more_is_read_at_a_time_than_said(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is asked for bounded pages, the store for a few articles, and a piece is no more than those."""
    monkeypatch.setattr(exporting, "MATCHES_AT_ONCE", 10)
    monkeypatch.setattr(exporting, "ARTICLES_AT_ONCE", 4)
    asked, read = [], []
    matches, documents = Searcher.matches, Searcher.documents

    def noted_matches(searcher: Searcher, request: SearchRequest) -> Matches:
        asked.append((request.offset, request.limit))
        return matches(searcher, request)

    def noted_documents(searcher: Searcher, serials: Sequence[int]) -> tuple[Document, ...]:
        read.append(len(serials))
        return documents(searcher, serials)

    monkeypatch.setattr(Searcher, "matches", noted_matches)
    monkeypatch.setattr(Searcher, "documents", noted_documents)
    assert len(exported_ids(api, format="jsonl")) == 30
    assert asked == [(0, 10), (10, 10), (20, 10)]
    assert read == [4] * 7 + [2]


def test_jsonl_says_all_that_is_known(api: Api) -> None:
    """Each line is an article as `/v1/articles` gives it, and has the struct's fields, no more."""
    content = api.get("/v1/export", {"format": "jsonl"}).content
    assert content.endswith(b"\n")
    for line in content.splitlines():
        article = msgspec.json.decode(line, type=ExportedArticle, strict=True)
        whole = api.get(f"/v1/articles/{article.id}").json
        assert json.loads(line).items() <= whole.items()
    assert json.loads(line).keys() == set(ExportedArticle.__struct_fields__)


def test_a_table_says_all_that_is_known(api: Api) -> None:
    """A row for each article, its lists joined, what is unknown empty."""
    table = {row["id"]: row for row in rows(api.get("/v1/export").content)}
    assert table["report-4"] == {
        "id": "report-4",
        "url": "https://example.org/4",
        "title": "Report 4: Bridges",
        "title_basis": "text",
        "source": "Daily NK",
        "authors": "",
        "translators": "Kathryn Beaver",
        "published_start": "2019-05-01",
        "published_end": "2019-05-28",
        "published_precision": "month",
        "published_basis": "inferred",
        "regions": "North Korea > Ryanggang (event)",
        "topics": "Smuggling; COVID-19",
        "language": "en",
        "body": api.get("/v1/articles/report-4").json["body"],
        "captions": "A photograph numbered 4.",
    }
    assert table["report-1"]["url"] == "", "no javascript: address"
    assert table["report-5"]["published_start"] == ""


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param('=HYPERLINK("http://evil")', id="equals"),
        pytest.param("+1", id="plus"),
        pytest.param("-1+1", id="minus"),
        pytest.param("@SUM(A1)", id="at"),
        pytest.param("  =1", id="behind spaces"),
        pytest.param("\t=1", id="behind a tab"),
        pytest.param("\r=1", id="behind a return"),
        pytest.param("\n1", id="a line break"),
        pytest.param("＝1", id="full width"),
        pytest.param("\u00a0=1", id="behind a hard space"),
        pytest.param("\u200b=1", id="behind a space of no width"),
        pytest.param("\ufeff=1", id="behind a byte order mark"),
    ],
)
def test_no_cell_begins_a_formula(api_of: Callable[..., Api], archives_with: Callable[..., Any], cell: str) -> None:
    """A headline that a spreadsheet would run gets an apostrophe before it; JSONL leaves it as it is."""
    api = api_of(archives_with([made_up("formula", cell, "A body; =1+1")]))
    content = api.get("/v1/export").content
    assert rows(content)[0]["title"] == f"'{cell}"
    assert b'"A body; =1+1"' in content, "every cell is quoted, so a semicolon parts none"
    assert json.loads(api.get("/v1/export", {"format": "jsonl"}).content)["title"] == cell


def test_hostile_text_stays_in_its_cell(api_of: Callable[..., Api], archives_with: Callable[..., Any]) -> None:
    """Quotes, line breaks, commas and control characters survive both formats unaltered."""
    nasty = f'{HOSTILE} ",\r\n;\t"" end'
    api = api_of(archives_with([made_up("nasty", nasty, nasty)]))
    assert rows(api.get("/v1/export").content)[0]["title"] == nasty
    assert json.loads(api.get("/v1/export", {"format": "jsonl"}).content)["title"] == nasty


@pytest.mark.parametrize(
    ("format_", "media_type"),
    [("csv", "text/csv; charset=utf-8; header=present"), ("jsonl", "application/x-ndjson; charset=utf-8")],
)
def test_it_comes_as_a_file(api: Api, format_: str, media_type: str) -> None:
    """Its type, a name to save it under, a tag; HEAD says the same; who has it is told so."""
    answer = api.get("/v1/export", {"format": format_})
    head = api.request("HEAD", "/v1/export", query_string=f"format={format_}")
    for one in (answer, head):
        assert one.headers["content-type"] == media_type
        assert one.headers["content-disposition"] == f'attachment; filename="articles.{format_}"'
        assert one.headers["etag"] == answer.headers["etag"]
        assert one.headers["cache-control"] == "no-cache"
        assert "content-length" not in one.headers, "it is not known before the end"
    again = api.get("/v1/export", {"format": format_}, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_bad_parameters_are_refused_before_anything_is_sent(api: Api) -> None:
    """All at once, by name, by HEAD as well."""
    errors = api.get("/v1/export", {"format": "xlsx", "facet": "nonsense", "q": "x" * 300}).json["errors"]
    assert {error["param"] for error in errors} == {"format", "facet", "q"}
    assert api.request("HEAD", "/v1/export", query_string="format=xlsx").status_code == 400


class Reader:
    """A server's side of a request: it takes pieces when it likes, and says when the reader went away."""

    def __init__(self, api: Api, **params: Any) -> None:
        environ = testing.create_environ("/v1/export", query_string=urlencode(params, doseq=True))
        started = testing.StartResponseMock()
        self._answer: Any = api.client.app(environ, started)
        self.status = started.status
        self._pieces: Iterator[bytes] = iter(self._answer)

    def take(self) -> bytes:
        """The next piece."""
        return next(self._pieces)

    def rest(self) -> bytes:
        """All that is left."""
        return b"".join(self._pieces)

    def leave(self) -> None:
        """Go away."""
        self._answer.close()


def is_closed(archive: Archive) -> bool:
    """Whether an archive lends nothing more."""
    try:
        archive.searcher.matches(SearchRequest(limit=0))
    except EngineClosed:
        return True
    return False


@pytest.fixture
def growing(
    api_of: Callable[..., Api], archives_with: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[Api, Archive, Callable[[], None]]:
    """An API over twenty articles, the archive it answers from, and a way to publish another twenty."""
    monkeypatch.setattr(exporting, "MATCHES_AT_ONCE", 8)
    monkeypatch.setattr(exporting, "ARTICLES_AT_ONCE", 2)
    archives = archives_with([made_up(f"old-{number}") for number in range(20)])
    with archives.lease() as archive:
        pass
    return api_of(archives), archive, lambda: archives_with([made_up(f"new-{number}") for number in range(20)])


def test_one_generation_from_the_first_to_the_last(growing: tuple[Api, Archive, Callable[[], None]]) -> None:
    """What is published meanwhile is for the next export; the old generation is let go of at the end, not before."""
    api, archive, publish = growing
    reader = Reader(api, format="jsonl")
    first = reader.take()
    publish()
    assert api.get("/v1/search").json["hits"][0]["id"] == "new-0"
    assert not is_closed(archive)
    lines = (first + reader.rest()).splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"old-{number}" for number in range(20)]
    assert is_closed(archive)
    assert exported_ids(api)[0] == "new-0"


@pytest.mark.parametrize("taken", [0, 1, 3])
def test_a_reader_who_goes_away_holds_nothing(growing: tuple[Api, Archive, Callable[[], None]], taken: int) -> None:
    """Closed before the first piece or between two, an export lets go of its generation."""
    api, archive, publish = growing
    reader = Reader(api)
    for _ in range(taken):
        reader.take()
    publish()
    api.get("/v1/search")
    assert not is_closed(archive)
    reader.leave()
    assert is_closed(archive)
    reader.leave()


def test_a_generation_that_is_withdrawn_ends_an_export_with_an_error(
    growing: tuple[Api, Archive, Callable[[], None]],
) -> None:
    """Closed under a reader who took too long, it breaks off, which is not how a whole one ends; its turn is free."""
    api, archive, _ = growing
    readers = [Reader(api, format="jsonl") for _ in range(EXPORTS_AT_ONCE)]
    assert readers[0].take()
    archive.close()
    for reader in readers:
        with pytest.raises((EngineClosed, GenerationError)):
            reader.rest()
    assert [Reader(api).status for _ in range(EXPORTS_AT_ONCE)] == ["500 Internal Server Error"] * EXPORTS_AT_ONCE


def test_only_so_many_at_a_time(growing: tuple[Api, Archive, Callable[[], None]]) -> None:
    """Further exports are asked to come back; searches and HEAD are not; a turn is free again when one ends."""
    api, _, _ = growing
    readers = [Reader(api) for _ in range(EXPORTS_AT_ONCE)]
    refused = api.get("/v1/export")
    assert refused.status_code == 503
    assert refused.json["code"] == "busy"
    assert refused.headers["retry-after"] == "10"
    assert api.get("/v1/search").status_code == 200
    assert api.request("HEAD", "/v1/export").status_code == 200
    readers[0].leave()
    assert len(exported_ids(api)) == 20
    readers[1].rest()
    assert [Reader(api).status for _ in range(EXPORTS_AT_ONCE)] == ["200 OK"] * EXPORTS_AT_ONCE


def test_a_refusal_takes_no_turn(api_of: Callable[..., Api], archives: Reloading[Archive]) -> None:
    """Requests that fail after their turn has come give it back."""
    api = api_of(archives)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("service.exporting._serials", lambda *_: 1 / 0)
        for _ in range(EXPORTS_AT_ONCE + 1):
            assert api.get("/v1/export").status_code == 500
    assert len(exported_ids(api)) == 30


def test_a_failure_under_way_lets_go_and_is_not_hidden(
    growing: tuple[Api, Archive, Callable[[], None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What breaks between two pieces breaks the connection, so that nobody takes a part for the whole."""
    api, archive, publish = growing
    reader = Reader(api)
    reader.take()
    monkeypatch.setattr("service.exporting.article_answer", lambda *_: 1 / 0)
    publish()
    api.get("/v1/search")
    with pytest.raises(ZeroDivisionError):
        reader.rest()
    assert is_closed(archive)
