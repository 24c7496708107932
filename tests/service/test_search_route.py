"""`/v1/search`: parameters, filters, facets, sorts, and the JSON of an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from index.document import Evidence, Found, Region, Role
from tests.service.made_up import made_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from falcon import testing

    from index.document import Document
    from index.gazetteer import Gazetteer
    from tests.service.conftest import Api


def of(documents: Sequence[Document], accept: Callable[[int], bool]) -> set[str]:
    """The ids of the articles whose numbers are accepted."""
    return {document.id for number, document in enumerate(documents) if accept(number)}


MATCHING = [
    pytest.param({}, lambda _: True, id="nothing asked finds all"),
    pytest.param({"q": "smuggl*"}, lambda n: n % 5 in {0, 3, 4}, id="prefix"),
    pytest.param({"q": "smugglers winter"}, lambda n: n % 5 in {3, 4} or (n % 5 == 0 and n % 3 == 2), id="and"),
    pytest.param({"q": "soldiers crackdown", "op": "or"}, lambda n: n % 5 != 4, id="or"),
    pytest.param({"region": "kp-sinuiju"}, lambda n: n % 3 == 0 and n % 7, id="region by id"),
    pytest.param({"region": "신의주"}, lambda n: n % 3 == 0 and n % 7, id="region by another spelling"),
    pytest.param({"region": "North Korea > Sinuiju"}, lambda n: n % 3 == 0 and n % 7, id="region by path"),
    pytest.param({"region": "kp"}, lambda n: n % 3 < 2 and n % 7, id="a region includes what lies in it"),
    pytest.param({"region": "kp", "role": "caption"}, lambda n: n % 3 < 2 and not n % 7, id="only captions count"),
    pytest.param({"region": ["cn", "kp-sinuiju"]}, lambda n: n % 3 != 1 and n % 7, id="repeated is or"),
    pytest.param({"exclude_region": "kp"}, lambda n: n % 3 == 2 or not n % 7, id="exclude a region"),
    pytest.param({"source": "Daily NK"}, lambda n: n % 2 == 0, id="source by name"),
    pytest.param({"source": "데일리NK"}, lambda n: n % 2 == 0, id="source by another name"),
    pytest.param({"q": "source:DailyNK"}, lambda n: n % 2 == 0, id="source by another name in the question"),
    pytest.param({"source": "daily-nk", "topic": "markets"}, lambda n: n % 6 == 0, id="filters are and"),
    pytest.param({"topic": "smuggling", "exclude_topic": "covid-19"}, lambda n: n % 4 == 2, id="one topic not other"),
    pytest.param({"exclude_source": "Daily NK"}, lambda n: n % 2, id="exclude a source"),
    pytest.param({"language": "ko"}, lambda n: n % 6 == 0, id="language"),
    pytest.param({"language": "xx"}, lambda _: False, id="a value nobody has"),
    pytest.param({"date_from": "2020"}, lambda n: n % 5 and n % 3 == 2, id="from a year"),
    pytest.param({"date_to": "2018-12"}, lambda n: n % 5 and n % 3 == 0, id="to a month"),
    pytest.param(
        {"date_from": "2019-05-28", "date_to": "2019-05-28"},
        lambda n: n % 5 and n % 3 == 1 and n % 12 == 4,
        id="a possible day",
    ),
    pytest.param(
        {"date_from": "2019-05-02", "date_match": "certain", "date_to": "2019-05"}, lambda _: False, id="uncertain"
    ),
    pytest.param({"q": " ", "region": "", "page": ""}, lambda _: True, id="blank is not given"),
    pytest.param({"q": "region:sinuiju date:2018"}, lambda n: n % 3 == 0 and n % 7 and n % 5, id="filters in q"),
]


@pytest.mark.parametrize(("params", "accept"), MATCHING)
def test_finds_what_was_asked(
    api: Api,
    documents: Sequence[Document],
    ids: Callable[[testing.Result], list[str]],
    params: dict[str, Any],
    accept: Callable[[int], bool],
) -> None:
    """Each parameter keeps exactly the articles it should, and `total` counts them."""
    result = api.get("/v1/search", {"per_page": 50, **params})
    assert set(ids(result)) == of(documents, accept)
    assert result.json["total"] == len(result.json["hits"])


@pytest.mark.parametrize(("params", "_accept"), MATCHING)
def test_post_answers_like_get(api: Api, params: dict[str, Any], _accept: object) -> None:
    """The same names in a JSON body give the same answer but for the time it took."""
    facets = {"facet": ["region", "date"], "per_page": 7, "highlight": 1}
    by_get = api.get("/v1/search", {**facets, **params}).json
    by_post = api.post("/v1/search", {**facets, **{name: value for name, value in params.items() if value != ""}}).json
    assert {**by_get, "took_ms": 0} == {**by_post, "took_ms": 0}


@pytest.mark.parametrize(
    ("query_string", "named"),
    [
        pytest.param("q=rice", ["q"], id="a question"),
        pytest.param("region=kp&region=cn&per_page=", ["region", "per_page"], id="a filter twice, and a blank"),
        pytest.param("nothing=1", ["nothing"], id="no parameter"),
        pytest.param("%FF=1&q=%FF", ["\ufffd", "q"], id="no text"),
    ],
)
def test_a_post_takes_no_question_from_the_address(api: Api, query_string: str, named: list[str]) -> None:
    """What stands in the address of a POST, but for the site, is refused by name rather than passed over."""
    for body in ({}, {"q": "winter"}):
        answer = api.post("/v1/search", body, query_string=query_string)
        assert answer.status_code == 400
        assert sorted(error["param"] for error in answer.json["errors"]) == sorted(named)


def test_json_takes_native_numbers_booleans_arrays_and_nulls(api: Api) -> None:
    """In JSON a number is a number, a flag may be true, what repeats may be one string, null is not given."""
    body = {
        "q": None,
        "page": 1.0,
        "per_page": 3,
        "highlight": False,
        "region": "kp",
        "facet": ["region"],
        "cursor": None,
    }
    result = api.post("/v1/search", body)
    assert result.status_code == 200
    assert len(result.json["hits"]) == 3
    assert all(hit["highlights"] == [] for hit in result.json["hits"])


def test_a_hit_says_all_that_is_known_and_null_for_the_rest(api: Api) -> None:
    """The JSON of a hit has every key, nothing made up, and no address a browser should not follow."""
    hits = {hit["id"]: hit for hit in api.get("/v1/search", {"per_page": 50, "q": "the"}).json["hits"]}
    hit = hits["report-4"]
    assert hit.pop("score") > 0
    assert hit == {
        "id": "report-4",
        "url": "https://example.org/4",
        "title": "Report 4: Bridges",
        "title_basis": "text",
        "source": "Daily NK",
        "authors": [],
        "translators": ["Kathryn Beaver"],
        "published": {"start": "2019-05-01", "end": "2019-05-28", "precision": "month", "basis": "inferred"},
        "regions": [{"id": "kp-ryanggang", "name": "Ryanggang", "path": ["North Korea", "Ryanggang"], "role": "event"}],
        "topics": [{"id": "smuggling", "name": "Smuggling"}, {"id": "covid-19", "name": "COVID-19"}],
        "language": "en",
        "highlights": hit["highlights"],
        "links": {
            "self": "/v1/articles/report-4",
            "evidence": "/v1/articles/report-4/evidence",
            "related": "/v1/articles/report-4/related",
        },
    }
    assert hits["report-1"]["url"] is None
    assert hits["report-5"]["published"] is None
    assert hits["report-3"]["title_basis"] == "lead"


def test_highlights_are_segments_that_join_to_the_passage(api: Api, documents: Sequence[Document]) -> None:
    """A string is text, a one-element array a match; joined they are the field's text from `offset` on."""
    hits = api.get("/v1/search", {"q": "traders", "per_page": 50}).json["hits"]
    texts = {document.id: document.body for document in documents}
    for hit in hits:
        (body,) = (passage for passage in hit["highlights"] if passage["field"] == "body")
        joined = "".join(part if isinstance(part, str) else part[0] for part in body["parts"])
        assert texts[hit["id"]].startswith(joined, body["offset"])
        assert ["Traders"] in body["parts"]


def test_the_region_facet_is_a_forest_of_exact_counts(api: Api) -> None:
    """A region's count is of distinct articles; the facet ignores its own filter and says what is selected."""
    result = api.get("/v1/search", {"facet": "region", "region": "kp-ryanggang"}).json
    facet = result["facets"]["region"]
    counts = {value["id"]: value["count"] for value in facet["values"]}
    numbers = [number for number in range(30) if number % 7]
    assert counts == {"kp": sum(n % 3 < 2 for n in numbers), "cn": sum(n % 3 == 2 for n in numbers)}
    assert facet["missing"] == 5
    assert facet["total_values"] == 6
    (north_korea,) = (value for value in facet["values"] if value["id"] == "kp")
    children = {child["id"]: child for child in north_korea["children"]}
    assert children["kp-ryanggang"]["selected"] is True
    assert children["kp-ryanggang"]["path"] == ["North Korea", "Ryanggang"]
    assert children["kp-north-pyongan"]["selected"] is False
    assert [child["id"] for child in children["kp-north-pyongan"]["children"]] == ["kp-sinuiju"]


def test_facets_are_those_asked_for_and_no_others(api: Api) -> None:
    """Without `facet` there is none; with it, each that was named, whatever else filters."""
    assert api.get("/v1/search").json["facets"] == {}
    asked_for = ["region", "source", "topic", "language", "date"]
    facets = api.get("/v1/search", {"facet": asked_for, "source": "Daily NK"}).json["facets"]
    assert list(facets) == asked_for
    assert {value["id"]: value["count"] for value in facets["source"]["values"]} == {
        "daily-nk": 15,
        "rodong-sinmun": 15,
    }
    assert facets["topic"]["missing"] == 0


@pytest.mark.parametrize(
    ("interval", "length", "last"),
    [
        pytest.param("year", 3, "2020-01-01", id="year"),
        pytest.param("month", 36, "2020-12-01", id="month"),
        pytest.param("day", 1093, "2020-12-28", id="day"),
    ],
)
def test_the_date_facet_keeps_empty_buckets(api: Api, interval: str, length: int, last: str) -> None:
    """Buckets run from the first to the last unit that has an article, without a gap."""
    facet = api.get("/v1/search", {"facet": "date", "facet_interval": interval}).json["facets"]["date"]
    assert facet["interval"] == interval
    assert facet["missing"] == 6
    starts = [bucket["start"] for bucket in facet["buckets"]]
    assert (starts[0], starts[-1], len(starts)) == ("2018-01-01", last, length)
    assert starts == sorted(set(starts))
    assert any(bucket["count"] == 0 for bucket in facet["buckets"]) == (interval != "year")


def test_facet_size_limits_what_is_shown_and_not_what_is_counted(api: Api) -> None:
    """`facet_size` values are shown; `total_values` counts all; a selected one is always among those shown."""
    facet = api.get("/v1/search", {"facet": "topic", "facet_size": 1, "topic": "covid-19"}).json["facets"]["topic"]
    assert {value["id"] for value in facet["values"]} == {"smuggling", "covid-19"}
    assert facet["total_values"] == 3


def test_a_filter_that_nothing_passes_is_in_its_facet(api: Api) -> None:
    """What is filtered by is there, in its place, with 0 where no match has it, and is not counted among the values."""
    asked = {"q": "title:bridges", "region": "kp-sinuiju"}
    facet = api.get("/v1/search", {**asked, "facet": "region"}).json["facets"]["region"]
    (north_korea,) = facet["values"]
    assert facet["total_values"] == 2
    assert [(child["id"], child["count"]) for child in north_korea["children"]] == [
        ("kp-ryanggang", north_korea["count"]),
        ("kp-north-pyongan", 0),
    ]
    (sinuiju,) = north_korea["children"][1]["children"]
    assert (sinuiju["id"], sinuiju["count"], sinuiju["selected"]) == ("kp-sinuiju", 0, True)
    assert api.get("/v1/facets/region", asked).json["values"] == facet["values"]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        pytest.param({"sort": "newest"}, ["report-11", "report-23"], id="newest"),
        pytest.param({"sort": "oldest"}, ["report-12", "report-24"], id="oldest"),
        pytest.param({}, ["report-11", "report-23"], id="newest is the default without words"),
        pytest.param({"q": "region:kp OR region:cn"}, ["report-11", "report-23"], id="values alone are not words"),
        pytest.param({"q": "winter", "op": "or"}, ["report-2", "report-8"], id="relevance is the default with words"),
        pytest.param({"q": "winter", "sort": "newest"}, ["report-11", "report-23"], id="unless another is asked for"),
    ],
)
def test_sorts(
    api: Api, ids: Callable[[testing.Result], list[str]], params: dict[str, str], expected: list[str]
) -> None:
    """Hits come in the order asked for; without one, by relevance if words were asked for, else newest first."""
    assert ids(api.get("/v1/search", params))[:2] == expected


def test_the_question_is_echoed_with_what_was_noticed(api: Api) -> None:
    """`raw` is what was typed, `parsed` how it was read; odd input and values nobody has are warned of."""
    query = api.get("/v1/search", {"q": 'bridge AND "open', "topic": "no such topic"}).json["query"]
    assert query["raw"] == 'bridge AND "open'
    assert {warning["code"] for warning in query["warnings"]} == {"unclosed-quote", "unknown-value"}
    assert query["corrections"] == query["variants"] == []
    again = api.get("/v1/search", {"q": query["parsed"]}).json["query"]
    assert again["parsed"] == query["parsed"]
    assert again["warnings"] == []


@pytest.mark.parametrize(
    ("by_name", "by_id"),
    [
        pytest.param({"language": "Korean"}, {"language": "ko"}, id="a filter"),
        pytest.param({"q": "language:korean"}, {"q": "language:ko"}, id="in the question"),
        pytest.param({"q": "-language:Korean rice"}, {"q": "-language:ko rice"}, id="excluded"),
        pytest.param({"q": "rices language:Korean"}, {"q": "rices language:ko"}, id="beside words"),
    ],
)
def test_values_go_by_their_names(api: Api, by_name: dict[str, str], by_id: dict[str, str]) -> None:
    """Whatever facets call a value finds it, though its id is not made from its name; facets know it as chosen."""
    named = api.get("/v1/search", by_name | {"facet": "language"}).json
    known = api.get("/v1/search", by_id | {"facet": "language"}).json
    assert 0 < named["total"] == known["total"] < 30
    assert named["facets"] == known["facets"]
    assert named["query"]["warnings"] == []


def test_values_that_nobody_has_are_told_in_questions_too(api: Api) -> None:
    """A place has a notice of its own."""
    query = api.get("/v1/search", {"q": "topic:weather source:nobody region:atlantis"}).json["query"]
    assert [(warning["code"], warning["detail"]) for warning in query["warnings"]] == [
        ("unknown-place", "atlantis is not in the gazetteer; only declared regions can match"),
        ("unknown-value", "no article of this archive has the topic weather"),
        ("unknown-value", "no article of this archive has the source nobody"),
    ]


@pytest.mark.parametrize("minus", ["-", " -", "--", "- "])
def test_a_minus_is_no_part_of_parameters(api: Api, minus: str) -> None:
    """A value with one is a value that no article has, which is told; it is not taken for the value without it."""
    for field, value in (("source", "Daily NK"), ("region", "Sinuiju"), ("topic", "smuggling"), ("language", "ko")):
        answer = api.get("/v1/search", {field: f"{minus}{value}"}).json
        assert answer["total"] == 0 < api.get("/v1/search", {field: value}).json["total"]
        said = f"no article of this archive has the {field} {minus}{value}"
        assert answer["query"]["warnings"] == [{"code": "unknown-value", "detail": said}]


def test_an_excluded_value_that_nobody_has_is_told(api: Api) -> None:
    """It hides nothing, which whoever wrote it should know."""
    everything = api.get("/v1/search").json["total"]
    for field, value in (("source", "-daily-nk"), ("region", "nowhere"), ("topic", "weather")):
        answer = api.get("/v1/search", {f"exclude_{field}": value}).json
        assert answer["total"] == everything
        said = f"no article of this archive has the {field} {value}"
        assert answer["query"]["warnings"] == [{"code": "unknown-value", "detail": said}]


def test_pages_follow_one_another(api: Api, ids: Callable[[testing.Result], list[str]]) -> None:
    """Pages cut the same sequence into pieces; beyond the last there is nothing and no error."""
    whole = ids(api.get("/v1/search", {"per_page": 50}))
    pages = [ids(api.get("/v1/search", {"per_page": 8, "page": page})) for page in range(1, 6)]
    assert [article_id for page in pages for article_id in page] == whole
    assert [len(page) for page in pages] == [8, 8, 8, 6, 0]


def test_links_are_the_question_by_get(api: Api) -> None:
    """`links.self` gives the same answer again, in a normal form; `links.next` what follows; none is made up."""
    body = {
        "q": "bridge 신의주",
        "op": "or",
        "region": ["kp", "cn"],
        "date_from": "2018",
        "per_page": 5,
        "highlight": False,
    }
    first = api.post("/v1/search", body).json
    path, _, query = first["links"]["self"].partition("?")
    again = api.request("GET", path, query_string=query).json
    assert {**again, "took_ms": 0} == {**first, "took_ms": 0}
    path, _, query = first["links"]["next"].partition("?")
    second = api.request("GET", path, query_string=query).json
    assert second["page"] == 2
    assert not {hit["id"] for hit in second["hits"]} & {hit["id"] for hit in first["hits"]}
    assert "next" not in api.get("/v1/search", {"per_page": 50}).json["links"]


def test_a_link_too_long_for_a_request_line_is_left_out(api_of: Any, archives: Any) -> None:
    """A question by POST may be longer than any GET; then there is no link rather than one that fails."""
    api: Api = api_of(archives, max_body_bytes=65536)
    result = api.post("/v1/search", {"region": [f"{number}{'가' * 190}" for number in range(40)]})
    assert result.status_code == 200
    assert result.json["links"] == {}


def test_head_says_what_get_would_without_the_body(api: Api) -> None:
    """HEAD has the status, tag and length of GET."""
    params = {"query_string": "q=winter&facet=region"}
    head = api.request("HEAD", "/v1/search", **params)
    get = api.request("GET", "/v1/search", **params)
    assert head.status_code == get.status_code == 200
    assert head.headers["etag"] == get.headers["etag"]


def test_a_facet_can_be_searched_in(api: Api) -> None:
    """`facet_q` keeps the values whose names hold its words, under their ancestors; every filter is obeyed."""
    answer = api.get("/v1/facets/region", {"facet_q": "ryang", "source": "Daily NK"}).json
    assert answer["field"] == "region"
    assert answer["total_values"] == 1
    (north_korea,) = answer["values"]
    (ryanggang,) = north_korea["children"]
    assert ryanggang["id"] == "kp-ryanggang"
    assert ryanggang["count"] == len([n for n in range(30) if n % 3 == 1 and n % 7 and n % 2 == 0])
    assert api.get("/v1/facets/topic", {"facet_q": "nothing like it"}).json["values"] == []


@pytest.mark.parametrize(
    ("field", "words", "expected"),
    [
        pytest.param("region", "신의", ["kp-sinuiju"], id="a place in another script"),
        pytest.param("region", "ㅅㅇㅈ", ["kp-sinuiju"], id="by its initial consonants"),
        pytest.param("region", "yangg", ["kp-ryanggang"], id="by another name"),
        pytest.param("region", "ryanggang province", ["kp-ryanggang"], id="with its kind"),
        pytest.param("region", "pyongan nor", ["kp-north-pyongan"], id="words in any order"),
        pytest.param("region", "dandnog", ["cn-dandong"], id="a slip"),
        pytest.param("topic", "marktes", ["markets"], id="a slip in a topic"),
        pytest.param("source", "nk daily", ["daily-nk"], id="a source"),
        pytest.param("language", "korae", ["ko"], id="a language"),
        pytest.param("topic", "?!", ["smuggling", "markets", "covid-19"], id="no word keeps all"),
        pytest.param("topic", "market smuggling", [], id="all words are of one name"),
    ],
)
def test_a_search_in_a_facet_takes_names_as_they_are_typed(
    api: Api, field: str, words: str, expected: list[str]
) -> None:
    """Any name in any script, words in any order, a slip if nothing else fits; counts are those of the search."""
    answer = api.get(f"/v1/facets/{field}", {"facet_q": words, "q": "winter"}).json
    assert answer["total_values"] == len(expected)
    waiting, counts = list(answer["values"]), {}
    while waiting:
        value = waiting.pop()
        waiting += value["children"]
        counts[value["id"]] = value["count"]
    for value in expected:
        assert counts[value] == api.get("/v1/search", {"q": "winter", field: value}).json["total"]


def test_a_value_of_captions_alone_is_found_in_their_facet(
    api_of: Callable[..., Api], archives_with: Callable[..., Any], gazetteer: Gazetteer
) -> None:
    """A search in a facet knows the names of all values, whatever roles are counted."""
    region = Found(Region(gazetteer.path("cn-dandong"), Role.CAPTION), (Evidence("test", None, ""),))
    api = api_of(archives_with([made_up("pictured", regions=(region,)), made_up("other")]))
    assert api.get("/v1/facets/region", {"facet_q": "dand"}).json["total_values"] == 0
    assert api.get("/v1/facets/region", {"facet_q": "dand", "role": "caption"}).json["total_values"] == 1
    suggested = api.get("/v1/suggest", {"q": "dand"}).json
    assert [item for group in suggested["groups"] for item in group["items"]] == []


def test_a_facet_searched_in_counts_as_the_facet_of_the_search_does(api: Api) -> None:
    """`/v1/facets/{field}` and `facet=` agree on every value and count."""
    question = {"q": "winter", "region": "kp", "date_from": "2018-03"}
    of_search = api.get("/v1/search", {**question, "facet": "topic"}).json["facets"]["topic"]
    of_facet = api.get("/v1/facets/topic", question).json
    assert {name: of_facet[name] for name in of_search} == of_search
