"""Any search as a feed: `/v1/feed.atom` (RFC 4287) and `/v1/feed.json` (JSON Feed 1.1), newest first.

`FeedResource` asks, and `send_feed` answers any `FeedQuestion`; `Feed` is what was found, and `atom_from_feed` and
`json_from_feed` write it. Ids are made from the archive's own and the article's, so they outlive every rebuild and
change of address.

Dates are said as far as they are known. An instant of publication is given only for articles whose day is known; the
days an article may be from are beside it (a category in Atom, `_dateline` in JSON). Atom wants each entry to say when
it was last `updated`: that is the last day the article may be from, and `UNKNOWN_INSTANT`, which sorts last, for one
without a date; never the time of a rebuild, which would make old articles new again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from lxml import etree
from msgspec import UNSET

from index.document import Precision
from search.engine import Sort
from search.searcher import Hit
from service import wire
from service.asking import VERSION, Asked, ask, request_of
from service.base_address import base_address
from service.gone import again_if_gone
from service.pages.addresses import article_address, find_web_address, question_address, search_address
from service.params import DEFAULTS, MAX_PER_PAGE, SEARCH, arguments_from_query_string
from service.phrasing import dateline_of, in_words
from service.wire_reuse import FeedAuthor, FeedDates, FeedItem, JsonFeed

if TYPE_CHECKING:
    import falcon

    from index.document import PublishedOn
    from service.params import Arguments, SearchParams
    from service.serving import Serving

ATOM: Final = "http://www.w3.org/2005/Atom"
ATOM_PATH: Final = "/v1/feed.atom"
ATOM_MEDIA_TYPE: Final = "application/atom+xml"
JSON_PATH: Final = "/v1/feed.json"
JSON_MEDIA_TYPE: Final = "application/feed+json"

UNKNOWN_INSTANT: Final = "1970-01-01T00:00:00Z"
PUBLISHED_SCHEME: Final = "urn:dateline:published"
"""The scheme of the category that says which days an article may be from: `2018-10-01/2018-10-31`, or `unknown`."""

_NAMED: Final = ("region", "source", "topic", "language", "exclude_region", "exclude_source", "exclude_topic")
_FORBIDDEN: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """The newest articles of a search. Addresses are absolute; `archive` names the archive, `name` is for people."""

    archive: str
    name: str
    question: str
    base: str
    address: str
    page: str
    updated: dt.datetime
    hits: tuple[Hit, ...]
    site: str = ""

    @property
    def title(self) -> str:
        """What the feed is called."""
        return f"{self.name}: {self.question}"

    def id_of(self, what: str) -> str:
        """An id that is the same for as long as the archive lives, and another in any other archive."""
        return uuid.uuid5(uuid.NAMESPACE_URL, f"urn:dateline:{self.archive}:{what}").urn


@dataclass(frozen=True, slots=True)
class FeedForm:
    """A format of feeds: its media type, and what writes it."""

    media_type: str
    write: Callable[[Feed], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedQuestion:
    """What a feed is of: a question, its newest `entries`, and in `words` for people.

    `address` is the feed's own and `page` the one that shows the same to readers, both without the service's.
    """

    asked: Asked
    entries: int
    words: str
    address: str
    page: str


class FeedResource:
    """A search as a feed. Whatever a search takes is taken; order and page are a feed's own."""

    def __init__(self, serving: Serving, path: str, form: FeedForm) -> None:
        self._serving = serving
        self._path = path
        self._form = form

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the feed."""
        arguments = arguments_from_query_string(req.query_string)
        asked = ask(arguments, self._serving.lexicon, SEARCH)
        entries = entries_asked(arguments, asked.params)
        more = {} if entries == MAX_PER_PAGE else {"per_page": str(entries)}
        question = FeedQuestion(
            asked=asked,
            entries=entries,
            words=_in_words(asked.params),
            address=question_address(self._path, asked.params, **more),
            page=search_address(_of_feed(asked.params, entries)),
        )
        send_feed(self._serving, req, resp, self._form, question)

    on_head = on_get


def entries_asked(arguments: Arguments, params: SearchParams) -> int:
    """How many articles a feed is to have: all it may, unless something is said."""
    return params.per_page if "per_page" in arguments.values else MAX_PER_PAGE


@again_if_gone
def send_feed(
    serving: Serving, req: falcon.Request, resp: falcon.Response, form: FeedForm, question: FeedQuestion
) -> None:
    """Answer with the feed of a question. Raises `InvalidParameters` for a mark that is none."""
    base = base_address(req, serving.public_url)
    params = _of_feed(question.asked.params, question.entries)
    with serving.lease(req) as archive:
        request = request_of(question.asked, archive)
        tag = serving.etag(archive, f"{base}{question.address} {form.media_type} {question.words}", params)
        if not serving.cache.answers_unchanged(req, resp, tag):
            newest = dataclasses.replace(request, facets=(), sort=Sort.NEWEST, offset=0, limit=question.entries)
            feed = Feed(
                archive=archive.identity,
                name=serving.name,
                question=question.words,
                base=base,
                address=base + question.address,
                page=base + question.page,
                updated=archive.created,
                hits=archive.searcher.search(newest).hits,
                site=params.site,
            )
            resp.data = form.write(feed)
            resp.content_type = f"{form.media_type}; charset=utf-8"


def atom_from_feed(feed: Feed) -> bytes:
    """The feed as Atom."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})  # type: ignore[dict-item] # the stubs lack it
    _add(root, "id", feed.id_of(feed.page.removeprefix(feed.base)))
    _add(root, "title", feed.title)
    _add(root, "updated", feed.updated.strftime("%Y-%m-%dT%H:%M:%SZ"))
    _add(root, "generator", "Dateline", version=VERSION)
    _add(_add(root, "author"), "name", feed.name)
    _add(root, "link", rel="self", type=ATOM_MEDIA_TYPE, href=feed.address)
    _add(root, "link", rel="alternate", type="text/html", href=feed.page)
    for hit in feed.hits:
        _add_entry(root, feed, hit)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def json_from_feed(feed: Feed) -> bytes:
    """The feed as JSON Feed."""
    return wire.encode(
        JsonFeed(
            version="https://jsonfeed.org/version/1.1",
            title=feed.title,
            home_page_url=feed.page,
            feed_url=feed.address,
            items=tuple(_item(feed, hit) for hit in feed.hits),
        )
    )


ATOM_FORM: Final = FeedForm(ATOM_MEDIA_TYPE, atom_from_feed)
JSON_FORM: Final = FeedForm(JSON_MEDIA_TYPE, json_from_feed)


def _of_feed(params: SearchParams, entries: int) -> SearchParams:
    """The parameters without those that a feed has nothing to do with, so that equal feeds have equal tags."""
    own = {"sort": None, "page": 1, "cursor": "", "facet": (), "facet_q": "", "highlight": True, "per_page": entries}
    shown = {name: getattr(DEFAULTS, name) for name in ("facet_interval", "facet_size")}
    return dataclasses.replace(params, **own, **shown)  # type: ignore[arg-type] # each is of its field's type


def _in_words(params: SearchParams) -> str:
    """A question for people: what was asked, and each filter."""
    filters = [f"{name.replace('_', ' ')} {value}" for name in _NAMED for value in getattr(params, name)]
    days = [f"{word} {day}" for word, day in (("from", params.date_from), ("to", params.date_to)) if day]
    return ", ".join(part for part in (params.q, *filters, *days) if part) or "all articles"


def _add_entry(root: etree._Element, feed: Feed, hit: Hit) -> None:
    document = hit.document
    published = document.published.value if document.published else None
    entry = _add(root, "entry")
    _add(entry, "id", feed.id_of(document.id))
    _add(entry, "title", document.title.value)
    _add(entry, "updated", _instant(published.end) if published else UNKNOWN_INSTANT)
    if published and published.precision is Precision.DAY:
        _add(entry, "published", _instant(published.start))
    for author in document.authors:
        _add(_add(entry, "author"), "name", author.value)
    _add(
        entry, "link", rel="alternate", type="text/html", href=feed.base + article_address(document.id, site=feed.site)
    )
    original = find_web_address(document.url)
    if original:
        _add(entry, "link", rel="via", href=_ascii(original))
    _add(entry, "category", scheme=PUBLISHED_SCHEME, **_days(published))
    for topic in document.topics:
        _add(entry, "category", term=topic.value.id, label=topic.value.name)
    _add(entry, "summary", _summary(hit))


def _item(feed: Feed, hit: Hit) -> FeedItem:
    document = hit.document
    published = document.published.value if document.published else None
    is_day_known = published and published.precision is Precision.DAY
    return FeedItem(
        id=feed.id_of(document.id),
        url=feed.base + article_address(document.id, site=feed.site),
        external_url=find_web_address(document.url) or UNSET,
        title=document.title.value,
        content_text=_summary(hit),
        date_published=_instant(published.start) if published and is_day_known else UNSET,
        authors=tuple(FeedAuthor(author.value) for author in document.authors) or UNSET,
        tags=tuple(topic.value.name for topic in document.topics) or UNSET,
        language=document.language.value if document.language else UNSET,
        dateline=FeedDates(
            about=f"{feed.base}/docs",
            published=wire.Published(published.start, published.end, published.precision, published.basis)
            if published
            else None,
        ),
    )


def _summary(hit: Hit) -> str:
    """The dateline, and the passage that was found."""
    parts = dateline_of(hit.document)
    dateline = parts if hit.document.published else (*parts, "date unknown")
    passage = next(
        ("".join(part.text for part in shown.parts) for shown in hit.highlights if shown.field == "body"), ""
    )
    return "\n\n".join(text for text in (" · ".join(dateline), passage.strip()) if text)


def _days(published: PublishedOn | None) -> dict[str, str]:
    if published is None:
        return {"term": "unknown", "label": "date unknown"}
    return {"term": f"{published.start}/{published.end}", "label": in_words(published)}


def _instant(day: dt.date) -> str:
    """The first instant of a day, in UTC: feeds have no way to say a day."""
    return f"{day}T00:00:00Z"


def _ascii(address: str) -> str:
    """An address with what no URI may hold percent-encoded."""
    return quote(address, safe="!#$%&'()*+,/:;=?@[]~")


def _add(parent: etree._Element, name: str, text: str = "", **attributes: str) -> etree._Element:
    """Add an element. What XML cannot hold, control characters above all, becomes U+FFFD."""
    element = etree.SubElement(parent, f"{{{ATOM}}}{name}", {key: _clean(value) for key, value in attributes.items()})
    if text:
        element.text = _clean(text)
    return element


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
