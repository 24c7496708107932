"""InstantSearch over HTTP: the search's own numbers in InstantSearch's words, bounds, and every mistake named."""

from __future__ import annotations

import datetime as dt
import json
import random
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from search.searcher import Hits, Searcher
from service.instantsearch.attributes import ATTRIBUTES
from service.instantsearch.reading import MOST_VALUES
from service.instantsearch.wire import MOST_ITEMS
from service.params import MAX_PAGED, MAX_PER_PAGE
from tests.service.made_up import HOSTILE, made_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from falcon import testing

    from search.engine import SearchRequest
    from tests.service.conftest import Api

PATH = "/v1/instantsearch"
TAGS = {"highlightPreTag": "__ais-highlight__", "highlightPostTag": "__/ais-highlight__"}
"""What InstantSearch.js asks for: it makes them `<mark>` once it has escaped the rest."""


def ask(api: Api, *items: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The results of items; each is held against its schema."""
    body = {"requests": [{"indexName": "articles", **item} for item in items]}
    results: list[dict[str, Any]] = api.post(PATH, body).json["results"]
    assert len(results) == len(items)
    for item, result in zip(items, results, strict=True):
        name = "FacetResult" if item.get("type") == "facet" else "SearchResult"
        api.validate(result, {"$ref": f"#/components/schemas/{name}"})
    return results


def search(api: Api, **params: Any) -> dict[str, Any]:
    """The result of one search."""
    return ask(api, {"params": params})[0]


def problems(answer: testing.Result) -> dict[str, str]:
    """What is wrong, by parameter."""
    assert answer.status_code == 400
    return {error["param"]: error["detail"] for error in answer.json["errors"]}


def flat(values: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every value of a facet of `/v1/search`."""
    for value in values:
        yield value
        yield from flat(value["children"])


def counts_of_search(api: Api, facet: str, **params: Any) -> dict[str, int]:
    """A facet as `/v1/search` counts it, by the text that stands for it here."""
    answer = api.get("/v1/search", {**params, "facet": facet, "facet_size": 200}).json["facets"][facet]
    return {" > ".join(value["path"]): value["count"] for value in flat(answer["values"])}


def test_hits_are_those_of_the_search(api: Api) -> None:
    """The same articles in the same order with the same scores, pages from 0."""
    hits = api.get("/v1/search", {"q": "winter bridge", "per_page": 5, "page": 2}).json["hits"]
    result = search(api, query="winter bridge", hitsPerPage=5, page=1)
    assert [(hit["objectID"], hit["score"]) for hit in result["hits"]] == [(hit["id"], hit["score"]) for hit in hits]
    for mine, theirs in zip(result["hits"], hits, strict=True):
        for name in ("url", "title", "title_basis", "source", "authors", "language", "regions", "published", "links"):
            assert mine[name] == theirs[name]
        assert mine["topic"] == [topic["name"] for topic in theirs["topics"]]


def test_the_frame_of_a_result(api: Api) -> None:
    """What InstantSearch reads besides hits and facets."""
    result = search(api, query="winter", hitsPerPage=4, page=1, analytics=False)
    total = api.get("/v1/search", {"q": "winter"}).json["total"]
    assert (
        result.items()
        >= {
            "index": "articles",
            "query": "winter",
            "params": "query=winter&hitsPerPage=4&page=1&analytics=false",
            "nbHits": total,
            "page": 1,
            "hitsPerPage": 4,
            "nbPages": -(-total // 4),
            "exhaustiveNbHits": True,
            "exhaustiveFacetsCount": True,
            "facets": {},
            "facets_stats": {},
            "warnings": [],
        }.items()
    )


def test_a_hit_says_where_and_when(api: Api) -> None:
    """Places by level without those of captions only; the date in words, by year, and as the first second it may be."""
    hits = {hit["objectID"]: hit for hit in search(api, hitsPerPage=50)["hits"]}
    assert hits["report-3"]["region"] == {
        "lvl0": ["North Korea"],
        "lvl1": ["North Korea > North Pyongan"],
        "lvl2": ["North Korea > North Pyongan > Sinuiju"],
        "lvl3": [],
    }
    assert hits["report-7"]["region"]["lvl0"] == []
    assert hits["report-7"]["regions"][0]["role"] == "caption"
    assert hits["report-4"]["date"] == {
        "text": "May 2019, inferred",
        "start": "2019-05-01",
        "end": "2019-05-28",
        "year": [2019],
    }
    assert hits["report-4"]["date_timestamp"] == 1556668800
    assert hits["report-5"]["date"] is hits["report-5"]["date_timestamp"] is None


@pytest.mark.parametrize(
    ("index", "sort"),
    [("articles", None), ("articles/sort/newest", "newest"), ("articles/sort/oldest", "oldest")],
)
@pytest.mark.parametrize("query", ["", "winter"])
def test_the_index_says_the_order(api: Api, index: str, sort: str | None, query: str) -> None:
    """Sorting is choosing an index; the plain one sorts as the search does."""
    [result] = ask(api, {"indexName": index, "params": {"query": query, "hitsPerPage": 30}})
    params = {"q": query, "per_page": 30} | ({"sort": sort} if sort else {})
    assert [hit["objectID"] for hit in result["hits"]] == [h["id"] for h in api.get("/v1/search", params).json["hits"]]
    assert result["index"] == index


@pytest.mark.parametrize(
    ("filters", "params"),
    [
        pytest.param({}, {}, id="everything"),
        pytest.param({"query": "winter"}, {"q": "winter"}, id="words"),
        pytest.param({"facetFilters": ["source:Daily NK"]}, {"source": "daily-nk"}, id="by name"),
        pytest.param(
            {"facetFilters": [["topic:Markets", "topic:COVID-19"]]}, {"topic": ["markets", "covid-19"]}, id="or"
        ),
        pytest.param({"facetFilters": ["topic:-Markets"]}, {"exclude_topic": "markets"}, id="not"),
        pytest.param(
            {"facetFilters": [["region.lvl1:North Korea > Ryanggang"]]}, {"region": "kp-ryanggang"}, id="a level"
        ),
        pytest.param(
            {"filters": "region:신의주 AND NOT source:daily-nk"},
            {"region": "kp-sinuiju", "exclude_source": "daily-nk"},
            id="text",
        ),
        pytest.param({"numericFilters": ["date.year>=2019"]}, {"date_from": "2019"}, id="from a year"),
        pytest.param(
            {"numericFilters": ["date_timestamp>=1556668800", "date_timestamp<=1583020800"]},
            {"date_from": "2019-05-01", "date_to": "2020-03-01"},
            id="seconds",
        ),
        pytest.param({"facetFilters": ["date.year:2018"]}, {"date_from": "2018", "date_to": "2018"}, id="a year"),
        pytest.param({"facetFilters": ["language:Korean"]}, {"language": "ko"}, id="a language"),
        pytest.param(
            {
                "query": "bridge",
                "facetFilters": ["source:Daily NK", ["topic:Smuggling"]],
                "numericFilters": "date.year:2018 TO 2019",
            },
            {"q": "bridge", "source": "daily-nk", "topic": "smuggling", "date_from": "2018", "date_to": "2019"},
            id="all at once",
        ),
    ],
)
def test_filters_find_what_the_searchs_find(api: Api, filters: dict[str, Any], params: dict[str, Any]) -> None:
    """The same total, and facets that obey every filter: those on other fields count as the search's do."""
    result = search(api, hitsPerPage=50, facets=["source", "topic", "language", "region"], **filters)
    answer = api.get("/v1/search", {**params, "per_page": 50}).json
    assert result["nbHits"] == answer["total"] > 0
    assert {hit["objectID"] for hit in result["hits"]} == {hit["id"] for hit in answer["hits"]}
    for facet in ("source", "topic", "language", "region"):
        if facet not in params and f"exclude_{facet}" not in params:
            assert result["facets"][facet] == counts_of_search(api, facet, **params)


def test_disjunctive_facets_are_those_of_the_search(api: Api) -> None:
    """What InstantSearch asks for a multi-select list is, request by request, what the search counts at once."""
    both = [["source:Daily NK"], ["topic:Markets", "topic:COVID-19"]]
    items = (
        {"query": "winter", "facets": ["source", "topic"], "facetFilters": both},
        {"query": "winter", "facets": "source", "facetFilters": both[1:], "hitsPerPage": 0, "analytics": False},
        {"query": "winter", "facets": "topic", "facetFilters": both[:1], "hitsPerPage": 0, "analytics": False},
    )
    first, source, topic = ask(api, *({"params": params} for params in items))
    chosen = {"q": "winter", "source": "daily-nk", "topic": ["markets", "covid-19"]}
    assert source["facets"] == {"source": counts_of_search(api, "source", **chosen)}
    assert topic["facets"] == {"topic": counts_of_search(api, "topic", **chosen)}
    assert first["nbHits"] == api.get("/v1/search", chosen).json["total"]
    assert set(first["facets"]["source"]) == {"Daily NK"}
    assert source["hits"] == []
    assert source["nbPages"] == 0
    assert source["nbHits"] == api.get("/v1/search", {"q": "winter", "topic": ["markets", "covid-19"]}).json["total"]


def test_hierarchical_levels_are_the_tree(api: Api) -> None:
    """Each level holds the paths of its depth, with the search's counts of distinct articles."""
    result = search(api, facets=["region.lvl0", "region.lvl1", "region.lvl2", "region.lvl3", "region"])
    tree = counts_of_search(api, "region")
    assert result["facets"]["region"] == tree
    for level in range(4):
        assert result["facets"][f"region.lvl{level}"] == {k: v for k, v in tree.items() if k.count(" > ") == level}
    assert list(tree.values()) != sorted(tree.values()), "there is something to sort"
    for counts in result["facets"].values():
        assert list(counts.values()) == sorted(counts.values(), reverse=True)


def test_years_and_seconds_have_stats(api: Api) -> None:
    """Years are counted as the search's buckets; the least and greatest are of possible days, over all matches."""
    result = search(api, facets=["date.year", "date_timestamp"], query="winter", hitsPerPage=0)
    buckets = api.get("/v1/search", {"q": "winter", "facet": "date", "facet_interval": "year"}).json["facets"]["date"]
    assert result["facets"]["date.year"] == {b["start"][:4]: b["count"] for b in buckets["buckets"] if b["count"]}
    hits = api.get("/v1/search", {"q": "winter", "per_page": 50}).json["hits"]
    days = [hit["published"] for hit in hits if hit["published"]]
    first, last = min(d["start"] for d in days), max(d["end"] for d in days)
    assert result["facets_stats"]["date.year"] == {"min": int(first[:4]), "max": int(last[:4])}
    stats = result["facets_stats"]["date_timestamp"]
    for bound, total in ((f"date_timestamp>={stats['min']}", True), (f"date_timestamp<{stats['min']}", False)):
        assert bool(search(api, query="winter", numericFilters=bound)["nbHits"]) is total
    assert stats["max"] - stats["min"] == 86400 * (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days
    nothing = search(api, facets=["*"], query="nothinglikethis")
    assert nothing["facets_stats"] == {}
    assert set(nothing["facets"]) == set(ATTRIBUTES)


@pytest.mark.parametrize(
    ("facet", "words", "expected"),
    [
        pytest.param("source", "dai", {"Daily NK": 15}, id="a beginning"),
        pytest.param("source", "nk", {"Daily NK": 15}, id="a word inside"),
        pytest.param("region", "신의", {"North Korea > North Pyongan > Sinuiju": 8}, id="another script"),
        pytest.param("region.lvl2", "", {"North Korea > North Pyongan > Sinuiju": 8}, id="no word: the largest"),
        pytest.param("region.lvl0", "north", {"North Korea": 16}, id="one level only"),
        pytest.param("topic", "cov", {"COVID-19": 8}, id="a topic"),
        pytest.param("language", "kor", {"Korean": 5}, id="a language"),
        pytest.param("region", "ㅅㅇㅈ", {"North Korea > North Pyongan > Sinuiju": 8}, id="initial consonants"),
        pytest.param("source", "nk dai", {"Daily NK": 15}, id="words in any order"),
        pytest.param("topic", "covdi", {"COVID-19": 8}, id="a slip"),
        pytest.param("topic", "zzz", {}, id="nothing"),
    ],
)
def test_a_facet_can_be_searched(api: Api, facet: str, words: str, expected: dict[str, int]) -> None:
    """Values whose name has words that begin so, in any spelling, the most first."""
    [result] = ask(api, {"type": "facet", "facet": facet, "params": {"facetQuery": words}})
    assert {hit["value"]: hit["count"] for hit in result["facetHits"]} == expected
    assert result["exhaustiveFacetsCount"] is True


def test_a_search_in_a_facet_obeys_filters_and_marks_words(api: Api) -> None:
    """Counts are over the matches; what was typed is marked in the value's own name, escaped or not as tags ask."""
    params = {"query": "winter", "facetFilters": ["topic:Smuggling"], "facetQuery": "north", "maxFacetHits": 1}
    item = {"type": "facet", "facet": "region", "params": params}
    html, plain = ask(api, item, {**item, "params": {**params, **TAGS}})
    [hit] = html["facetHits"]
    assert hit["value"] == "North Korea"
    assert hit["count"] == api.get("/v1/search", {"q": "winter", "topic": "smuggling", "region": "kp"}).json["total"]
    assert hit["highlighted"] == "<em>North</em> Korea"
    assert plain["facetHits"][0]["highlighted"] == "__ais-highlight__North__/ais-highlight__ Korea"
    [deep] = ask(api, {"type": "facet", "facet": "region.lvl1", "params": {"facetQuery": "north"}})
    assert deep["facetHits"][0]["highlighted"] == "North Korea &gt; <em>North</em> Pyongan"


@pytest.mark.parametrize(
    ("facet", "words", "expected"),
    [
        pytest.param("source", "nk dai", ["<em>Daily</em> <em>NK</em>"], id="all words"),
        pytest.param("topic", "covdi", ["<em>COVID</em>-19"], id="a word with a slip"),
        pytest.param("region.lvl2", "신의", ["North Korea &gt; North Pyongan &gt; Sinuiju"], id="another name: none"),
        pytest.param("region.lvl0", "korea", ["North <em>Korea</em>"], id="not in what a place lies in"),
        pytest.param("source", "", ["Daily NK", "Rodong Sinmun"], id="nothing asked"),
    ],
)
def test_what_is_marked_of_a_facets_values(api: Api, facet: str, words: str, expected: list[str]) -> None:
    """The words that are like those typed, of the value's own name."""
    [result] = ask(api, {"type": "facet", "facet": facet, "params": {"facetQuery": words}})
    assert [hit["highlighted"] for hit in result["facetHits"]] == expected


def test_marks_are_the_searchs_highlights(api: Api) -> None:
    """Title whole, body as a passage; levels say how much of the question is in each."""
    hit = search(api, query='winter "solar panels" report', hitsPerPage=1)["hits"][0]
    [shown] = api.get("/v1/search", {"q": 'winter "solar panels" report', "per_page": 1}).json["hits"]
    by_field = {passage["field"]: passage["parts"] for passage in shown["highlights"]}
    for field, marked in (("title", hit["_highlightResult"]["title"]), ("body", hit["_snippetResult"]["body"])):
        expected = "".join(part if isinstance(part, str) else f"<em>{part[0]}</em>" for part in by_field[field])
        assert unescape(marked["value"]) == expected
    assert hit["_highlightResult"]["title"]["matchLevel"] == "partial"
    assert "report" in hit["_highlightResult"]["title"]["matchedWords"]
    assert {"winter", "solar", "panels"} <= set(hit["_snippetResult"]["body"]["matchedWords"])
    unmarked = search(api, hitsPerPage=1)["hits"][0]
    assert unmarked["_highlightResult"]["title"] == {
        "value": unmarked["title"],
        "matchLevel": "none",
        "matchedWords": [],
    }
    full = search(api, query="report", hitsPerPage=1)["hits"][0]
    assert full["_highlightResult"]["title"]["matchLevel"] == "full"


def test_html_is_escaped_where_the_tags_are_html(api_of: Callable[..., Api], archives_with: Callable[..., Any]) -> None:
    """No text of an article is ever markup: escaped between HTML tags, and as it is for a client that escapes."""
    api = api_of(archives_with([made_up("hostile", HOSTILE, f"{HOSTILE} 1 < 2")]))
    [html] = search(api, query="script", highlightPreTag='<b class="x">', highlightPostTag="</b>")["hits"]
    for marked in (html["_highlightResult"]["title"], html["_snippetResult"]["body"]):
        rest = marked["value"].replace('<b class="x">', "").replace("</b>", "")
        assert not set("<>\"'") & set(rest)
        assert "&lt;" in rest
    [plain] = search(api, query="script", **TAGS)["hits"]
    value = plain["_highlightResult"]["title"]["value"]
    assert value.replace(TAGS["highlightPreTag"], "").replace(TAGS["highlightPostTag"], "") == HOSTILE
    assert plain["title"] == HOSTILE


def test_bounds_are_kept_and_said(api: Api) -> None:
    """Large numbers are lowered, with a warning; pages beyond the last are empty, not wrong."""
    result = search(api, hitsPerPage=1000, maxValuesPerFacet=10**6, facets=["topic"])
    assert result["hitsPerPage"] == MAX_PER_PAGE
    assert {warning["detail"] for warning in result["warnings"]} == {
        f"hitsPerPage was lowered from 1000 to {MAX_PER_PAGE}",
        f"maxValuesPerFacet was lowered from 1000000 to {MOST_VALUES}",
    }
    assert search(api, facets="topic", maxValuesPerFacet=1)["facets"] == {"topic": {"Smuggling": 15}}
    for page in (7, 10**9):
        beyond = search(api, page=page)
        assert (beyond["hits"], beyond["page"], beyond["nbHits"], beyond["nbPages"]) == ([], page, 30, 2)


def test_pages_reach_as_far_as_they_say(
    api_of: Callable[..., Api], archives_with: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`nbPages` counts the pages that can be had, the last perhaps short; `nbHits` everything."""
    for module in ("answering", "resource"):
        monkeypatch.setattr(f"service.instantsearch.{module}.MAX_PAGED", 10)
    api = api_of(archives_with([made_up(f"article-{number}") for number in range(20)]))
    first = search(api, hitsPerPage=4)
    assert (first["nbHits"], first["nbPages"]) == (20, 3)
    pages = [[hit["objectID"] for hit in search(api, hitsPerPage=4, page=page)["hits"]] for page in range(4)]
    assert [len(page) for page in pages] == [4, 4, 2, 0]
    assert [number for page in pages for number in page] == [f"article-{number}" for number in range(10)]
    assert MAX_PAGED == 10_000


def test_equal_questions_are_asked_once(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many items ask the same of an engine, it is asked once."""
    asked = []
    original = Searcher.search

    def noted(searcher: Searcher, request: SearchRequest, **options: Any) -> Hits:
        asked.append(request)
        return original(searcher, request, **options)

    monkeypatch.setattr(Searcher, "search", noted)
    item = {"params": {"query": "winter", "facets": ["topic"], "hitsPerPage": 0}}
    results = ask(api, *[item] * 20)
    assert len(asked) == 1
    assert all(result["facets"] == results[0]["facets"] for result in results)


@pytest.mark.parametrize(
    ("item", "param", "says"),
    [
        pytest.param({"indexName": "products"}, "indexName", "must be one of articles, articles/sort/", id="index"),
        pytest.param({"indexName": None}, "indexName", "must be one of", id="no index"),
        pytest.param({"type": "vector"}, "type", "must be default or facet", id="type"),
        pytest.param({"type": []}, "type", "must be default or facet", id="type is a list"),
        pytest.param({"type": "facet", "facet": {}}, "facet", "must be a facet", id="facet is an object"),
        pytest.param({"type": "facet"}, "facet", "must be a facet that can be searched", id="no facet"),
        pytest.param(
            {"type": "facet", "facet": "date.year"}, "facet", "that can be searched in: region", id="a number"
        ),
        pytest.param({"params": []}, "params", "must be an object", id="params"),
        pytest.param({"params": {"query": 5}}, "params.query", "must be a string", id="query"),
        pytest.param({"params": {"query": "x" * 257}}, "params.query", "at most 256", id="long query"),
        pytest.param({"params": {"query": "a\x00"}}, "params.query", "control characters", id="control"),
        pytest.param(
            {"params": {"query": "((((((a))))))"}}, "params.query", "nested", id="a question beyond its limits"
        ),
        pytest.param({"params": {"page": -1}}, "params.page", "a whole number from 0", id="page"),
        pytest.param({"params": {"page": "1"}}, "params.page", "a whole number from 0", id="page as text"),
        pytest.param({"params": {"page": True}}, "params.page", "a whole number from 0", id="page as true"),
        pytest.param({"params": {"hitsPerPage": 1.5}}, "params.hitsPerPage", "a whole number from 0", id="fraction"),
        pytest.param({"params": {"facets": {"a": 1}}}, "params.facets", "a string or a list of strings", id="facets"),
        pytest.param({"params": {"facets": ["brand"]}}, "params.facets", "'brand', which is no facet", id="no such"),
        pytest.param(
            {"params": {"facetFilters": ["brand:x"]}}, "params.facetFilters", "which is no facet", id="filter"
        ),
        pytest.param({"params": {"numericFilters": "a"}}, "params.numericFilters", "must be like", id="numeric"),
        pytest.param({"params": {"filters": "("}}, "params.filters", "wants a condition", id="filters"),
        pytest.param({"params": {"aroundLatLng": "1,2"}}, "params.aroundLatLng", "not supported", id="not supported"),
        pytest.param({"params": {"highlightPreTag": "x" * 101}}, "params.highlightPreTag", "at most 100", id="tag"),
    ],
)
def test_mistakes_are_named(api: Api, item: dict[str, Any], param: str, says: str) -> None:
    """Each by its place in the request, all at once, with what is right."""
    found = problems(api.post(PATH, {"requests": [{"indexName": "articles"}, {"indexName": "articles", **item}]}))
    assert list(found) == [f"requests[1].{param}"]
    assert says in found[f"requests[1].{param}"]


def test_a_prefix_that_stands_for_too_much_is_named(
    api_of: Callable[..., Api], archives_with: Callable[..., Any]
) -> None:
    """What only the engine can refuse is said of the item that asked it."""
    api = api_of(archives_with([made_up(f"article-{number}", f"word{number}") for number in range(300)]))
    items = [{"indexName": "articles", "params": {"query": query}} for query in ("word5", "word*")]
    assert list(problems(api.post(PATH, {"requests": items}))) == ["requests[1].params.query"]


def test_all_mistakes_at_once(api: Api) -> None:
    """Of all items."""
    items: list[Any] = [{"indexName": "x"}, 5, {"indexName": "articles", "params": {"page": -1, "facets": ["brand"]}}]
    assert set(problems(api.post(PATH, {"requests": items}))) == {
        "requests[0].indexName",
        "requests[1]",
        "requests[2].params.page",
        "requests[2].params.facets",
    }


@pytest.mark.parametrize(
    ("item", "param"),
    [
        pytest.param({"params": {"numericFilters": [[{}]]}}, "params.numericFilters", id="an empty object for a text"),
        pytest.param({"params": {"facetFilters": [0]}}, "params.facetFilters", id="nought for a text"),
        pytest.param({"facet": {}}, "facet", id="a facet that is none, of a search that needs none"),
    ],
)
def test_what_is_no_text_is_refused_though_it_is_empty(api: Api, item: dict[str, Any], param: str) -> None:
    """What is of the wrong type is refused even where a text in its place would change nothing."""
    assert list(problems(api.post(PATH, {"requests": [{"indexName": "articles", **item}]}))) == [f"requests[0].{param}"]


def test_a_search_may_name_a_facet(api: Api) -> None:
    """A facet makes no difference to a search that is not one in its values."""
    item = {"indexName": "articles", "facet": "region"}
    (named,), (plain,) = (
        api.post(PATH, {"requests": [each]}).json["results"] for each in (item, {"indexName": "articles"})
    )
    assert named["hits"] == plain["hits"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        pytest.param({}, "requests", id="nothing"),
        pytest.param({"requests": {}}, "requests", id="no list"),
        pytest.param({"requests": [{"indexName": "articles"}] * (MOST_ITEMS + 1)}, "requests", id="too many"),
        pytest.param([], "body", id="a bare list"),
    ],
)
def test_bodies_that_hold_no_requests(api: Api, body: object, param: str) -> None:
    """Are refused, with what they should hold."""
    assert list(problems(api.post(PATH, body))) == [param]


def test_no_requests_have_no_results(api: Api) -> None:
    """An empty list is answered by one."""
    assert api.post(PATH, {"requests": []}).json == {"results": []}


def test_what_means_nothing_here_is_left_out_and_said(api: Api) -> None:
    """Unknown parameters are named in a warning; analytics and their like are not worth one; null is not given."""
    quiet = search(api, clickAnalytics=True, userToken="anonymous", tagFilters="", filters=None, facets=None)
    assert quiet["warnings"] == []
    loud = search(api, query='winter "', typoTolerance=False, distinct=True, facetFilters=["source:Nobody"])
    assert [warning["code"] for warning in loud["warnings"]] == [
        "unclosed-quote", "no-words", "ignored-parameter", "ignored-parameter", "unknown-value",
    ]  # fmt: skip


def test_flat_items_are_understood(api: Api) -> None:
    """Newer clients send parameters beside the index, not in `params`."""
    [flat_item, nested] = ask(
        api, {"query": "winter", "hitsPerPage": 3}, {"params": {"query": "winter", "hitsPerPage": 3}}
    )
    assert [hit["objectID"] for hit in flat_item["hits"]] == [hit["objectID"] for hit in nested["hits"]]


@pytest.mark.parametrize("media_type", ["application/json", "text/plain;charset=UTF-8", None])
def test_json_by_any_name_that_browsers_may_send(api: Api, media_type: str | None) -> None:
    """`text/plain` spares a page of another site the preflight."""
    body = json.dumps({"requests": [{"indexName": "articles"}]})
    headers = {"Content-Type": media_type} if media_type else {}
    answer = api.request("POST", PATH, body=body, headers=headers)
    assert answer.json["results"][0]["nbHits"] == 30
    assert answer.headers["cache-control"] == "no-store"
    assert api.request("POST", PATH, body=body, headers={"Content-Type": "text/xml"}).status_code == 415


def test_other_sites_may_ask(api: Api) -> None:
    """A preflight for JSON is granted, and the answer may be read."""
    preflight = api.request(
        "OPTIONS",
        PATH,
        headers={
            "Origin": "https://news.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "POST" in preflight.headers["access-control-allow-methods"]
    assert "content-type" in preflight.headers["access-control-allow-headers"].lower()
    answer = api.post(PATH, {"requests": []}, headers={"Origin": "https://news.example"})
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    "body", ['{"requests": [{"indexName": "\\ud800"}]}', "[" * 3000, '{"requests": [1e999]}', "\ufeff{}"]
)
def test_odd_json_is_a_mistake_like_any_other(api: Api, body: str) -> None:
    """Lone surrogates, depth, infinities and byte order marks are refused with a 400."""
    assert api.request("POST", PATH, body=body).status_code == 400


def test_a_body_that_is_too_long_is_refused(api: Api) -> None:
    """As everywhere."""
    assert api.request("POST", PATH, body="{" + " " * 5000 + "}").status_code == 413


def test_no_request_breaks_it(api: Api) -> None:
    """Random requests are answered as described, or refused by name."""
    chance = random.Random(20181001)  # noqa: S311 - repeatable, not secret
    pool: list[Any] = [
        None, True, 0, 3, -1, 2.5, "", "winter", "*", 'a "b', [], ["source"], "source", ["source:Daily NK"],
        [["topic:Markets", "region:kp"], "date.year:2018"], "date.year>=2018", [["date.year=2019"]], {"a": {}},
        "é" * 300, "source:a AND NOT (topic:b OR date.year < 2020)", ["*"], "region.lvl1",
    ]  # fmt: skip
    names = (
        "query", "page", "hitsPerPage", "facets", "facetFilters", "numericFilters", "filters", "maxValuesPerFacet",
        "highlightPreTag", "facetQuery", "maxFacetHits", "nonsense", "aroundLatLng",
    )  # fmt: skip
    seen = set()
    for _ in range(400):
        params = {chance.choice(names): chance.choice(pool) for _ in range(chance.randint(0, 3))}
        item: dict[str, Any] = {"indexName": "articles", "params": params}
        if chance.random() < 0.3:
            item |= {"type": "facet", "facet": chance.choice((*ATTRIBUTES, "nonsense"))}
        answer = api.post(PATH, {"requests": [item]})
        seen.add(answer.status_code)
        if answer.status_code == 400:
            assert all(param.startswith("requests[0].") for param in problems(answer))
    assert seen == {200, 400}
