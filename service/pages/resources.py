"""The routes of pages, and of what they are made with.

    /                     search            /embed     the same within another site
    /articles/{id}        an article        /oembed    how to embed an address of ours
    /docs                 documentation     /static/   style sheet and scripts

Like the API's, each takes what it needs from `Serving`, asks the archive and answers; its errors become pages too
(`send_problem_page`). Pages are cached like answers, under a tag that also follows from templates and style sheet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

import falcon

from index.errors import IndexingError
from search.errors import SearchError
from service import wire
from service.asking import ask, corrected, read_site
from service.base_address import base_address
from service.gone import again_if_gone
from service.headers import page_policy
from service.pages.addresses import EMBED, HOME, PAGE_PARAMETERS, article_address, page_arguments, search_address
from service.pages.article_page import article_page
from service.pages.choices import canonical_params
from service.pages.docs_page import docs_page, found_by_syntax
from service.pages.embedding import HEIGHT, WIDTH, oembed_answer, site_in
from service.pages.histogram import days_of_archive
from service.pages.problem_page import problem_html
from service.pages.rendering import ASSETS, HTML, load_assets, render
from service.pages.search_page import Link, embedded_page, search_page
from service.params import SITE, Arguments, SearchParams, arguments_from_query_string
from service.per_generation import PerGeneration
from service.problems import InvalidParameters, NotFound, ParamProblem, SearchUnusable, ServiceProblem
from service.saved.resources import current_searches, saved_page_address, saved_params
from service.saved.searches import find_problem
from service.widget import load_widgets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.serving import Serving

ARTICLE: Final = "/articles/{article_id}"
DOCS: Final = "/docs"
STATIC: Final = "/static/{digest}/{name}"
OEMBED: Final = "/oembed"

PAGE_ROUTES: Final = frozenset({HOME, ARTICLE, DOCS, EMBED})
"""Routes that answer with pages, errors included."""

YEAR_S: Final = 31_536_000
_NOT_IMPLEMENTED: Final = 501
_DIGITS: Final = 6


class SearchPageResource:
    """`/`: search."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._days = PerGeneration(lambda archive: days_of_archive(archive.searcher))

    @again_if_gone
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the page of a question."""
        if _leads_on(self._serving, req, resp, HOME):
            return
        asked = ask(page_arguments(req.query_string), self._serving.lexicon, PAGE_PARAMETERS)
        base = base_address(req, self._serving.public_url)
        with self._serving.lease(req) as archive:
            saved = _saved_links(self._serving, asked.params)
            tag = self._serving.etag(archive, _address(base, f"{HOME} {saved or ''}"), asked.params)
            if _is_unchanged(self._serving, req, resp, tag):
                return
            page = search_page(asked, archive, self._serving.lexicon, self._days.of(archive), saved)
        oembed = _oembed_address(base, search_address(canonical_params(asked)))
        resp.data = render(
            "search.html",
            page=page,
            at="search",
            name=self._serving.name,
            home=_home(asked.params.site),
            oembed=oembed,
        )

    on_head = on_get


class ArticlePageResource:
    """`/articles/{id}`: an article, with the words of a question marked if one is passed on."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    @again_if_gone
    def on_get(self, req: falcon.Request, resp: falcon.Response, article_id: str) -> None:
        """Answer with the page of an article."""
        given = page_arguments(req.query_string)
        words = Arguments(
            {name: given.values[name] for name in ("site", "q", "op") if name in given.values}, given.problems
        )
        asked = ask(words, self._serving.lexicon, PAGE_PARAMETERS)
        base = base_address(req, self._serving.public_url)
        with self._serving.lease(req) as archive:
            document = archive.searcher.article(article_id)
            if document is None:
                raise NotFound("this archive has no article of that id")
            tag = self._serving.etag(archive, _address(base, req.path), asked.params)
            if _is_unchanged(self._serving, req, resp, tag):
                return
            asked = corrected(asked, archive, self._serving.lexicon)
            page = article_page(document, asked.question, archive.searcher, asked.params.site)
        oembed = _oembed_address(base, article_address(article_id, site=asked.params.site))
        resp.data = render(
            "article.html",
            page=page,
            at="article",
            name=self._serving.name,
            home=_home(asked.params.site),
            oembed=oembed,
        )

    on_head = on_get


class DocsPageResource:
    """`/docs`: the API explained, and the snippet for a site."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._widget = load_widgets()[0]
        self._found = PerGeneration(lambda archive: found_by_syntax(archive, serving.lexicon))

    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the page."""
        base = base_address(req, self._serving.public_url)
        found = self._found_here(req)
        tag = self._serving.etag(None, _address(base, f"{DOCS}?{req.query_string} {found}"))
        if not _is_unchanged(self._serving, req, resp, tag):
            values = arguments_from_query_string(req.query_string).values
            page = docs_page(values, address=base, widget=self._widget, found=found)
            resp.data = render("docs.html", page=page, at="docs", name=self._serving.name)

    on_head = on_get

    def _found_here(self, req: falcon.Request) -> tuple[int, ...]:
        """What the examples find in what this reader may see; nothing where there is no index, or none for them."""
        try:
            return self._ask_examples(req)
        except (IndexingError, SearchError, ServiceProblem):
            return ()

    @again_if_gone
    def _ask_examples(self, req: falcon.Request) -> tuple[int, ...]:
        with self._serving.lease(req) as archive:
            return self._found.of(archive)


class EmbedResource:
    """`/embed`: a search within another site, in an iframe."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    @again_if_gone
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with the page of a question."""
        if _leads_on(self._serving, req, resp, EMBED):
            return
        site = self._serving.access.site_of(req)
        if site is not None:
            resp.set_header("Content-Security-Policy", page_policy(frame_ancestors=site.framed_by))
        asked = ask(page_arguments(req.query_string), self._serving.lexicon, PAGE_PARAMETERS)
        with self._serving.lease(req) as archive:
            tag = self._serving.etag(archive, _address("", EMBED), asked.params)
            if not _is_unchanged(self._serving, req, resp, tag):
                page = embedded_page(asked, archive, self._serving.lexicon)
                resp.data = render("embed.html", page=page, name=self._serving.name)

    on_head = on_get


class OembedResource:
    """`/oembed?url=`: how an address of ours may be embedded."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    @again_if_gone
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer in JSON; XML is not spoken here (501, as oEmbed asks)."""
        values = arguments_from_query_string(req.query_string).values
        if values.get("format", ("json",))[-1] != "json":
            raise falcon.HTTPError(_NOT_IMPLEMENTED, description="only format=json is answered here")
        url = values.get("url", ("",))[-1]
        if not url:
            raise InvalidParameters((ParamProblem("url", "must be an address of this archive"),))
        base = base_address(req, self._serving.public_url)
        width, height = _pixels(values, "maxwidth", WIDTH), _pixels(values, "maxheight", HEIGHT)
        with self._serving.lease(req, site=site_in(url)) as archive:
            tag = self._serving.etag(archive, _address(base, f"{OEMBED}?{req.query_string}"))
            if not self._serving.cache.answers_unchanged(req, resp, tag):
                answer = oembed_answer(
                    url,
                    base=base,
                    name=self._serving.name,
                    width=width,
                    height=height,
                    archive=archive,
                    lexicon=self._serving.lexicon,
                )
                resp.data = wire.encode(answer)

    on_head = on_get


class StaticResource:
    """`/static/{digest}/{name}`: what pages are made with. An address with the digest never changes what it says."""

    def on_get(self, _req: falcon.Request, resp: falcon.Response, digest: str, name: str) -> None:
        """Answer with a file; one asked for by a page of another version gets today's, not to be kept."""
        assets = load_assets()
        if name not in assets.files:
            raise NotFound("there is no such file")
        resp.data = assets.files[name]
        resp.content_type = ASSETS[name]
        is_current = digest == assets.digest
        resp.cache_control = ("public", f"max-age={YEAR_S}", "immutable") if is_current else ("no-cache",)

    on_head = on_get


def page_routes(serving: Serving) -> dict[str, object]:
    """Every route of pages: its template and what answers it."""
    return {
        HOME: SearchPageResource(serving),
        ARTICLE: ArticlePageResource(serving),
        DOCS: DocsPageResource(serving),
        EMBED: EmbedResource(serving),
        OEMBED: OembedResource(serving),
        STATIC: StaticResource(),
    }


def send_problem_page(
    req: falcon.Request, resp: falcon.Response, problem: ServiceProblem, *, request_id: str, name: str
) -> None:
    """Answer with an error as a page."""
    resp.data = problem_html(problem, req, request_id=request_id, name=name)
    resp.content_type = HTML


def _leads_on(serving: Serving, req: falcon.Request, resp: falcon.Response, path: str) -> bool:
    """If a saved search is asked for, send the reader on to its question and be done: True.

    The address with the search's id is the one that stays, so that is what other pages have. Raises `NotFound` for one
    that there is not, `SearchUnusable`, `InvalidParameters`.
    """
    values = arguments_from_query_string(req.query_string).values
    named = [text for text in values.get("search", ()) if text.strip(" ")]
    if not named:
        return False
    site = read_site(Arguments({SITE.name: values.get(SITE.name, ())}))
    resp.status = falcon.HTTP_307
    resp.location = search_address(saved_params(serving.searches, named[0], SearchParams(site=site)), path)
    resp.cache_control = ("no-cache",)
    resp.content_type = HTML
    return True


def _saved_links(serving: Serving, params: SearchParams) -> tuple[Link, ...]:
    """The saved searches, for a reader who has asked nothing yet; none while their file cannot be read."""
    if params != SearchParams(site=params.site):
        return ()
    try:
        searches = current_searches(serving.searches).searches
    except SearchUnusable:
        return ()
    readable = (search for search in searches if find_problem(search) is None)
    return tuple(Link(search.name, saved_page_address(HOME, search.id, params.site)) for search in readable)


def _is_unchanged(serving: Serving, req: falcon.Request, resp: falcon.Response, tag: str) -> bool:
    """If the reader has this very page, say so and be done: True."""
    if serving.cache.answers_unchanged(req, resp, tag):
        return True
    resp.content_type = HTML
    return False


def _address(base: str, path: str) -> str:
    """What a page's tag is made of besides what was asked: its address, and what pages look like."""
    return f"{load_assets().digest} {base}{path}"


def _home(site: str) -> str:
    """Where a site's readers begin."""
    return search_address(SearchParams(site=site))


def _oembed_address(base: str, address: str) -> str:
    return f"{base}{OEMBED}?{urlencode({'format': 'json', 'url': base + address})}"


def _pixels(values: Mapping[str, tuple[str, ...]], name: str, most: int) -> int:
    text = values.get(name, ("",))[-1]
    return min(int(text), most) if text.isascii() and text.isdigit() and 0 < len(text) < _DIGITS and int(text) else most
