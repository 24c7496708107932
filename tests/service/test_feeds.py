"""Feeds: valid Atom and JSON Feed, stable ids, dates as certain as they are known, hostile text harmless."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import feedparser
import pytest
from lxml import etree

from index.document import Basis, Evidence, Found, Precision, PublishedOn
from service.feeds import ATOM, PUBLISHED_SCHEME, UNKNOWN_INSTANT, Feed
from tests.service.made_up import HOSTILE, made_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.conftest import Api

FEEDS = [pytest.param("/v1/feed.atom", id="Atom"), pytest.param("/v1/feed.json", id="JSON Feed")]
NAMES = {"a": ATOM}
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def atom(api: Api, **params: Any) -> etree._Element:
    """The Atom feed, read strictly."""
    parser = etree.XMLParser(recover=False, resolve_entities=False, no_network=True)
    return etree.fromstring(api.get("/v1/feed.atom", params).content, parser)


def found(root: etree._Element, path: str) -> list[str]:
    """Texts or attributes at a path."""
    nodes: Any = root.xpath(path, namespaces=NAMES)
    return [str(node) for node in nodes]


def dated(start: dt.date, end: dt.date, precision: Precision) -> Found[PublishedOn]:
    """A date."""
    return Found(PublishedOn(start, end, precision, Basis.INFERRED), (Evidence("test", None, ""),))


def ids_in(api: Api, path: str, **params: Any) -> list[str]:
    """The ids of a feed's entries."""
    if path.endswith("json"):
        return [item["id"] for item in api.get(path, params).json["items"]]
    return found(atom(api, **params), "a:entry/a:id/text()")


def check_atom(root: etree._Element) -> None:
    """See that a feed has what RFC 4287 demands (sections 4.1.1 and 4.1.2)."""
    assert root.tag == f"{{{ATOM}}}feed"
    for element in (root, *root.iterfind("a:entry", NAMES)):
        for name in ("id", "title", "updated"):
            assert len(element.findall(f"a:{name}", NAMES)) == 1, name
        assert all(INSTANT.fullmatch(text) for text in found(element, "a:updated/text() | a:published/text()"))
        assert all(urlsplit(text).scheme == "urn" for text in found(element, "a:id/text()"))
        alternates = found(element, "a:link[@rel='alternate']/@href")
        assert len(alternates) == 1
        assert all(urlsplit(address).scheme in {"http", "https"} for address in found(element, "a:link/@href"))
        assert all(found(category, "@term") for category in element.iterfind("a:category", NAMES))
        assert all(found(author, "a:name/text()") for author in element.iterfind("a:author", NAMES))
    assert len(found(root, "a:link[@rel='self']/@href")) == 1
    assert root.findall("a:author", NAMES)
    ids = found(root, "//a:id/text()")
    assert len(ids) == len(set(ids))


def test_an_atom_feed_is_valid_and_says_the_same_as_the_search(api: Api) -> None:
    """The newest articles of the search, in its order, read by a strict parser and by a feed reader."""
    root = atom(api, q="winter", region="kp", per_page=7)
    check_atom(root)
    hits = api.get("/v1/search", {"q": "winter", "region": "kp", "sort": "newest", "per_page": 7}).json["hits"]
    assert found(root, "a:entry/a:title/text()") == [hit["title"] for hit in hits]
    read = feedparser.parse(api.get("/v1/feed.atom", {"q": "winter", "region": "kp", "per_page": 7}).content)
    assert not read.bozo
    assert read.version == "atom10"
    assert read.feed.title == "Dateline: winter, region kp"
    assert [entry.title for entry in read.entries] == [hit["title"] for hit in hits]
    assert read.entries[0].link.endswith(f"/articles/{hits[0]['id']}")
    assert read.entries[0].summary.splitlines()[0] == "Ryanggang · November 2019, inferred · Daily NK"


def test_a_json_feed_is_valid_and_says_the_same_as_the_search(api: Api) -> None:
    """What JSON Feed 1.1 demands is there; the entries are the search's newest."""
    answer = api.get("/v1/feed.json", {"topic": "smuggling"}, headers={"Host": "news.example"})
    assert answer.headers["content-type"] == "application/feed+json; charset=utf-8"
    feed = answer.json
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["title"] == "Dateline: topic smuggling"
    assert feed["home_page_url"] == "http://news.example/?topic=smuggling"
    assert feed["feed_url"] == "http://news.example/v1/feed.json?topic=smuggling"
    hits = api.get("/v1/search", {"topic": "smuggling", "sort": "newest", "per_page": 50}).json["hits"]
    assert [item["title"] for item in feed["items"]] == [hit["title"] for hit in hits]
    assert [item["_dateline"]["published"] for item in feed["items"]] == [hit["published"] for hit in hits]
    assert [item.get("external_url") for item in feed["items"]] == [hit["url"] for hit in hits]
    assert all(item["id"] and item["content_text"] for item in feed["items"])


@pytest.mark.parametrize("path", FEEDS)
def test_what_a_search_takes_a_feed_takes(api: Api, path: str) -> None:
    """Any search's address is a feed's: order, page and facets change nothing, how many does."""
    plain = ids_in(api, path, q="winter")
    assert ids_in(api, path, q="winter", sort="oldest", page=2, facet="region", highlight=0) == plain
    assert ids_in(api, path, q="winter", per_page=3) == plain[:3]
    tags = [api.get(path, params).headers["etag"] for params in ({"q": "winter"}, {"q": "winter", "sort": "oldest"})]
    assert tags[0] == tags[1]
    assert api.get(path, {"per_page": 51}).status_code == 400
    assert api.get(path, {"nonsense": 1}).json["errors"][0]["param"] == "nonsense"


@pytest.mark.parametrize("path", FEEDS)
def test_its_own_address_is_the_same_feed(api: Api, path: str) -> None:
    """`self` leads back here."""
    answer = api.get(path, {"q": "winter", "region": "kp", "date_from": "2019", "per_page": 3, "sort": "oldest"})
    if path.endswith("json"):
        own = answer.json["feed_url"]
    else:
        [own] = found(etree.fromstring(answer.content), "a:link[@rel='self']/@href")
    address = urlsplit(own)
    again = api.request("GET", address.path, query_string=address.query)
    assert again.content == answer.content


@pytest.mark.parametrize("path", FEEDS)
def test_who_has_a_feed_is_told_so(api: Api, path: str) -> None:
    """Feed readers ask often; an unchanged feed is a 304, and HEAD has no body."""
    tag = api.get(path, {"q": "winter"}).headers["etag"]
    assert api.get(path, {"q": "winter"}, headers={"If-None-Match": tag}).status_code == 304
    assert api.get(path, {"q": "bridge"}, headers={"If-None-Match": tag}).status_code == 200
    assert api.request("HEAD", path, query_string="q=winter").status_code == 200


@pytest.mark.parametrize("path", FEEDS)
def test_ids_outlive_rebuilds_and_changes_of_address(
    api_of: Callable[..., Api], archives_with: Callable[..., Any], path: str
) -> None:
    """An article has the same id whatever generation, question and host it is found by; feeds have ids of their own."""
    articles = [made_up("one"), made_up("two")]
    archives = archives_with(articles)
    before = ids_in(api_of(archives), path)
    archives_with([*articles, made_up("three")])
    after = ids_in(api_of(archives, public_url="https://elsewhere.example"), path, q="headline", per_page=3)
    assert before == after[:2]
    assert len(set(after)) == 3


def test_two_archives_share_no_id() -> None:
    """An article called the same in another archive is another article."""
    here, there = (
        Feed(
            archive=archive,
            name="",
            question="",
            base="",
            address="",
            page="",
            updated=dt.datetime.now(dt.UTC),
            hits=(),
        )
        for archive in ("0123456789abcdef", "fedcba9876543210")
    )
    assert here.id_of("report-4") == here.id_of("report-4") != there.id_of("report-4")


def test_dates_are_as_certain_as_they_are_known(api_of: Callable[..., Api], archives_with: Callable[..., Any]) -> None:
    """Only a known day is an instant; intervals and no date at all are said to be; none is left out."""
    day = dt.date(2020, 3, 27)
    archives = archives_with([
        made_up("day", "Day", published=dated(day, day, Precision.DAY)),
        made_up("month", "Month", published=dated(dt.date(2018, 10, 1), dt.date(2018, 10, 31), Precision.MONTH)),
        made_up("never", "Never"),
    ])  # fmt: skip
    api = api_of(archives)
    root = atom(api)
    check_atom(root)
    assert found(root, "a:entry/a:title/text()") == ["Day", "Month", "Never"]
    assert found(root, "a:entry/a:published/text()") == ["2020-03-27T00:00:00Z"]
    updated = ["2020-03-27T00:00:00Z", "2018-10-31T00:00:00Z", UNKNOWN_INSTANT]
    assert found(root, "a:entry/a:updated/text()") == updated
    terms = found(root, f"a:entry/a:category[@scheme='{PUBLISHED_SCHEME}']/@term")
    assert terms == ["2020-03-27/2020-03-27", "2018-10-01/2018-10-31", "unknown"]
    assert [text.splitlines()[0] for text in found(root, "a:entry/a:summary/text()")] == [
        "27 March 2020, inferred",
        "October 2018, inferred",
        "date unknown",
    ]
    items = api.get("/v1/feed.json").json["items"]
    assert [item.get("date_published") for item in items] == ["2020-03-27T00:00:00Z", None, None]
    assert [item["_dateline"]["published"] and item["_dateline"]["published"]["end"] for item in items] == [
        "2020-03-27",
        "2018-10-31",
        None,
    ]


def test_hostile_text_breaks_no_feed(api_of: Callable[..., Api], archives_with: Callable[..., Any]) -> None:
    """Markup stays text, what XML cannot hold becomes U+FFFD, and no link leads anywhere but to the web."""
    author = Found(HOSTILE, (Evidence("test", None, ""),))
    archives = archives_with([
        made_up(f"{number}-\x0b<&>", HOSTILE, HOSTILE, url=url, authors=(author,))
        for number, url in enumerate(("javascript:alert(1)", 'https://example.org/<\x0b>"é', None))
    ])  # fmt: skip
    api = api_of(archives, name="News & <Views>")
    root = atom(api, q="script")
    check_atom(root)
    tags = {etree.QName(element).localname for element in root.iter()}
    assert tags == set(re.findall(r"\w+", "feed id title updated generator author name link entry category summary"))
    assert found(root, "a:title/text()") == ["News & <Views>: script"]
    clean = HOSTILE.replace("\x0b", "\ufffd").replace("\x1b", "\ufffd").replace("\ufffe", "\ufffd")
    assert found(root, "a:entry/a:title/text()") == [clean] * 3
    assert len(found(root, "a:entry/a:link[@rel='via']/@href")) == 1
    feed = api.get("/v1/feed.json", {"q": "script"}).json
    assert [item["title"] for item in feed["items"]] == [HOSTILE] * 3
    assert len([item for item in feed["items"] if "external_url" in item]) == 1


def test_an_empty_feed_is_a_feed(api: Api) -> None:
    """A question that nothing answers is still answered."""
    root = atom(api, q="nothinglikethis")
    check_atom(root)
    assert found(root, "a:entry") == []
    assert api.get("/v1/feed.json", {"q": "nothinglikethis"}).json["items"] == []


def test_a_search_links_to_its_feeds_and_its_table(api: Api) -> None:
    """`links` of a search's answer lead to the same question in other forms, whatever its order and page."""
    asked = {"q": "winter", "region": "kp", "sort": "oldest", "page": 2, "per_page": 3, "facet": "topic"}
    answer = api.get("/v1/search", asked).json
    for name, path in (("atom", "/v1/feed.atom"), ("jsonfeed", "/v1/feed.json"), ("csv", "/v1/export")):
        address = urlsplit(answer["links"][name])
        assert address.path == path
        got = api.request("GET", address.path, query_string=address.query)
        assert got.status_code == 200
        if name == "jsonfeed":
            assert len(got.json["items"]) == answer["total"]
        if name == "csv":
            assert got.text.count("\r\n") == answer["total"] + 1
