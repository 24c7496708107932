"""Suggestions over HTTP: what was typed becomes titles and names, with addresses that find what is said."""

from __future__ import annotations

import random
import unicodedata
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from index.document import Evidence, Found, Label
from search.engine import MAX_EXPANSIONS
from service.suggesting import LONGEST_TEXT
from tests.service.made_up import made_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.conftest import Api


def items(api: Api, kind: str, q: str) -> list[dict[str, Any]]:
    """The suggestions of one kind."""
    answer = api.get("/v1/suggest", {"q": q}).json
    assert answer["query"] == unicodedata.normalize("NFC", q)
    [group] = [group for group in answer["groups"] if group["kind"] == kind]
    found: list[dict[str, Any]] = group["items"]
    return found


def texts(api: Api, kind: str, q: str) -> list[str]:
    """Their texts."""
    return [item["text"] for item in items(api, kind, q)]


def test_nothing_typed_suggests_nothing(api: Api) -> None:
    """Every group is there, and empty."""
    for q in ("", "   ", "?!", "zzzz"):
        assert [(g["kind"], g["items"]) for g in api.get("/v1/suggest", {"q": q}).json["groups"]] == [
            ("title", []),
            ("place", []),
            ("topic", []),
            ("source", []),
        ]


def test_titles_are_completed_from_three_letters(api: Api) -> None:
    """The last word may be unfinished; headlines that are the beginning of a text are none."""
    assert texts(api, "title", "bridg")[:2] == ["Report 1: Bridges", "Report 4: Bridges"]
    assert texts(api, "title", "report 22") == ["Report 22: Bridges"]
    assert texts(api, "title", "report bri")
    assert texts(api, "title", "br") == []
    assert texts(api, "title", "report b"), "too short a word is left out if others are there"
    assert texts(api, "title", "markets") == []


def test_a_title_leads_to_its_article(api: Api) -> None:
    """Its id is the article's, its address the article's page."""
    first = items(api, "title", "report 22")[0]
    assert first == {"text": "Report 22: Bridges", "id": "report-22", "count": None, "url": "/articles/report-22"}


@pytest.mark.parametrize(
    ("kind", "q", "expected"),
    [
        pytest.param("place", "sin", ["Sinuiju"], id="a city"),
        pytest.param("place", "신의", ["Sinuiju (신의주)"], id="in another script"),
        pytest.param("place", "n", ["North Korea", "North Pyongan"], id="one letter is enough"),
        pytest.param("topic", "cov", ["COVID-19"], id="a topic"),
        pytest.param("topic", "m", ["Markets"], id="a topic by its first letter"),
        pytest.param("topic", "smugling", ["Smuggling"], id="a slip"),
        pytest.param("source", "nk dail", ["Daily NK"], id="a source, its words in any order"),
        pytest.param("place", "ㅅㅇㅈ", ["Sinuiju (신의주)"], id="initial consonants"),
        pytest.param("place", "신읮", ["Sinuiju (신의주)"], id="half composed"),
        pytest.param("place", "sinuiiju", ["Sinuiju"], id="a place misspelt"),
    ],
)
def test_names_have_the_count_their_address_finds(api: Api, kind: str, q: str, expected: list[str]) -> None:
    """A suggestion's count is the total of the search that it leads to."""
    found = items(api, kind, q)
    assert [item["text"] for item in found] == expected
    for item in found:
        address = urlsplit(item["url"])
        assert address.path == "/"
        assert api.get("/v1/search", parse_qs(address.query)).json["total"] == item["count"] > 0


def test_a_beginning_of_too_many_words_is_no_error(
    api_of: Callable[..., Api], archives_with: Callable[..., Any]
) -> None:
    """Where an engine refuses the beginning of a word, the word itself is asked for."""
    many = [made_up(f"article-{number}", f"Word wor{number}x") for number in range(MAX_EXPANSIONS + 1)]
    api = api_of(archives_with([*many, made_up("wor", "Wor itself")]))
    assert api.get("/v1/search", {"q": "title:wor*"}).status_code == 400
    assert texts(api, "title", "wor") == ["Wor itself"]


def test_equal_headlines_are_one_suggestion(api_of: Callable[..., Api], archives_with: Callable[..., Any]) -> None:
    """Of articles with the same headline the first is suggested."""
    api = api_of(archives_with([made_up(f"article-{number}", "Daily report") for number in range(3)]))
    assert [item["id"] for item in items(api, "title", "daily")] == ["article-0"]


def test_a_slip_is_forgiven_only_if_nothing_fits(api_of: Callable[..., Api], archives_with: Callable[..., Any]) -> None:
    """A name that would be a slip for what was typed is not suggested beside a name or headline with it."""
    topic = Found(Label("market", "Market"), (Evidence("test", None, ""),))
    source = Found(Label("parket", "Parket"), (Evidence("test", None, ""),))
    api = api_of(archives_with([made_up("one", "Barket", topics=(topic,), source=source)]))
    assert texts(api, "topic", "market") == ["Market"]
    assert texts(api, "source", "market") == []
    assert (texts(api, "title", "barket"), texts(api, "topic", "barket")) == (["Barket"], [])
    assert (texts(api, "topic", "marked"), texts(api, "source", "marked")) == (["Market"], [])
    assert texts(api, "title", "barkte") == ["Barket"]
    assert (texts(api, "topic", "darket"), texts(api, "source", "darket")) == (["Market"], ["Parket"])


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        pytest.param("신의주", ["신의주 시장에서 쌀값 상승"], id="a word"),
        pytest.param("의주", ["신의주 시장에서 쌀값 상승"], id="letters inside one"),
        pytest.param("쌀", ["신의주 시장에서 쌀값 상승"], id="one letter"),
        pytest.param("신의ㅈ", ["신의주 시장에서 쌀값 상승"], id="a consonant not yet joined"),
        pytest.param("신읮", ["신의주 시장에서 쌀값 상승"], id="or joined to what is before"),
        pytest.param("쌀값 사", ["신의주 시장에서 쌀값 상승"], id="a syllable without its end"),
        pytest.param("혜사", ["혜산 단속"], id="of two"),
        pytest.param("혜산 ㄷ", ["혜산 단속"], id="a consonant alone is left out"),
        pytest.param("신의ㅂ", [], id="another consonant"),
    ],
)
def test_korean_titles_are_completed(
    api_of: Callable[..., Api], archives_with: Callable[..., Any], q: str, expected: list[str]
) -> None:
    """Headlines with the words typed, the last perhaps half composed."""
    headlines = {"sinuiju": "신의주 시장에서 쌀값 상승", "hyesan": "혜산 단속", "smoke": "신의 뜻"}
    api = api_of(archives_with([made_up(id_, headline) for id_, headline in headlines.items()]))
    assert sorted(texts(api, "title", q)) == expected
    assert texts(api, "title", unicodedata.normalize("NFD", q)) == texts(api, "title", q)


def test_suggestions_follow_what_is_published(api_of: Callable[..., Api], archives_with: Callable[..., Any]) -> None:
    """A new generation's names are suggested as soon as it is answered from."""
    topic = Found(Label("harvest", "Harvest"), (Evidence("test", None, ""),))
    archives = archives_with([made_up("one")])
    api = api_of(archives)
    assert texts(api, "topic", "har") == []
    archives_with([made_up("one", topics=(topic,))])
    assert texts(api, "topic", "har") == ["Harvest"]


def test_browsers_get_the_same_in_their_own_form(api: Api) -> None:
    """An array of what was typed, texts, descriptions and absolute addresses, as many of each."""
    answer = api.get("/v1/suggest/browser", {"q": "sin"}, headers={"Host": "news.example:8000"})
    assert answer.headers["content-type"] == "application/x-suggestions+json"
    assert answer.json == [
        "sin",
        ["Sinuiju", "Rodong Sinmun"],
        ["place, 8 articles", "source, 15 articles"],
        ["http://news.example:8000/?region=kp-sinuiju", "http://news.example:8000/?source=rodong-sinmun"],
    ]
    typed, *columns = api.get("/v1/suggest/browser", {"q": "report"}).json
    assert typed == "report"
    assert len({len(column) for column in columns}) == 1


@pytest.mark.parametrize("path", ["/v1/suggest", "/v1/suggest/browser"])
def test_bad_questions_are_named(api: Api, path: str) -> None:
    """Too long, with control characters, or with another parameter: 400 that says which."""
    for params, named in (({"q": "x" * 257}, "q"), ({"q": "a\x00"}, "q"), ({"query": "a"}, "query")):
        answer = api.get(path, params)
        assert answer.status_code == 400
        assert [error["param"] for error in answer.json["errors"]] == [named]


def test_long_titles_are_cut(api_of: Callable[..., Api], archives_with: Callable[..., Any]) -> None:
    """A headline of any length is a suggestion of a line."""
    api = api_of(archives_with([made_up("long", "Endless " + "x" * 100_000)]))
    [text] = texts(api, "title", "endless")
    assert len(text) == LONGEST_TEXT
    assert text.endswith("…")


def test_no_typing_breaks_it(api: Api) -> None:
    """Random beginnings of random characters are all answered."""
    chance = random.Random(1807)  # noqa: S311 - repeatable, not secret
    alphabet = ' "()-*~:.\\&=%#\u202e한국éñn0rtk\U0001f600'
    for _ in range(300):
        q = "".join(chance.choice(alphabet) for _ in range(chance.randint(0, 40)))
        assert api.get("/v1/suggest", {"q": q}).status_code == 200
