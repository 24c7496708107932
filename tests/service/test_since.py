"""`since`: what was added after the answer that gave a mark, exactly, whichever form it is asked in."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from falcon import testing

    from index.document import Document
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api


@pytest.fixture
def grown(
    documents: tuple[Document, ...],
    archives_with: Callable[[Sequence[Document]], Reloading[Archive]],
    api_of: Callable[..., Api],
) -> tuple[Api, str]:
    """The API of an archive of thirty articles, and the mark that was given when there were twenty."""
    api = api_of(archives_with(documents[:20]))
    mark = api.get("/v1/search").json["mark"]
    archives_with(documents)
    return api, mark


def ids_at(result: testing.Result) -> list[str]:
    """The ids of the hits."""
    return [hit["id"] for hit in result.json["hits"]]


def test_only_what_was_added_since_is_found(grown: tuple[Api, str]) -> None:
    """Of all that matches, the articles that came later: hits, totals and facets alike; the rest without the mark."""
    api, mark = grown
    asked = {"q": "rice OR market", "facet": "source", "per_page": 50}
    before, later = api.get("/v1/search", asked).json, api.get("/v1/search", {**asked, "since": mark}).json
    added = {f"report-{number}" for number in range(20, 30)}
    assert {hit["id"] for hit in later["hits"]} == {hit["id"] for hit in before["hits"]} & added
    assert 0 < later["total"] == len(later["hits"]) < before["total"]
    source = later["facets"]["source"]
    assert sum(value["count"] for value in source["values"]) + source["missing"] == later["total"]


def test_asking_with_the_newest_mark_finds_nothing(grown: tuple[Api, str]) -> None:
    """Each answer's mark goes on where it ended, so nothing is told twice and nothing is missed."""
    api, mark = grown
    later = api.get("/v1/search", {"since": mark}).json
    assert later["total"] == 10
    assert later["mark"] != mark
    assert api.get("/v1/search", {"since": later["mark"]}).json["total"] == 0


def test_cursors_stay_with_what_was_added(grown: tuple[Api, str]) -> None:
    """Page by page, the whole of what was added is reached, and a cursor is of no use without its mark."""
    api, mark = grown
    first = api.get("/v1/search", {"since": mark, "per_page": 6})
    rest = api.get("/v1/search", {"since": mark, "per_page": 6, "cursor": first.json["next_cursor"]})
    assert {*ids_at(first), *ids_at(rest)} == {f"report-{number}" for number in range(20, 30)}
    assert f"since={mark}" in first.json["links"]["next"]
    assert api.get("/v1/search", {"per_page": 6, "cursor": first.json["next_cursor"]}).status_code == 400


def test_every_form_of_a_question_takes_it(grown: tuple[Api, str]) -> None:
    """Feeds, exports, facets and questions by POST leave out the same articles, and a search's links keep the mark."""
    api, mark = grown
    asked = {"since": mark, "q": "rice"}
    wanted = api.get("/v1/search", {**asked, "per_page": 50}).json
    ids = {hit["id"] for hit in wanted["hits"]}
    assert 0 < len(ids) < 10
    feed = api.get("/v1/feed.json", asked).json
    assert {item["url"].rpartition("/")[2] for item in feed["items"]} == ids
    assert f"since={mark}" in feed["feed_url"]
    assert api.get("/v1/feed.atom", asked).text.count("<entry>") == len(ids)
    exported = api.get("/v1/export", {**asked, "format": "jsonl"}).text
    assert {json.loads(line)["id"] for line in exported.splitlines()} == ids
    sources = api.get("/v1/facets/source", asked).json["values"]
    assert sum(value["count"] for value in sources) == len(ids)
    assert api.post("/v1/search", asked).json["total"] == len(ids)
    assert all(f"since={mark}" in wanted["links"][form] for form in ("self", "atom", "jsonfeed", "csv"))


@pytest.mark.parametrize("path", ["/v1/search", "/v1/feed.atom", "/v1/feed.json", "/v1/export", "/v1/facets/source"])
@pytest.mark.parametrize("since", ["yesterday", "A" * 22], ids=["no mark", "a mark of no archive"])
def test_what_is_no_mark_is_said(api: Api, path: str, since: str) -> None:
    """It is never taken for "everything"."""
    result = api.get(path, {"since": since})
    assert result.status_code == 400
    assert result.json["errors"] == [
        {"param": "since", "detail": "is not a mark of this archive: pass on the mark that an answer gave"}
    ]


def test_an_article_that_is_deleted_changes_no_mark(
    documents: tuple[Document, ...],
    archives_with: Callable[[Sequence[Document]], Reloading[Archive]],
    api_of: Callable[..., Api],
) -> None:
    """A mark holds though nothing is left of what it was given after."""
    api: Any = api_of(archives_with(documents))
    mark = api.get("/v1/search").json["mark"]
    archives_with(documents[:5])
    assert api.get("/v1/search", {"since": mark}).json["total"] == 0
    archives_with((*documents, replace(documents[3], id="report-30")))
    assert ids_at(api.get("/v1/search", {"since": mark})) == ["report-30"]
