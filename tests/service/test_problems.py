"""What cannot be answered: every parameter that is wrong is named, on every route, in RFC 9457's form."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import falcon
import pytest
from falcon import testing
from gunicorn.http.errors import InvalidChunkSize, LimitRequestHeaders, NoMoreData

from search.errors import EngineClosed, TooManyExpansions, UnexplainedScores, UnsupportedQuery
from service.problems import problem_from_error

if TYPE_CHECKING:
    from tests.service.conftest import Api

QUERY_STRINGS = [
    pytest.param("op=xor", {"op": "must be one of and, or; not 'xor'"}, id="unknown choice"),
    pytest.param("sort=newset", {"sort": "did you mean newest?"}, id="misspelt choice"),
    pytest.param("reigon=kp", {"reigon": "did you mean region?"}, id="misspelt parameter"),
    pytest.param("zzz=1", {"zzz": "there are site, q, op, region"}, id="unknown parameter"),
    pytest.param("=1", {"(no name)": "there are site, q"}, id="no name"),
    pytest.param("facet_q=x", {"facet_q": "is not a parameter of this route"}, id="another route's parameter"),
    pytest.param("q=a&q=b", {"q": "was given 2 times; it takes one value"}, id="repeated"),
    pytest.param("q=a%00b", {"q": "U+0000"}, id="control character"),
    pytest.param("q=%09", {"q": "U+0009"}, id="nothing but a control character"),
    pytest.param("q=a%C2%85b", {"q": "U+0085"}, id="C1 control character"),
    pytest.param("region=a%0Ab", {"region": "U+000A"}, id="control character in a filter"),
    pytest.param("q=%FF", {"q": "is not percent-encoded UTF-8"}, id="invalid UTF-8"),
    pytest.param("q=%ED%A0%80", {"q": "is not percent-encoded UTF-8"}, id="surrogate as UTF-8"),
    pytest.param("%FF=1", {"\ufffd": "is not"}, id="invalid UTF-8 in a name"),
    pytest.param("q=" + "a" * 257, {"q": "257 characters long; at most 256"}, id="too long"),
    pytest.param("q=" + "a+" * 40, {"q": "at most 32"}, id="too many terms"),
    pytest.param("q=((((((a))))))", {"q": "at most 4"}, id="too deep"),
    pytest.param("q=aaa*+bbb*+ccc*", {"q": "at most 2"}, id="too many prefixes"),
    pytest.param("region=" + "a" * 201, {"region": "is 201 characters long; at most 200"}, id="filter too long"),
    pytest.param("&".join(f"region={n}" for n in range(51)), {"region": "51 times; at most 50"}, id="too many values"),
    pytest.param("&".join(f"p{n}=1" for n in range(201)), {"p200": "comes after 200 others"}, id="too many parameters"),
    pytest.param("date_from=2020-13", {"date_from": "month must be in 1..12"}, id="no such month"),
    pytest.param("date_to=2019-02-29", {"date_to": "not a date"}, id="no such day"),
    pytest.param("date_from=0000", {"date_from": "not a date"}, id="no such year"),
    pytest.param("date_from=last week", {"date_from": "must be YYYY, YYYY-MM or YYYY-MM-DD"}, id="not a date"),
    pytest.param("date_from=2020&date_to=2019", {"date_to": "before date_from begins (2020-01-01)"}, id="backwards"),
    pytest.param("date_match=maybe", {"date_match": "must be one of possible, certain"}, id="date_match"),
    pytest.param("role=hero", {"role": "must be one of dateline"}, id="role"),
    pytest.param("facet=author", {"facet": "must be one of region"}, id="facet"),
    pytest.param("facet_interval=week", {"facet_interval": "must be one of year, month, day"}, id="interval"),
    pytest.param("facet_size=201", {"facet_size": "is 201; at most 200 is allowed"}, id="facet_size"),
    pytest.param("page=0", {"page": "must be a whole number from 1"}, id="page 0"),
    pytest.param("page=-1", {"page": "must be a whole number from 1"}, id="page -1"),
    pytest.param("page=1e3", {"page": "must be a whole number from 1"}, id="page 1e3"),
    pytest.param("page=%D9%A1", {"page": "must be a whole number from 1"}, id="page in Arabic digits"),
    pytest.param("page=" + "9" * 5000, {"page": "must be a whole number from 1"}, id="a very long number"),
    pytest.param("per_page=51", {"per_page": "is 51; at most 50 is allowed"}, id="per_page"),
    pytest.param("page=1001&per_page=10", {"page": "follow next_cursor"}, id="too deep for pages"),
    pytest.param("cursor=not!base64", {"cursor": "is not a cursor of this service"}, id="cursor's letters"),
    pytest.param("cursor=AAAA", {"cursor": "is not a cursor of this service"}, id="cursor's length"),
    pytest.param("highlight=yes", {"highlight": "must be 1 or 0"}, id="flag"),
    pytest.param("recency=soon", {"recency": "must be a number of days, weeks, months or years"}, id="recency"),
    pytest.param("recency=0d", {"recency": "must be a number of days, weeks, months or years"}, id="recency 0"),
    pytest.param("recency=10000y", {"recency": "must be a number of days, weeks"}, id="recency too long"),
    pytest.param(
        "q=%00&op=x&page=0&zzz=1&date_from=x&q=b",
        {"q": "was given 2 times", "op": "must", "page": "must", "zzz": "is not", "date_from": "must"},
        id="all at once",
    ),
    pytest.param("q=((((((a))))))&op=x", {"q": "at most 4", "op": "must"}, id="the question's problem with the rest"),
]


@pytest.mark.parametrize(("query_string", "expected"), QUERY_STRINGS)
def test_every_wrong_parameter_is_named(api: Api, query_string: str, expected: dict[str, str]) -> None:
    """A 400 names each wrong parameter, and only those, with what is wrong and what is allowed."""
    result = api.request("GET", "/v1/search", query_string=query_string)
    assert result.status_code == 400
    assert result.json["code"] == "invalid-parameters"
    details = {error["param"]: error["detail"] for error in result.json["errors"]}
    if len(expected) == 1 and "p200" in expected:
        assert expected["p200"] in details["p200"]
        return
    assert details.keys() == expected.keys()
    for param, detail in expected.items():
        assert detail in details[param]
        assert f"{param}: {details[param]}" in result.json["detail"] or len(expected) > 3


BODIES = [
    pytest.param('{"page": "2"}', {"page": "must be a whole number"}, id="number as string"),
    pytest.param('{"page": 1.5}', {"page": "must be a whole number"}, id="fraction"),
    pytest.param('{"page": true}', {"page": "must be a whole number"}, id="boolean as number"),
    pytest.param('{"q": 5}', {"q": "must be a string"}, id="number as string"),
    pytest.param('{"q": ["a"]}', {"q": "takes one value, not an array"}, id="array for one"),
    pytest.param('{"q": {"a": 1}}', {"q": "must be a string"}, id="object"),
    pytest.param('{"region": [1, "kp"]}', {"region": "must be a string"}, id="number in an array"),
    pytest.param('{"region": [["kp"]]}', {"region": "must be a string"}, id="array in an array"),
    pytest.param('{"highlight": "1"}', {"highlight": "must be true or false or a whole number"}, id="flag as string"),
    pytest.param('{"highlight": 2}', {"highlight": "must be 1 or 0"}, id="flag 2"),
    pytest.param('{"reigon": null, "op": "x"}', {"reigon": "did you mean region?", "op": "must"}, id="several"),
    pytest.param('{"q": "a\\u0000b"}', {"q": "U+0000"}, id="control character"),
    pytest.param('{"q": "a\\udc00b"}', {"body": "is not JSON"}, id="lone surrogate"),
    pytest.param('{"q": "a"', {"body": "is not JSON"}, id="unfinished"),
    pytest.param("", {"body": "is not JSON"}, id="empty"),
    pytest.param('["q"]', {"body": "must be a JSON object"}, id="not an object"),
    pytest.param("null", {"body": "must be a JSON object"}, id="null"),
    pytest.param(
        "{" + ",".join(f'"x{n}": 1' for n in range(250)) + "}",
        {f"x{n}": "is not a parameter" for n in range(200)} | {"x200": "comes after 200 others"},
        id="too many members",
    ),
    pytest.param("[" * 3000, {"body": "is not JSON"}, id="deeply nested"),
    pytest.param(b'{"q": "\xff"}', {"body": "is not JSON"}, id="invalid UTF-8"),
]


@pytest.mark.parametrize(("body", "expected"), BODIES)
def test_every_wrong_member_of_a_body_is_named(api: Api, body: str | bytes, expected: dict[str, str]) -> None:
    """By POST, too: each member that is wrong, or the body as a whole."""
    result = api.request("POST", "/v1/search", body=body, headers={"Content-Type": "application/json"})
    assert result.status_code == 400
    details = {error["param"]: error["detail"] for error in result.json["errors"]}
    assert details.keys() == expected.keys()
    for param, detail in expected.items():
        assert detail in details[param]


OTHERS: list[Any] = [
    pytest.param("GET", "/nothing/here", {}, 404, "not-found", id="no such route"),
    pytest.param("GET", "/v1/articles/none", {}, 404, "not-found", id="no such article"),
    pytest.param("GET", "/v1/articles/none/evidence", {}, 404, "not-found", id="no such article's evidence"),
    pytest.param("GET", "/v1/facets/date", {}, 404, "not-found", id="a facet of no words"),
    pytest.param("GET", "/v1/facets/%00", {}, 404, "not-found", id="no such facet"),
    pytest.param("GET", "/v1/articles/%FF", {}, 404, "not-found", id="an id that is not UTF-8"),
    pytest.param("DELETE", "/v1/search", {}, 405, "method-not-allowed", id="a method not taken"),
    pytest.param("POST", "/v1/articles/report-1", {"body": "{}"}, 405, "method-not-allowed", id="nor here"),
    pytest.param("POST", "/v1/search", {"body": "q=a"}, 415, "unsupported-media-type", id="no media type"),
    pytest.param(
        "POST",
        "/v1/search",
        {"body": "q=a", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
        415,
        "unsupported-media-type",
        id="a form",
    ),
    pytest.param(
        "POST",
        "/v1/search",
        {"body": "{" + " " * 5000 + "}", "headers": {"Content-Type": "application/json; charset=utf-8"}},
        413,
        "too-large",
        id="a long body",
    ),
    pytest.param("GET", "/v1/articles/report-1", {"query_string": "x=1"}, 400, "invalid-parameters", id="takes none"),
    pytest.param("GET", "/v1/facets/topic", {"query_string": "page=2"}, 400, "invalid-parameters", id="takes no page"),
]


@pytest.mark.parametrize(("method", "path", "options", "status", "code"), OTHERS)
def test_other_problems_say_what_they_are(  # noqa: PLR0913, PLR0917 - a table's columns
    api: Api, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    """Every error answer is a problem with its status, its code and the request id."""
    result = api.request(method, path, **options)
    assert (result.status_code, result.json["code"]) == (status, code)
    if status == 405:
        assert "GET" in result.headers["allow"]
    if status == 400:
        assert result.json["errors"]


def answered_to(api: Api, body: str = "", **environ: Any) -> tuple[testing.StartResponseMock, dict[str, Any]]:
    """The answer to a request that the test client itself would refuse to make."""
    started = testing.StartResponseMock()
    env = testing.create_environ("/v1/search", body=body, headers={"Content-Type": "application/json"}) | environ
    content = b"".join(api.client.app(env, started))
    return started, json.loads(content)


@pytest.mark.parametrize(
    ("method", "allowed"),
    [pytest.param("BREW", "GET, HEAD, POST", id="unknown"), pytest.param("WEBSOCKET", "GET, HEAD", id="Falcon's own")],
)
def test_a_method_nobody_knows_is_refused_with_those_that_are_taken(api: Api, method: str, allowed: str) -> None:
    """An invented method is answered 405, and `Allow` names methods that are taken."""
    started, problem = answered_to(api, REQUEST_METHOD=method)
    assert started.status == "405 Method Not Allowed"
    assert started.headers_dict["allow"] == allowed
    assert problem["code"] == "method-not-allowed"


def test_a_body_of_unknown_length_is_read_only_to_the_limit(api: Api) -> None:
    """A chunked body is taken where the server ends it, and refused beyond the limit."""
    headers = {"Content-Type": "application/json"}
    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    taken = api.client.simulate_post("/v1/search", body='{"q": "winter"}', headers=headers, extras=chunked)
    assert taken.status_code == 200
    assert taken.json["query"]["raw"] == "winter"
    refused = api.client.simulate_post("/v1/search", body=" " * 5000 + "{}", headers=headers, extras=chunked)
    assert refused.status_code == 413


@pytest.mark.parametrize(
    ("error", "said"),
    [
        pytest.param(InvalidChunkSize(b"secret"), "is not in chunks as HTTP has them", id="no chunk"),
        pytest.param(LimitRequestHeaders("secret"), "is not in chunks as HTTP has them", id="too long a trailer"),
        pytest.param(NoMoreData(b"secret"), "ends before it is whole", id="no more"),
    ],
)
def test_a_body_that_breaks_off_is_no_fault_of_ours(api: Api, error: Exception, said: str) -> None:
    """What the server says of a body while it is read is a 400; nothing of the body is answered or logged."""

    class Broken(io.BytesIO):
        def read(self, _size: int | None = None) -> bytes:
            raise error

    chunked = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "wsgi.input": Broken()}
    answer = api.client.simulate_post(
        "/v1/search", body="", headers={"Content-Type": "application/json"}, extras=chunked
    )
    assert (answer.status_code, answer.json["code"]) == (400, "unreadable-body")
    assert answer.json["detail"] == f"the request body {said}"
    assert not [line for line in api.log.lines if line["event"] == "failed"]


def test_a_content_length_that_is_no_number_is_named(api: Api) -> None:
    """Where a server lets it through, a bad Content-Length is a 400 that says so."""
    started, problem = answered_to(api, body="{}", REQUEST_METHOD="POST", CONTENT_LENGTH="ten")
    assert started.status == "400 Bad Request"
    assert problem["errors"][0]["param"] == "Content-Length"


@pytest.mark.parametrize(
    ("error", "status", "param"),
    [
        pytest.param(TooManyExpansions("a", allowed=256, found=300), 400, "q", id="too many expansions"),
        pytest.param(UnsupportedQuery("whoosh", "something"), 400, "q", id="unsupported"),
        pytest.param(UnexplainedScores("opensearch"), 400, "explain", id="unexplained"),
        pytest.param(EngineClosed("closed"), 500, None, id="our fault"),
        pytest.param(falcon.HTTPServiceUnavailable(), 503, None, id="the framework's"),
    ],
)
def test_errors_of_the_read_side_become_problems(error: Exception, status: int, param: str | None) -> None:
    """What the question is to blame for is a 400 on the parameter that asks for it; what it is not, never."""
    problem = problem_from_error(error)
    assert problem.status == status
    assert [e.param for e in problem.errors] == ([param] if param else [])
