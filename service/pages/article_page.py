"""The reader page as a value: an article's text as it was meant, and everything known of it with its evidence.

`article_page` cuts the text into `Paragraph`s of `Run`s: a run is what a question matches, or what values rest on, or
neither. Each `Known` is a value with its `Reason`s; a reason that stands in the text has the number of the runs that
are its words. What is said of other articles is `service.pages.related_list`'s.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from index.document import Basis, BlockKind, Span
from index.labels import LANGUAGES
from search.highlight import LOOKED_AT
from search.query import leaves
from search.spans import FieldWords, find_spans
from service.answers import article_links
from service.flowing import flowing
from service.pages.addresses import find_web_address, search_address
from service.pages.choices import ROLES
from service.pages.related_list import RelatedList, related_list
from service.pages.results import Stated, date_stated, is_stated, label_stated, place_stated, shortened
from service.params import SearchParams
from service.phrasing import in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from index.document import Block, Document, Evidence, Found
    from search.query import Words
    from search.rewrite import Question
    from search.searcher import Searcher

_FIELD_OF: Final = {
    BlockKind.TITLE: "title",
    BlockKind.BODY: "body",
    BlockKind.CAPTION: "captions",
    BlockKind.BYLINE: "authors",
}
_BLANK_LINE: Final = re.compile(r"[^\S\n]*\n\s*\n\s*")


@dataclass(frozen=True, slots=True)
class Run:
    """Characters that are alike.

    `reasons` are the numbers of the reasons whose words they are, `begins` those whose first they are; `is_match` if
    they match the question.
    """

    text: str
    reasons: tuple[int, ...]
    begins: tuple[int, ...]
    is_match: bool


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of the text, and what it is; None if nothing is known of it."""

    kind: str | None
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A piece of evidence. `number` is its own if its words stand in the text, else None."""

    number: int | None
    rule: str
    quote: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A value: what kind it is, in words, how it came to be known, and where to find more with it."""

    part: str
    kind: str
    text: str
    note: str
    is_stated: bool
    reasons: tuple[Reason, ...]
    address: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePage:
    """What an article's page shows. `headline` is empty if the text has none; `title` then is how the text begins."""

    id: str
    q: str
    title: str
    headline: tuple[Run, ...]
    place: Stated | None
    date: Stated | None
    source: Stated | None
    language: str | None
    paragraphs: tuple[Paragraph, ...]
    matches: int
    known: tuple[Known, ...]
    related: RelatedList
    citation: str
    original: str | None
    hidden: tuple[tuple[str, str], ...]
    back: str
    api: str
    evidence: str


def article_page(document: Document, question: Question, searcher: Searcher, site: str = "") -> ArticlePage:
    """The page of an article, with what a question matches marked, for a site."""
    numbers, links = _numbers(document), article_links(document.id, site)
    paragraphs = tuple(_paragraphs(document, question, numbers))
    first = next((at for at, paragraph in enumerate(paragraphs) if paragraph.kind == BlockKind.TITLE), None)
    headline = paragraphs[first].runs if first is not None and document.has_title else ()
    if first is not None and headline:
        paragraphs = (*paragraphs[:first], *paragraphs[first + 1 :])
    elif document.has_title:
        headline = (Run(document.title.value, (), (), is_match=False),)
    return ArticlePage(
        id=document.id,
        q=question.raw,
        title=shortened(document.title.value),
        headline=headline,
        place=place_stated(document),
        date=date_stated(document),
        source=label_stated(document.source) if document.source else None,
        language=document.language.value if document.language else None,
        paragraphs=paragraphs,
        matches=sum(_matches(runs) for runs in (headline, *(paragraph.runs for paragraph in paragraphs))),
        known=tuple(_known(document, numbers, site)),
        related=related_list(document, searcher, site),
        citation=citation_of(document),
        original=find_web_address(document.url),
        hidden=(("site", site),) if site else (),
        back=search_address(SearchParams(site=site, q=question.raw)),
        api=links.self,
        evidence=links.evidence,
    )


def _matches(runs: Sequence[Run]) -> int:
    """How many stretches match: a stretch may be several runs, where a reason begins or ends within it."""
    return sum(run.is_match and (at == 0 or not runs[at - 1].is_match) for at, run in enumerate(runs))


_Numbers: TypeAlias = Mapping[Span, int]


def _numbers(document: Document) -> _Numbers:
    """A number for each stretch of the text that any value rests on, in the order of the text."""
    found = [reason.where for value in _found(document) for reason in value.evidence if reason.where]
    return {span: at for at, span in enumerate(sorted(set(found), key=lambda span: (span.start, span.end)), start=1)}


def _found(document: Document) -> Iterator[Found[Any]]:
    """What has words to be lit in the text: neither the title, which is plain to see, nor the language."""
    one: tuple[Found[Any] | None, ...] = (document.published, document.source)
    several: tuple[Found[Any], ...] = (*document.regions, *document.topics, *document.authors, *document.translators)
    yield from (found for found in (*one, *several) if found is not None)


def _paragraphs(document: Document, question: Question, numbers: _Numbers) -> Iterator[Paragraph]:
    """The whole text, paragraph by paragraph. Blank lines are left out, and line ends that are due to a width."""
    text = flowing(document.text)
    pieces = list(_pieces(text, document.blocks))
    words = leaves(question.query)
    looked_at = [(kind, start, min(end, LOOKED_AT)) for kind, start, end in pieces if start < LOOKED_AT]
    marks = [mark for kind, start, end in looked_at for mark in _marks(text, kind, start, end, words)]
    runs = _runs(text, [(start, end) for _, start, end in pieces], numbers, marks)
    for (kind, _, _), paragraph in zip(pieces, runs, strict=True):
        yield Paragraph(str(kind) if kind else None, paragraph)


def _pieces(text: str, blocks: Iterable[Block]) -> Iterator[tuple[BlockKind | None, int, int]]:
    """What each paragraph is and where: blocks, and what lies between them, cut at blank lines."""
    at = 0
    stretches: list[tuple[BlockKind | None, int, int]] = []
    for block in blocks:
        stretches += [(None, at, block.start), (block.kind, block.start, block.end)]
        at = block.end
    for kind, start, end in (*stretches, (None, at, len(text))):
        for gap in (*_BLANK_LINE.finditer(text, start, end), None):
            until = gap.start() if gap else end
            if text[start:until].strip():
                yield kind, start, until
            start = gap.end() if gap else end  # noqa: PLW2901 - goes on behind the gap


def _marks(
    text: str, kind: BlockKind | None, start: int, end: int, words: Sequence[Words]
) -> Iterator[tuple[int, int]]:
    """Where a paragraph matches a question, as characters of the text."""
    field = _FIELD_OF.get(kind) if kind else None
    asked = [leaf for leaf in words if leaf.field in {None, field}] if field else []
    if asked:
        inside = FieldWords(text[start:end])
        for leaf in asked:
            for first, last in find_spans(leaf, inside):
                begin, stop = inside.characters(first, last)
                yield start + begin, start + stop


def _runs(
    text: str, pieces: Sequence[tuple[int, int]], numbers: _Numbers, marks: Iterable[tuple[int, int]]
) -> Iterator[tuple[Run, ...]]:
    """Each piece as runs: cut wherever a reason or a match begins or ends."""
    starts: dict[int, list[int]] = defaultdict(list)
    ends: dict[int, list[int]] = defaultdict(list)
    for span, number in numbers.items():
        starts[span.start].append(number)
        ends[span.end].append(number)
    depth: Counter[int] = Counter()
    for begin, stop in marks:
        depth[begin] += 1
        depth[stop] -= 1
    cuts = sorted({*starts, *ends, *depth, *chain.from_iterable(pieces)})
    following = iter(pairwise(cuts))
    begin, stop = next(following, (0, 0))
    active: set[int] = set()
    level = 0
    for first, last in pieces:
        runs = []
        while begin < last:
            begun = sorted(starts[begin])
            active = (active - set(ends[begin])) | set(begun)
            level += depth[begin]
            if begin >= first:
                runs.append(Run(text[begin:stop], tuple(sorted(active)), tuple(begun), level > 0))
            begin, stop = next(following, (len(text), len(text)))
        yield tuple(runs)


def _known(document: Document, numbers: _Numbers, site: str) -> Iterator[Known]:
    """Everything that is known, in the order of a dateline: where, when, from whom; then what about."""

    def known(part: str, kind: str, text: str, found: Found[Any], **more: Any) -> Known:  # noqa: ANN401 - fields of Known
        reasons = tuple(_reason(reason, numbers) for reason in found.evidence)
        return Known(part=part, kind=kind, text=text, reasons=reasons, **{"note": "", "address": None} | more)

    for at, place in enumerate(document.regions, start=1):
        path = place.value.path
        yield known(
            f"place-{at}",
            "Place",
            ", ".join(label.name for label in reversed(path)),
            place,
            note=ROLES[place.value.role],
            is_stated=True,
            address=search_address(SearchParams(site=site, region=(place.value.id,))),
        )
    if document.published:
        published = document.published.value
        address = search_address(SearchParams(site=site, date_from=published.start, date_to=published.end))
        is_declared = published.basis is Basis.DECLARED
        yield known("date", "Date", in_words(published), document.published, is_stated=is_declared, address=address)
    labels = [("source", "Source", found) for found in (document.source,) if found]
    labels += [(f"topic-{topic.value.id}", "Topic", topic) for topic in document.topics]
    for part, kind, found in labels:
        address = search_address(SearchParams(site=site, **{kind.lower(): (found.value.id,)}))  # type: ignore[arg-type] # ids of labels
        stated = is_stated(found, found.value.name)
        yield known(part, kind, found.value.name, found, is_stated=stated, address=address)
    for kind, people in {"Author": document.authors, "Translator": document.translators}.items():
        for at, person in enumerate(people, start=1):
            yield known(f"{kind.lower()}-{at}", kind, person.value, person, is_stated=True)
    if document.language:
        code = document.language.value
        yield known("language", "Language", LANGUAGES.get(code, code), document.language, is_stated=True)


def _reason(reason: Evidence, numbers: _Numbers) -> Reason:
    return Reason(numbers.get(reason.where) if reason.where else None, reason.rule, reason.quote)


def citation_of(document: Document) -> str:
    """How to cite an article: who, headline, source, date, address; as far as they are known."""
    published, source = document.published, document.source
    authors = " and ".join(found.value for found in document.authors)
    headline = shortened(document.title.value)
    title = f"“{headline}”" if document.has_title else f"[No headline; begins: “{headline}”]"
    date = in_words(published.value) if published else "no date"
    parts = (authors, title, source.value.name if source else "", date, find_web_address(document.url) or "")
    return ". ".join(part for part in parts if part) + f". Article {document.id}."
