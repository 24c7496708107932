"""The description by which a browser adds the archive to its searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from lxml import etree

from service.opensearch_description import NAMESPACE, description

if TYPE_CHECKING:
    from collections.abc import Callable

    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

NAMES = {"o": NAMESPACE}


def read(content: bytes) -> etree._Element:
    """A description, read strictly."""
    return etree.fromstring(content, etree.XMLParser(recover=False, resolve_entities=False, no_network=True))


def templates(root: etree._Element) -> dict[str, str]:
    """The addresses by media type."""
    return {str(url.attrib["type"]): str(url.attrib["template"]) for url in root.iterfind("o:Url", NAMES)}


def test_its_addresses_are_answered_as_they_promise(api: Api) -> None:
    """Each template, filled in, is a route of this service that answers in the type it says."""
    answer = api.get("/opensearch.xml", headers={"Host": "news.example:8123"})
    assert answer.headers["content-type"].startswith("application/opensearchdescription+xml")
    addresses = templates(read(answer.content))
    assert set(addresses) == {
        "text/html",
        "application/atom+xml",
        "application/x-suggestions+json",
        "application/opensearchdescription+xml",
    }
    for media_type, template in addresses.items():
        address = urlsplit(template.replace("{searchTerms}", "winter%20bridge"))
        assert f"{address.scheme}://{address.netloc}" == "http://news.example:8123"
        if media_type != "text/html":
            got = api.request("GET", address.path, query_string=address.query)
            assert got.headers["content-type"].startswith(media_type)


def test_the_public_address_and_name_are_the_keepers(archives: Reloading[Archive], api_of: Callable[..., Api]) -> None:
    """Behind a proxy the settings say what the archive's address and name are, not the request."""
    api = api_of(archives, name="News & <Views>", public_url="https://archive.example/news")
    root = read(api.get("/opensearch.xml", headers={"Host": "inside:80", "X-Forwarded-Host": "evil.example"}).content)
    assert root.findtext("o:ShortName", namespaces=NAMES) == "News & <Views>"
    assert all(address.startswith("https://archive.example/news/") for address in templates(root).values())


@pytest.mark.parametrize(
    ("name", "short", "long"),
    [
        pytest.param("Dateline", "Dateline", "Dateline", id="short enough"),
        pytest.param("The Northern Archive", "The Northern", "The Northern Archive", id="cut behind a word"),
        pytest.param(
            "조선민주주의인민공화국소식보관소도서관", "조선민주주의인민공화국소식보관소", None, id="one long word"
        ),
        pytest.param(
            "word " * 12, "word word word", "word word word word word word word word word", id="both too long"
        ),
    ],
)
def test_names_keep_to_the_limits(name: str, short: str, long: str | None) -> None:
    """A short name has at most 16 characters, a long one 48."""
    root = read(description(name, "http://x"))
    assert root.findtext("o:ShortName", namespaces=NAMES) == short
    assert root.findtext("o:LongName", namespaces=NAMES) == (long or name)


@pytest.mark.parametrize("host", ["a b", "<script>", "news.example/path", "news.example:port", 'x"y', "x" * 300])
@pytest.mark.parametrize("path", ["/opensearch.xml", "/v1/feed.atom", "/v1/feed.json", "/v1/suggest/browser"])
def test_a_host_that_cannot_be_is_refused(api: Api, path: str, host: str) -> None:
    """What would end up in addresses must be the name of a host."""
    answer = api.get(path, headers={"Host": host})
    assert answer.status_code == 400
    assert [error["param"] for error in answer.json["errors"]] == ["Host"]


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "news.example", "xn--3e0b707e.example"])
def test_hosts_as_they_are_seen(api: Api, host: str) -> None:
    """Names, addresses, ports."""
    assert f"http://{host}/" in api.get("/opensearch.xml", headers={"Host": host}).text


def test_it_is_kept_and_takes_no_parameters(api: Api) -> None:
    """Who has it is told so; a parameter is a mistake."""
    tag = api.get("/opensearch.xml").headers["etag"]
    assert api.get("/opensearch.xml", headers={"If-None-Match": tag}).status_code == 304
    errors: list[dict[str, Any]] = api.get("/opensearch.xml", {"q": "x"}).json["errors"]
    assert [error["param"] for error in errors] == ["q"]
