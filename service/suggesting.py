"""Suggestions as one types: `/v1/suggest`, and the same as browsers' address bars take them.

What could be meant comes from `search.suggest`; here it gets the address that a choice leads to. Counts are exact: the
address finds as many articles as the suggestion says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from search.spelling import WHILE_TYPING, Speller
from search.suggest import find_corrected, find_titles
from service import wire
from service.base_address import base_address
from service.gone import again_if_gone
from service.pages.addresses import article_address, search_address
from service.params import (
    SUGGEST,
    SearchParams,
    arguments_from_query_string,
    read_params,
)
from service.phrasing import counted
from service.problems import InvalidParameters
from service.wire_reuse import OpenSearchSuggestions, SuggestAnswer, Suggestion, SuggestionGroup

if TYPE_CHECKING:
    import falcon

    from search.names import NamedValue, Names
    from search.thesaurus import Lexicon
    from service.archive import Archive
    from service.per_generation import PerGeneration
    from service.serving import Serving

MOST_ITEMS: Final = 5
"""Suggestions of one kind."""

LONGEST_TEXT: Final = 200
"""Characters of a headline that are shown."""

PATH: Final = "/v1/suggest"
BROWSERS_PATH: Final = "/v1/suggest/browser"
BROWSERS_MEDIA_TYPE: Final = "application/x-suggestions+json"

_NAMED: Final[tuple[tuple[Literal["place", "topic", "source"], str], ...]] = (
    ("place", "region"),
    ("topic", "topic"),
    ("source", "source"),
)
"""What is suggested beside titles: what it is called, and the field it is in."""


class Suggesting:
    """Makes suggestions."""

    def __init__(self, lexicon: Lexicon, names: PerGeneration[dict[str, Names]]) -> None:
        self._lexicon = lexicon
        self._names = names

    def answer(self, params: SearchParams, archive: Archive) -> SuggestAnswer:
        """What could be meant by what was typed. Only values that may be counted are suggested: each has its count.

        A slip is forgiven if there is neither a name nor a headline with what was typed.
        """
        titles = self._titles(params, archive, params.q)
        named = self._named(params, archive, forgiving=False)
        if not titles.items and not any(group.items for group in named):
            named = self._named(params, archive, forgiving=True)
            corrected = self._find_corrected(params.q, archive)
            titles = self._titles(params, archive, corrected) if corrected else titles
        return SuggestAnswer(params.q, (titles, *named))

    def _titles(self, params: SearchParams, archive: Archive, text: str) -> SuggestionGroup:
        """The headlines with these words."""
        found = find_titles(text, archive.searcher, self._lexicon.gazetteer, MOST_ITEMS)
        return SuggestionGroup(
            "title",
            tuple(
                Suggestion(_cut(one.title.value), one.id, None, article_address(one.id, site=params.site))
                for one in found
            ),
        )

    def _find_corrected(self, text: str, archive: Archive) -> str | None:
        """The text with its first word that is in no article corrected; None if there is none that can be.

        More than one edit of one word, after its first letter, is not looked for while somebody types.
        """
        vocabulary = archive.searcher.vocabulary
        if vocabulary is None:
            return None
        speller = Speller(self._lexicon.place_words, vocabulary, archive.searcher, WHILE_TYPING)
        return find_corrected(text, speller)

    def _named(self, params: SearchParams, archive: Archive, *, forgiving: bool) -> tuple[SuggestionGroup, ...]:
        """The values named like what was typed, by kind."""
        names = self._names.of(archive)
        return tuple(
            SuggestionGroup(
                kind,
                tuple(
                    _suggestion(value, field, params.site)
                    for value in names[field].find(params.q, MOST_ITEMS, forgiving=forgiving)
                ),
            )
            for kind, field in _NAMED
            if field in archive.extent.facets
        )


class SuggestResource:
    """`/v1/suggest`: titles, places, topics and sources that what was typed may become."""

    def __init__(self, serving: Serving, suggesting: Suggesting) -> None:
        self._serving, self._suggesting = serving, suggesting

    @again_if_gone
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer what could be meant."""
        params = _read(req)
        with self._serving.lease(req) as archive:
            tag = self._serving.etag(archive, PATH, params)
            if not self._serving.cache.answers_unchanged(req, resp, tag):
                resp.data = wire.encode(self._suggesting.answer(params, archive))

    on_head = on_get


class BrowserSuggestResource:
    """`/v1/suggest/browser`: the same, in the form that OpenSearch descriptions promise to browsers."""

    def __init__(self, serving: Serving, suggesting: Suggesting) -> None:
        self._serving, self._suggesting = serving, suggesting

    @again_if_gone
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer what could be meant."""
        params = _read(req)
        base = base_address(req, self._serving.public_url)
        with self._serving.lease(req) as archive:
            tag = self._serving.etag(archive, base + BROWSERS_PATH, params)
            if not self._serving.cache.answers_unchanged(req, resp, tag):
                resp.data = wire.encode(_for_browsers(self._suggesting.answer(params, archive), base))
                resp.content_type = BROWSERS_MEDIA_TYPE

    on_head = on_get


def _read(req: falcon.Request) -> SearchParams:
    params, problems = read_params(arguments_from_query_string(req.query_string), SUGGEST)
    if problems:
        raise InvalidParameters(problems)
    return params


def _suggestion(value: NamedValue, field: str, site: str) -> Suggestion:
    chosen = SearchParams(site=site, **{field: (value.id,)})  # type: ignore[arg-type] # a keyword field's parameter is a tuple
    return Suggestion(value.text, value.id, value.count, search_address(chosen))


def _cut(title: str) -> str:
    return title if len(title) <= LONGEST_TEXT else f"{title[: LONGEST_TEXT - 1]}…"


def _for_browsers(answer: SuggestAnswer, base: str) -> OpenSearchSuggestions:
    items = [(group.kind, item) for group in answer.groups for item in group.items]
    return OpenSearchSuggestions(
        query=answer.query,
        texts=tuple(item.text for _, item in items),
        descriptions=tuple(
            kind if item.count is None else f"{kind}, {counted(item.count, 'article')}" for kind, item in items
        ),
        urls=tuple(base + item.url for _, item in items),
    )
