"""What an article's page says of others: those that have to do with it, and those that are the same report.

`related_list` makes a `RelatedList` of what `search.related` finds; every entry is a headline with its dateline, and
says in words why it is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from index.labels import LANGUAGES
from search.errors import QueryRefused
from search.versions import VersionKind
from service.pages.addresses import article_address
from service.pages.results import Stated, date_stated, label_stated, place_stated, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.document import Document
    from search.related import Related, Shared
    from search.searcher import Searcher

SHOWN: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """Another article. `why` says what both have, or what proves that they are one report."""

    text: str
    address: str
    language: str | None
    place: Stated | None
    date: Stated | None
    source: Stated | None
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SameReport:
    """An article that is the same report. `said` is what it is in words: in Korean, another version."""

    said: str
    other: Other


@dataclass(frozen=True, slots=True)
class RelatedList:
    """Other articles. `is_known` is False if finding them would have cost more than a question may."""

    articles: tuple[Other, ...] = ()
    same: tuple[SameReport, ...] = ()
    is_known: bool = True


def related_list(document: Document, searcher: Searcher, site: str) -> RelatedList:
    """What has to do with an article, for a site."""
    try:
        related = searcher.related(document)
    except QueryRefused:
        return RelatedList(is_known=False)
    relatives = related.articles[:SHOWN]
    documents = searcher.documents([relative.serial for relative in relatives])
    return RelatedList(
        tuple(
            _other(other, tuple(_in_words(relative.shared)), site)
            for other, relative in zip(documents, relatives, strict=True)
        ),
        tuple(_same_reports(related, searcher, site)),
    )


def _same_reports(related: Related, searcher: Searcher, site: str) -> Iterator[SameReport]:
    documents = searcher.documents([version.serial for version in related.versions])
    for other, version in zip(documents, related.versions, strict=True):
        code = other.language.value if other.language else ""
        is_translation = version.kind is VersionKind.TRANSLATION
        said = f"in {LANGUAGES.get(code, code)}" if is_translation else "in another version"
        yield SameReport(said, _other(other, version.because, site))


def _other(document: Document, why: tuple[str, ...], site: str) -> Other:
    return Other(
        text=shortened(document.title.value),
        address=article_address(document.id, site=site),
        language=document.language.value if document.language else None,
        place=place_stated(document),
        date=date_stated(document),
        source=label_stated(document.source) if document.source else None,
        why=why,
    )


def _in_words(shared: Shared) -> Iterator[str]:
    """What two articles share: `both are about Sinuiju and Smuggling`, `both say “rice”, “bridge”`."""
    labels = [label.name for label in (*shared.places, *shared.topics)]
    if labels:
        yield f"both are about {_listed(labels)}"
    if shared.words:
        yield f"both say {_listed([f'“{word}”' for word in shared.words])}"


def _listed(names: list[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last
