"""What commands print: the terminal is a page too.

Results say the same things in the same order as the pages do, coloured only on a terminal and cut to lines only there,
so that other programs can read them. JSON is the API's own. Progress goes to the error stream.
"""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from search.facets import ValueFacetView
from service.flowing import flowing
from service.phrasing import counted, dateline_of, in_words, showable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from index.document import Document, Evidence, Found
    from index.ingest.ingestion import IngestReport
    from search.engine import SearchRequest
    from search.facets import DateFacetView, FacetValue
    from search.highlight import Highlight
    from search.rewrite import Question
    from search.searcher import Hits
    from search.syntax import Notice
    from search.thesaurus import Variant

MATCH: Final = "bold yellow"
_LABELLED: Final = re.compile(
    r"(?:(?:Image|Photo|Picture|Graphic)s?|Illustration|Screenshot|(?:자료)?사진|그래픽)(?: credits?)?\s*"
    r"(?:[:：=]|by\b)",
    re.IGNORECASE,
)
"""How a caption begins that says itself what it is: the words of its credit, or those that reading HTML put there."""
_LISTED: Final = 20
_COUNT_WIDTH: Final = 6

out = Console(highlight=False)
err = Console(highlight=False, stderr=True)


def say(text: str | Text = "", *, indent: int = 0, style: str = "") -> None:
    """Print a paragraph: wrapped to the terminal's width, or on one line for whatever else reads it.

    The name of a file may hold anything, so control characters are replaced: the terminal would obey them.
    """
    shown = text.copy() if isinstance(text, Text) else Text(text, style=style)
    shown.plain = showable(shown.plain)
    if out.is_terminal:
        out.print(Padding(shown, (0, 0, 0, indent)))
    else:
        out.print(Text(" " * indent) + shown, soft_wrap=True)


@contextmanager
def progress_bar(unit: str) -> Iterator[Callable[[str, float, float, int], None]]:
    """A bar with rate and time left. What it gives is told: what is done, how much, of how much, units so far."""
    bar = Progress(
        TextColumn("{task.description:<14}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[units]:,} " + unit + ", {task.fields[rate]:,.0f} a second"),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    )
    with bar:
        tasks: dict[str, TaskID] = {}
        started: dict[str, float] = {}

        def report(what: str, done: float, total: float, units: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total, units=0, rate=0.0)
                started[what] = time.monotonic()
            rate = units / max(time.monotonic() - started[what], 0.001)
            bar.update(tasks[what], completed=done, total=total, units=units, rate=rate)

        yield report


def print_ingest(report: IngestReport, *, seconds: float) -> None:
    """One line of what became of everything; then whatever was not taken, and why."""
    rate = f" at {report.read / seconds:,.0f} a second" if seconds > 1 else ""
    say(
        f"{counted(report.read, 'article')} read in {seconds:.1f} s{rate}: "
        f"{report.added:,} added, {report.updated:,} updated, {report.unchanged:,} unchanged"
    )
    for unknown in report.unknown_fields:
        say(_of_one_line(str(unknown)))
    passed = (f"{item.path}: {item.reason}" for item in report.passed)
    _print_some(passed, f"passed over, {len(report.passed):,}", len(report.passed))
    replaced = (f"{item.origin} took the place of an earlier arrival of article {item.id}" for item in report.replaced)
    _print_some(replaced, f"arrived twice, {report.replaced_count:,}", report.replaced_count)
    _print_some(map(str, report.problems), f"could not be taken, {report.problem_count:,}", report.problem_count)


def _print_some(lines: Iterable[str], heading: str, count: int) -> None:
    if not count:
        return
    say(f"{heading}:".capitalize())
    for _, line in zip(range(_LISTED), lines, strict=False):
        say(_of_one_line(line), indent=2)
    if count > _LISTED:
        say(f"and {count - _LISTED:,} more", indent=2)


def _of_one_line(entry: str) -> str:
    """An entry of a report without the line ends that the name of a file may hold: what follows would seem another."""
    return re.sub(r"[\r\n]", "\ufffd", entry)


def print_hits(
    hits: Hits,
    request: SearchRequest,
    question: Question,
    *,
    notices: Iterable[Notice],
    variants: Iterable[tuple[Variant, int]],
) -> None:
    """A page of hits: what was searched besides the words typed; of each dateline, headline, passage, id.

    `notices` are about what was asked beside the words.
    """
    asked = "" if str(question.parsed) == "*" else f" for {question.parsed}"
    say(counted(hits.total, "article") + asked, style="bold")
    for notice in (*question.warnings, *notices):
        say(notice.detail, style="italic")
    for correction in question.corrections:
        say(f"No article has “{correction.asked}”. Searched: {correction.used}.", style="italic")
    also = {variant.text: articles for variant, articles in variants}
    if also:
        say(f"Also matched: {', '.join(f'{text} ({articles:,})' for text, articles in also.items())}.", style="italic")
    if hits.total and request.offset >= hits.total:
        page, last = request.offset // request.limit + 1, -(-hits.total // request.limit)
        say(f"There is no page {page:,}: the last is page {last:,}.", style="italic")
    for number, hit in enumerate(hits.hits, start=request.offset + 1):
        say()
        say(Text.assemble((f"{number:>2}  ", "dim"), _dateline(hit.document)))
        say(_headline(hit.document, hit.highlights), indent=4)
        for passage in hit.highlights:
            if passage.field != "title":
                say(_passage(passage), indent=4)
        say(hit.document.id, indent=4, style="dim")


def print_facet(name: str, view: ValueFacetView | DateFacetView) -> None:
    """A facet of values as a tree with its counts."""
    if not isinstance(view, ValueFacetView) or not view.values:
        return
    say()
    say(name, style="bold")
    _print_values(view.values, depth=0)


def _print_values(values: Iterable[FacetValue], *, depth: int) -> None:
    for value in values:
        say(f"{value.count:>{_COUNT_WIDTH},}  {'  ' * depth}{value.name}")
        _print_values(value.children, depth=depth + 1)


def _dateline(document: Document) -> Text:
    parts = dateline_of(document)
    place = _place_given(document, parts)
    shown = [part.upper() if part is place else part for part in parts]
    return Text(" · ".join(shown) or "undated, no place of its own", style="red" if shown else "dim")


def _place_given(document: Document, parts: tuple[str, ...]) -> str | None:
    """The part of a dateline that is a place, if it has one: the first, unless that is the date or the source."""
    others = 1 if document.published else 0
    others += 1 if document.source else 0
    return parts[0] if len(parts) > others else None


def _headline(document: Document, highlights: Iterable[Highlight]) -> Text:
    marked = next((passage for passage in highlights if passage.field == "title"), None)
    text = _passage(marked) if marked else Text(document.title.value)
    text.stylize("bold")
    return text


def _passage(passage: Highlight) -> Text:
    """A passage on one line, with an ellipsis where it was cut out of its field."""
    text = Text("…" if passage.offset else "")
    for part in passage.parts:
        text.append(_one_line(part.text), MATCH if part.is_match else "")
    is_whole = passage.field != "body" or text.plain.rstrip().endswith((".", "!", "?", "”", '"', "…"))
    return text if is_whole else text.append("…")


def _one_line(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", re.sub(r"[^\S\n]*\n\s*\n\s*", " ¶ ", text))


def print_document(document: Document) -> None:
    """An article: its dateline, headline and text, and every value with the words that say so."""
    say(_dateline(document))
    say(document.title.value, style="bold")
    if document.url:
        say(document.url, style="dim")
    for paragraph in flowing(document.body).split("\n"):
        if paragraph.strip():
            say()
            say(paragraph.strip())
    for caption in document.captions:
        words = " ".join(caption.split())
        say()
        say(words if _LABELLED.match(words) else f"Picture: {words}", style="italic")
    say()
    say("What is known of it, and why", style="bold")
    for name, value, found in _findings(document):
        say(f"{name:<11} {value}")
        for evidence in found.evidence:
            say(_reason(evidence), indent=12, style="dim")


def _findings(document: Document) -> Iterator[tuple[str, str, Found[Any]]]:
    yield "title", document.title.value, document.title
    if document.published:
        yield "published", in_words(document.published.value), document.published
    for region in document.regions:
        yield "region", f"{' > '.join(label.name for label in region.value.path)} ({region.value.role})", region
    if document.source:
        yield "source", document.source.value.name, document.source
    for topic in document.topics:
        yield "topic", topic.value.name, topic
    for author in document.authors:
        yield "author", author.value, author
    for translator in document.translators:
        yield "translator", translator.value, translator
    if document.language:
        yield "language", document.language.value, document.language


def _reason(evidence: Evidence) -> str:
    where = f" at {evidence.where.start}" if evidence.where else ""
    return f"{evidence.rule}{where}: “{' '.join(evidence.quote.split())}”"
