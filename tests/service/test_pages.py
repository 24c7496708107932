"""Pages as such: each is sound HTML under a strict policy, in every state, and harmless whatever an archive holds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from index.document import Block, BlockKind, Evidence, Found, Label, Role, Span
from index.layout import DataFolder
from service.pages.rendering import load_assets
from service.settings import Settings
from service.wiring import archives_of
from tests.service.html_page import of_class, parsed, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from falcon import testing

    from index.document import Document
    from tests.service.conftest import Api

PAGES = [
    pytest.param("/", 200, id="search, nothing asked"),
    pytest.param("/?q=smuggl*", 200, id="search, words"),
    pytest.param("/?q=soldiers+OR+crackdown&region=kp-sinuiju&date_from=2018&sort=oldest", 200, id="search, filters"),
    pytest.param("/?q=%22solar+panels%22&page=2&op=or&role=event&date_match=certain", 200, id="search, second page"),
    pytest.param("/?q=zebra+crackdown&topic=markets&exclude_region=cn", 200, id="search, nothing found"),
    pytest.param("/?page=900", 200, id="search, a page there is not"),
    pytest.param("/?q=%29+AND+%22&region=nowhere", 200, id="search, notices"),
    pytest.param("/?date_from=soon&page=x&q=rice", 400, id="search, refused"),
    pytest.param("/?q=%ff", 400, id="search, not UTF-8"),
    pytest.param("/articles/report-4", 200, id="article"),
    pytest.param("/articles/report-3?q=smuggl*+-zebra&utm_source=x", 200, id="article, words marked"),
    pytest.param("/articles/nobody's", 404, id="article there is not"),
    pytest.param("/docs", 200, id="docs"),
    pytest.param("/docs?mode=dialog&facets=topic&lang=ko&accent=%23123456&ink=red", 200, id="docs, picked"),
    pytest.param("/embed?q=crackdown&page=2", 200, id="embedded"),
    pytest.param("/embed?q=zebra", 200, id="embedded, nothing found"),
    pytest.param("/embed?sort=upwards", 400, id="embedded, refused"),
]


def get(api: Api, address: str, **options: Any) -> testing.Result:
    """GET a page."""
    return api.client.simulate_get(address, **options)


@pytest.mark.parametrize(("address", "status"), PAGES)
def test_every_page_is_sound_html_that_may_load_nothing_from_elsewhere(api: Api, address: str, status: int) -> None:
    """In every state tags match, ids are unique, there is one headline, and only our own files may be loaded."""
    result = get(api, address)
    assert result.status_code == status
    tree = parsed(result)
    assert len(tree.xpath("//h1")) == 1
    assert len(tree.xpath("//main")) == 1
    assert tree.xpath("/html/@lang") == ["en"]
    assert tree.xpath("//title")[0].text
    policy = result.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:;")
    assert "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors" in policy
    assert ("frame-ancestors 'none'" in policy) != address.startswith("/embed")
    assert result.headers["x-content-type-options"] == "nosniff"
    loaded = tree.xpath("//script/@src | //link[@rel='stylesheet']/@href | //img/@src")
    assert loaded
    assert all(each.startswith(("/static/", "/widget/")) for each in loaded)
    assert tree.xpath("//script[not(@src)] | //style") == []


@pytest.mark.parametrize(
    ("address", "says"),
    [
        pytest.param("/?q=rice&date_from=soon", "date_from must be YYYY", id="what was wrong"),
        pytest.param("/?date_from=2020&date_to=2019", "before date_from begins", id="what cannot be together"),
        pytest.param("/?q=" + "a" * 300, "300 characters", id="too long"),
        pytest.param("/articles/none", "no article of that id", id="no such article"),
        pytest.param("/?sort=best", "must be one of relevance, newest, oldest", id="no such order"),
    ],
)
def test_a_mistake_is_said_on_a_page_that_keeps_the_words(api: Api, address: str, says: str) -> None:
    """What was wrong is said in words, and the question need not be typed again."""
    result = get(api, address)
    tree = parsed(result)
    assert says in said(tree.xpath("//main")[0])
    assert tree.xpath("//input[@id='q']/@value")[0] in {"rice", "", "a" * 300}
    assert result.headers["cache-control"] == "no-store"


def test_an_address_that_is_not_there_is_a_page_for_browsers_only(api: Api) -> None:
    """Who asks for HTML gets a page, whoever else the API's problem."""
    as_browser = get(api, "/nowhere", headers={"Accept": "text/html,*/*"})
    assert as_browser.status_code == 404
    assert said(parsed(as_browser).xpath("//h1")[0]) == "There is nothing here"
    assert get(api, "/nowhere").json["code"] == "not-found"
    assert get(api, "/v1/articles/none", headers={"Accept": "text/html"}).json["code"] == "not-found"


def test_an_empty_archive_says_how_to_fill_it(api_of: Callable[..., Api], tmp_path: Path) -> None:
    """Before anything is built the page names the commands, and is to be asked for again."""
    archives = archives_of(Settings(data=tmp_path), api_of(None).log)
    result = get(api_of(archives), "/?q=x")
    assert result.status_code == 503
    assert result.headers["retry-after"]
    tree = parsed(result)
    assert said(tree.xpath("//h1")[0]) == "This archive is empty"
    assert "dateline ingest PATH --data DIR" in said(tree.xpath("//pre")[0])
    assert tree.xpath("//main//a/@href") == ["/?q=x"]


def test_a_fault_of_ours_says_nothing_of_its_cause(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """What went wrong inside is logged, not shown; the page has the number to find it by."""

    def fail(*_: object) -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr("service.pages.resources.search_page", fail)
    result = get(api, "/")
    assert result.status_code == 500
    assert "secret" not in result.text
    assert result.headers["x-request-id"] in said(parsed(result).xpath("//main")[0])
    assert api.log.lines[0]["request_id"] == result.headers["x-request-id"]


@pytest.mark.parametrize("address", ["/?q=rice", "/articles/report-4?q=rice", "/docs", "/embed"])
def test_pages_are_kept_until_they_change(api: Api, address: str) -> None:
    """A page has a strong tag, is answered by 304 to whoever has it, and to HEAD without its body."""
    first = get(api, address)
    again = get(api, address, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert again.headers["content-security-policy"] == first.headers["content-security-policy"]
    assert get(api, address.partition("?")[0] + "?q=other").headers["etag"] != first.headers["etag"]
    head = api.client.simulate_head(address)
    assert (head.status_code, head.content) == (200, b"")
    assert "max-age=60" in first.headers["cache-control"]


def test_what_others_add_to_a_link_is_passed_over(api: Api) -> None:
    """A page is asked for by people's links, which carry what other sites put there."""
    plain = get(api, "/?q=rice")
    assert get(api, "/?q=rice&utm_source=mail&fbclid=1&=2").headers["etag"] == plain.headers["etag"]


def test_files_are_kept_for_a_year_under_the_address_that_names_their_content(api: Api) -> None:
    """The digest in the address makes it safe to keep; under another digest, today's file is not to be kept."""
    assets = load_assets()
    for name in assets.files:
        result = get(api, assets.address(name))
        assert result.content == assets.files[name]
        assert "immutable" in result.headers["cache-control"]
    assert get(api, "/static/before/pages.css").headers["cache-control"] == "no-cache"
    assert get(api, "/static/before/secrets.txt").status_code == 404
    assert get(api, "/static/before/..%2Fparts.html").status_code == 404


HOSTILE = {
    "script": '<script>alert(1)</script><img src=x onerror="alert(2)">',
    "attribute": "\"><svg onload=alert(3)> ' onmouseover=alert(4) x='",
    "bidi": "abc\u202egnp.exe\u2066 \u2069\u2067",
    "control": "a\x00b\x08c\x1b[31m\x85d",
    "template": "{{ 7007 * 7007 }}{% raw %} ${7007*7007} &lt;b&gt; &#60;i&#62;",
}


@pytest.fixture
def hostile(
    api_of: Callable[..., Api],
    documents: Sequence[Document],
    publish_documents: Callable[..., Any],
    tmp_path: Path,
) -> Iterator[Api]:
    """An archive whose every text is an attack."""
    data = DataFolder(tmp_path)
    publish_documents(data, [_hostile(documents[4], name, text) for name, text in HOSTILE.items()])
    api = api_of(None)
    archives = archives_of(Settings(data=data.path), api.log)
    yield api_of(archives)
    archives.close()


def _hostile(document: Document, name: str, attack: str) -> Document:
    whole = f"{attack}\n\nzebra {attack}\n\n{attack}"
    found = (Evidence("test", Span(0, len(attack)), attack),)
    region = replace(
        document.regions[0].value, path=(Label("kp", attack), Label(f"place-{name}", attack)), role=Role.EVENT
    )
    return replace(
        document,
        id=f"{name}~:@",
        url=f"javascript:alert(5)//{attack}",
        text=whole,
        blocks=(
            Block(BlockKind.TITLE, 0, len(attack)),
            Block(BlockKind.BODY, len(attack) + 2, len(attack) * 2 + 8),
            Block(BlockKind.CAPTION, len(attack) * 2 + 10, len(whole)),
        ),
        title=Found(attack, found),
        regions=(Found(region, found),),
        source=Found(Label(f"source-{name}", attack), found),
        topics=(Found(Label(f"topic-{name}", attack), found),),
        authors=(Found(attack, found),),
        language=Found('en" onfocus="alert(6)', found),
    )


ATTACKED = [
    pytest.param("/", id="search"),
    pytest.param("/?q=zebra", id="highlights"),
    *(pytest.param(f"/articles/{name}~:@", id=f"article, {name}") for name in HOSTILE),
    *(pytest.param(f"/articles/{name}~:@?q=zebra", id=f"marks, {name}") for name in HOSTILE),
    pytest.param("/embed", id="embedded"),
]


@pytest.mark.parametrize("address", ATTACKED)
def test_nothing_an_archive_holds_becomes_an_element(hostile: Api, address: str) -> None:
    """Texts of articles, places, sources, topics stay text: no element, no link but to the web and ourselves."""
    result = get(hostile, address)
    assert result.status_code == 200
    _is_harmless(result)


@pytest.mark.parametrize("attack", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("address", ["/", "/embed", "/docs", "/nowhere", "/articles/none"])
def test_nothing_that_is_asked_becomes_an_element(api: Api, address: str, attack: str) -> None:
    """Parameters stay text too, in the answer and in the page that refuses them."""
    for name in ("q", "region", "date_from", "sort", "mode", "facets", "accent", "<b>"):
        result = get(api, address, params={name: attack}, headers={"Accept": "text/html"})
        _is_harmless(result)


def _is_harmless(result: testing.Result) -> None:
    tree = parsed(result)
    assert tree.xpath("//img | //iframe | //object | //embed | //script[not(@src)] | //svg[@onload]") == []
    addresses = tree.xpath("//@href | //@src | //@action")
    assert [each for each in addresses if not each.startswith(("/", "#", "https://", "http://"))] == []
    assert [each for each in addresses if each.startswith("//")] == []
    shown = result.content.decode()
    assert not [character for character in shown if ord(character) < 32 and character not in "\n\t\r"]
    assert "\x85" not in shown
    assert "49098049" not in shown


def test_text_that_turns_around_is_isolated(hostile: Api) -> None:
    """What may hold marks of direction stands in an element of its own direction, so that nothing around it turns."""
    tree = parsed(get(hostile, "/"))
    for element in tree.xpath("//*[contains(text(), '\u202e')]"):
        ancestors = [element, *element.iterancestors()]
        if element.tag not in {"title", "caption"}:
            assert any(each.get("dir") == "auto" for each in ancestors), element.tag
    assert of_class(tree, "headline")


def test_a_headline_of_ten_megabytes_does_not_fill_the_page(
    api_of: Callable[..., Api],
    documents: Sequence[Document],
    publish_documents: Callable[..., Any],
    tmp_path: Path,
) -> None:
    """A list shows the beginning of a headline; the article's own page has all of it, once."""
    title = "zebra " * 1_700_000
    long = replace(
        documents[4],
        text=title,
        blocks=(Block(BlockKind.TITLE, 0, len(title)),),
        title=Found(title, documents[4].title.evidence),
    )
    publish_documents(DataFolder(tmp_path), [long])
    archives = archives_of(Settings(data=tmp_path), api_of(None).log)
    api = api_of(archives)
    try:
        assert len(get(api, "/").content) < 60_000
        assert len(get(api, "/embed").content) < 20_000
        assert len(get(api, "/articles/report-4").content) < 1.1 * len(title) + 60_000
    finally:
        archives.close()
