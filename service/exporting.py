"""A whole result to take away: `/v1/export`, as a table (CSV) or one JSON object a line (JSONL).

`Export` is what is sent, piece by piece: it holds one generation from its first article to its last, whatever is
published meanwhile, and lets go of it when it ends or is closed, which servers do when the reader goes away. It asks
the engine for `MATCHES_AT_ONCE` matches and reads `ARTICLES_AT_ONCE` articles at a time, so memory does not grow with
the result.

A table is opened by programs that run what looks like a formula. So a cell whose first character, white space aside,
could begin one gets an apostrophe before it, which spreadsheets take as "this is text". JSONL is never altered.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
import threading
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, Final

from service import wire
from service.answers import article_answer
from service.asking import ask, request_of
from service.gone import again_if_gone
from service.params import DEFAULTS, EXPORT, arguments_from_query_string
from service.problems import Busy
from service.wire_reuse import ExportedArticle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import falcon

    from search.engine import Matches, SearchRequest
    from search.searcher import Searcher
    from service.params import SearchParams
    from service.serving import Serving

PATH: Final = "/v1/export"
MATCHES_AT_ONCE: Final = 10_000
ARTICLES_AT_ONCE: Final = 20
EXPORTS_AT_ONCE: Final = 2
"""Exports that a process sends at a time. Each keeps a thread busy for as long as its reader likes; searches go on."""

Batch = tuple[ExportedArticle, ...]

_COLUMNS: Final = (
    "id", "url", "title", "title_basis", "source", "authors", "translators", "published_start", "published_end",
    "published_precision", "published_basis", "regions", "topics", "language", "body", "captions",
)  # fmt: skip
_FORMULA: Final = re.compile(r"[\t\r\n]|[\s\x00-\x1f\u200b\ufeff]*[=+\-@＝＋－＠]")
_SPOKEN_FOR: Final = ("facet", "facet_interval", "facet_size", "facet_q", "page", "per_page", "cursor", "highlight")
"""What a search takes and a whole result has nothing to do with."""


def csv_from_articles(batches: Iterable[Batch]) -> Iterator[bytes]:
    """A table in UTF-8 with a byte order mark, without which spreadsheets misread it, every cell quoted."""
    lines = io.StringIO()
    writer = csv.writer(lines, quoting=csv.QUOTE_ALL)
    lines.write("\ufeff")
    writer.writerow(_COLUMNS)
    for articles in batches:
        writer.writerows([_unlike_a_formula(cell) for cell in _cells(article)] for article in articles)
        yield _taken(lines)
    yield _taken(lines)


def jsonl_from_articles(batches: Iterable[Batch]) -> Iterator[bytes]:
    """A JSON object a line."""
    for articles in batches:
        yield b"".join(wire.encode(article) + b"\n" for article in articles)


_FORMATS: Final[Mapping[str, tuple[str, Callable[[Iterable[Batch]], Iterator[bytes]]]]] = {
    "csv": ("text/csv; charset=utf-8; header=present", csv_from_articles),
    "jsonl": ("application/x-ndjson; charset=utf-8", jsonl_from_articles),
}
MEDIA_TYPES: Final = tuple(media_type.partition(";")[0] for media_type, _ in _FORMATS.values())


class Export:
    """Pieces of an export; when they end, or it is closed, it lets go of what it holds. Not to be shared by threads."""

    def __init__(self, pieces: Iterator[bytes], holding: ExitStack) -> None:
        self._pieces, self._holding = pieces, holding

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._pieces)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go. May be called twice."""
        self._holding.close()


class ExportResource:
    """`/v1/export`: everything a search finds, in its order. Whatever a search takes is taken; pages are not."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._turns = threading.BoundedSemaphore(EXPORTS_AT_ONCE)

    @again_if_gone
    def on_get(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Answer with all of it, or what that would be like (HEAD)."""
        asked = ask(arguments_from_query_string(req.query_string), self._serving.lexicon, EXPORT)
        media_type, write = _FORMATS[asked.params.format]
        with ExitStack() as holding:
            archive = holding.enter_context(self._serving.lease(req))
            tag = self._serving.etag(archive, PATH, _of_export(asked.params))
            is_unchanged = self._serving.cache.answers_unchanged(req, resp, tag)
            resp.cache_control = ("no-cache",)  # of the 304 as well, which would have the file reused unasked
            if is_unchanged:
                return
            resp.content_type = media_type
            resp.downloadable_as = f"articles.{asked.params.format}"
            resp.stream = iter(())  # what Falcon gives no length: nobody knows it before the end
            if req.method == "GET":
                self._take_turn(holding)
                request = dataclasses.replace(request_of(asked, archive), facets=(), offset=0, limit=MATCHES_AT_ONCE)
                first = archive.searcher.matches(request)
                articles = _articles(archive.searcher, _serials(archive.searcher, request, first), archive.generation)
                resp.stream = Export(write(articles), holding.pop_all())

    on_head = on_get

    def _take_turn(self, holding: ExitStack) -> None:
        if not self._turns.acquire(blocking=False):
            raise Busy("other exports are being sent; try again when they are done")
        holding.callback(self._turns.release)


def _of_export(params: SearchParams) -> SearchParams:
    """The parameters that an export depends on, so that equal exports have equal tags."""
    return dataclasses.replace(params, **{name: getattr(DEFAULTS, name) for name in _SPOKEN_FOR})


def _serials(searcher: Searcher, request: SearchRequest, first: Matches) -> Iterator[int]:
    """The serials of all matches, in order; `first` are those of the request itself."""
    matches, seen = first, 0
    while matches.top:
        yield from (match.serial for match in matches.top)
        seen += len(matches.top)
        if seen >= matches.total:
            return
        matches = searcher.matches(dataclasses.replace(request, offset=seen))


def _articles(searcher: Searcher, serials: Iterator[int], generation: str) -> Iterator[Batch]:
    """The articles, some at a time."""
    while batch := list(islice(serials, ARTICLES_AT_ONCE)):
        known = (article_answer(document, generation) for document in searcher.documents(batch))
        yield tuple(
            ExportedArticle(**{name: getattr(article, name) for name in ExportedArticle.__struct_fields__})
            for article in known
        )


def _cells(article: ExportedArticle) -> tuple[str, ...]:
    published = article.published
    days = (published.start, published.end, published.precision, published.basis) if published else ("",) * 4
    return (
        article.id,
        article.url or "",
        article.title,
        article.title_basis,
        article.source or "",
        "; ".join(article.authors),
        "; ".join(article.translators),
        *map(str, days),
        "; ".join(f"{' > '.join(place.path)} ({place.role})" for place in article.regions),
        "; ".join(topic.name for topic in article.topics),
        article.language or "",
        article.body,
        "\n\n".join(article.captions),
    )


def _unlike_a_formula(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _taken(lines: io.StringIO) -> bytes:
    """What was written so far, which is then forgotten."""
    written = lines.getvalue().encode()
    lines.seek(0)
    lines.truncate()
    return written
