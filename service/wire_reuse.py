"""The JSON of what is made to be taken elsewhere: suggestions, feeds, exports. Goes on from `service.wire`.

JSON Feed and OpenSearch's suggestions are other people's formats, named as they name them.
"""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from service.wire import ArticleLinks, ArticleMetadata, Published


class Suggestion(msgspec.Struct, frozen=True):
    """What could be meant. `count` is the articles `url` will find; null for an article, which is what `url` shows."""

    text: str
    id: str
    count: int | None
    url: str


class SuggestionGroup(msgspec.Struct, frozen=True):
    """Suggestions of one kind, the likeliest first."""

    kind: Literal["title", "place", "topic", "source"]
    items: tuple[Suggestion, ...]


class SuggestAnswer(msgspec.Struct, frozen=True):
    """What could be meant by what was typed so far; every group is there, perhaps empty."""

    query: str
    groups: tuple[SuggestionGroup, ...]


class OpenSearchSuggestions(msgspec.Struct, frozen=True, array_like=True):
    """Suggestions as browsers take them: an array of what was typed, texts, what each is, and where each leads."""

    query: str
    texts: tuple[str, ...]
    descriptions: tuple[str, ...]
    urls: tuple[str, ...]


class FeedAuthor(msgspec.Struct, frozen=True):
    """Who wrote it."""

    name: str


class FeedDates(msgspec.Struct, frozen=True):
    """Dateline's extension of an item (`about` says what that is): the days it may be from, null if none are known."""

    about: str
    published: Published | None


class FeedItem(msgspec.Struct, frozen=True, kw_only=True):
    """An article in a JSON Feed. `date_published` is there only if its day is known."""

    id: str
    url: str
    external_url: str | UnsetType = UNSET
    title: str
    content_text: str
    date_published: str | UnsetType = UNSET
    authors: tuple[FeedAuthor, ...] | UnsetType = UNSET
    tags: tuple[str, ...] | UnsetType = UNSET
    language: str | UnsetType = UNSET
    dateline: FeedDates = msgspec.field(name="_dateline")


class JsonFeed(msgspec.Struct, frozen=True, kw_only=True):
    """A search as a JSON Feed 1.1."""

    version: Literal["https://jsonfeed.org/version/1.1"]
    title: str
    home_page_url: str
    feed_url: str
    items: tuple[FeedItem, ...]


class ExportedArticle(ArticleMetadata, frozen=True):
    """An article on a line of an export: what is known of it, its words, and where more is."""

    body: str
    captions: tuple[str, ...]
    links: ArticleLinks
