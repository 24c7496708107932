"""Bodies of requests as articles: an `Arrival` for each, or a problem that names every one that cannot be taken.

An article is a JSON object with the fields of the JSONL format (docs/formats.md), read by the very same rules; fields
that say nothing to us are counted, so that the answer can tell of them. Limits are `WriteLimits`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from index.document import RawDocument
from index.errors import UnreadableInput
from index.read.jsonl import article_from_json, article_from_row
from index.read.text import UTF8_MARK
from service.problems import ParamProblem, TooLarge, UnreadableBody, UnusableArticles

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from service.settings import Settings

ORIGIN: Final = "api"
"""Where these articles are from: no file."""

MOST_LISTED: Final = 100
"""How many articles that cannot be taken a problem lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteLimits:
    """How much one request may bring: bytes of the body, bytes of an article's JSON, articles."""

    body_bytes: int = 4 * 1024 * 1024
    article_bytes: int = 256 * 1024
    articles: int = 500

    @classmethod
    def from_settings(cls, settings: Settings) -> WriteLimits:
        """The limits an archive's keeper has set."""
        return cls(
            body_bytes=settings.max_write_bytes,
            article_bytes=settings.max_article_bytes,
            articles=settings.max_batch_articles,
        )


@dataclass(frozen=True, slots=True)
class Arrival:
    """An article as it arrived. `line` counts from 1, None if it is the whole body; `unknown` fields were not used."""

    line: int | None
    raw: RawDocument
    unknown: tuple[str, ...]

    @property
    def param(self) -> str:
        """What a problem with it is said of."""
        return said_of(self.line)


def said_of(line: int | None) -> str:
    """What a problem with the article of a line is said of."""
    return "body" if line is None else f"line {line}"


def arrival_from_object(row: Mapping[str, object], article_id: str) -> Arrival:
    """The article of a body, which is the one of that id. Raises `UnusableArticles`."""
    try:
        return Arrival(None, *article_from_row(row, ORIGIN, article_id=article_id))
    except UnreadableInput as problem:
        problems = problems_with(said_of(None), problem)
        raise UnusableArticles(tuple(problems), count=len(problems)) from None


def arrivals_from_lines(body: bytes, limits: WriteLimits) -> tuple[Arrival, ...]:
    """The articles of a body with one on each line; blank lines are none, and a mark before the first says nothing.

    Raises `TooLarge` if they are too many or too long, `UnusableArticles` with all that is wrong, `UnreadableBody` for
    none at all.
    """
    arrivals: list[Arrival] = []
    problems: list[ParamProblem] = []
    for number, line in _lines(body.removeprefix(UTF8_MARK), limits):
        try:
            arrivals.append(Arrival(number, *article_from_json(line, ORIGIN, number)))
        except UnreadableInput as problem:
            problems += problems_with(said_of(number), problem)
    refuse(problems)
    if not arrivals:
        raise UnreadableBody("has no article; send one JSON object on each line")
    return tuple(arrivals)


def problems_with(param: str, problem: UnreadableInput) -> list[ParamProblem]:
    """All that is wrong with an article, each by itself."""
    return [ParamProblem(param, reason) for reason in problem.reasons]


def refuse(problems: list[ParamProblem]) -> None:
    """Raise `UnusableArticles` if there are any."""
    if problems:
        raise UnusableArticles(tuple(problems[:MOST_LISTED]), count=len(problems))


def unknown_fields(arrivals: Iterable[Arrival]) -> tuple[tuple[str, int], ...]:
    """(name, in how many articles) of the fields that were not used, the most frequent first; the first hundred."""
    counts = Counter(name for arrival in arrivals for name in arrival.unknown)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))[:MOST_LISTED]


def _lines(body: bytes, limits: WriteLimits) -> Iterator[tuple[int, bytes]]:
    """The lines with something on them, and their numbers."""
    taken = 0
    for number, line in enumerate(body.split(b"\n"), start=1):
        if not line.strip():
            continue
        taken += 1
        if taken > limits.articles:
            raise TooLarge(limits.articles, unit="articles")
        if len(line) > limits.article_bytes:
            raise TooLarge(limits.article_bytes, f"the article on line {number}")
        yield number, line
