"""The page on performance, made from results alone.

    python -m benchmarks.report [--results FOLDER] [--page docs/performance.md]

`page_from_results` fills `page.md` with tables; plots go into a folder named like the page. Nothing is measured
here, and nothing is left out: a goal that was missed or not measured says so, with what `tried.toml` knows of it.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Final

from benchmarks import plots
from benchmarks.figures import (
    TANTIVY,
    disagreements,
    find_cost,
    find_footprint,
    find_ratio,
    find_written,
    growth,
    synthetic,
)
from benchmarks.goals import goals
from benchmarks.machine import ROOT
from benchmarks.peers import DATELINE, PEERS, peer_named
from benchmarks.questions import BROWSE, DEFAULT, KINDS
from benchmarks.results import RESULTS, find_service, read_comparisons

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from benchmarks.goals import Goal
    from benchmarks.results import Comparison, Service

PAGE: Final = ROOT / "docs" / "performance.md"
TEMPLATE: Final = Path(__file__).with_name("page.md")
TRIED: Final = Path(__file__).with_name("tried.toml")
NOTHING: Final = "-"
NOT_MEASURED: Final = "Not measured yet."


def page_from_results(
    comparisons: Sequence[Comparison], service: Service | None, *, plot_names: Iterable[str] = (), folder: str = ""
) -> str:
    """The page as Markdown. `plot_names` are the plots there are, in `folder` beside the page."""
    shown = {name: f"![{_caption(name)}]({folder}/{name})" for name in plot_names}
    found = tuple(goals(comparisons, service))
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        machines=_machines(comparisons, service),
        goals=_table(("figure", "goal", "reached", ""), map(_goal_row, found)),
        tried=_tried(found),
        questions="\n\n".join(_questions(each, shown) for each in comparisons) or NOT_MEASURED,
        browse=BROWSE,
        default_kind=DEFAULT,
        agreement=_agreement(comparisons),
        indexing=_indexing(comparisons, shown),
        footprints=_footprints(comparisons),
        service=_service(service),
        growth=_growth(comparisons, shown),
        libraries=_libraries(comparisons),
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))


def _caption(name: str) -> str:
    return name.removesuffix(".svg").replace("-", " ")


def _machines(comparisons: Sequence[Comparison], service: Service | None) -> str:
    """Every machine that measured something: one line if it was one."""
    measured = [(comparison.corpus, comparison.machine) for comparison in comparisons]
    measured += [("HTTP", service.machine)] if service else []
    if not measured:
        return NOT_MEASURED
    lines: dict[str, list[str]] = {}
    for name, machine in measured:
        ours = " ".join(f"{package} {machine.versions[package]}" for package in ("numpy", "numba"))
        line = f"{machine}, {machine.memory_gb} GB, {ours}; {machine.date}, commit {machine.commit or 'unknown'}"
        lines.setdefault(line, []).append(name)
    return "\n".join(f"- {', '.join(names)}: {line}" for line, names in lines.items())


def _goal_row(goal: Goal) -> tuple[str, str, str, str]:
    wanted = f"≥ {goal.least:g}" if goal.least is not None else f"≤ {goal.most:g}"
    reached = NOTHING if goal.reached is None else f"{_number(goal.reached)}{goal.unit}"
    verdict = {True: "met", False: "**missed**", None: "not measured"}[goal.is_met]
    return goal.figure, f"{wanted}{goal.unit}", f"{reached}{f' ({goal.remark})' if goal.remark else ''}", verdict


def _tried(found: Iterable[Goal]) -> str:
    """What was tried for the goals that were missed."""
    known = tomllib.loads(TRIED.read_text(encoding="utf-8")).get("missed", ())
    missed = [goal.figure for goal in found if goal.is_met is False]
    lines = [
        f"- **{note['figure']}**: {note['tried']}"
        for note in known
        if any(figure.startswith(note["figure"]) for figure in missed)
    ]
    return f"What was tried where a goal was missed:\n\n{chr(10).join(lines)}\n" if lines else ""


def _questions(comparison: Comparison, shown: dict[str, str]) -> str:
    """One archive: a table with facets, one without."""
    head = f"### {comparison.title}: {comparison.articles:,} articles of {comparison.mean_words:.0f} words"
    plot = shown.get(f"ratios-{comparison.corpus}.svg")
    tables = [_question_table(comparison, is_faceted=is_faceted) for is_faceted in (True, False)]
    missing = f"Not installed, so left out: {', '.join(comparison.missing)}." if comparison.missing else ""
    return "\n\n".join(filter(None, (head, plot, *tables, missing)))


def _question_table(comparison: Comparison, *, is_faceted: bool) -> str:
    others = [
        peer for peer in comparison.peers if peer != DATELINE and _has_asked(comparison, peer, is_faceted=is_faceted)
    ]
    head = ["with facets" if is_faceted else "without facets", "Dateline"]
    head += [column for peer in others for column in (peer_named(peer).title, "x")]
    rows = [
        [kind, _ms(find_cost(comparison, DATELINE, kind, is_faceted=is_faceted))]
        + [cell for peer in others for cell in _cells(comparison, peer, kind, is_faceted=is_faceted)]
        for kind in KINDS
        if find_cost(comparison, DATELINE, kind, is_faceted=is_faceted) is not None
    ]
    return _table(head, rows)


def _has_asked(comparison: Comparison, peer: str, *, is_faceted: bool) -> bool:
    return any(asked.peer == peer and asked.is_faceted == is_faceted for asked in comparison.asked)


def _cells(comparison: Comparison, peer: str, kind: str, *, is_faceted: bool) -> tuple[str, str]:
    cost = find_cost(comparison, peer, kind, is_faceted=is_faceted)
    ratio = find_ratio(comparison, peer, kind, is_faceted=is_faceted)
    return _ms(cost), f"{_number(ratio.cpu)} ({_number(ratio.wall)})" if ratio else NOTHING


def _agreement(comparisons: Sequence[Comparison]) -> str:
    compared = [comparison for comparison in comparisons if _has_asked(comparison, TANTIVY, is_faceted=False)]
    if not compared:
        return NOT_MEASURED
    rows = [
        (
            found.corpus,
            found.kind,
            peer_named(found.peer).title,
            f"{found.totals} of {found.questions}",
            f"{found.largest:.1%}",
            f"{found.facets}",
        )
        for comparison in compared
        for found in disagreements(comparison)
    ]
    everywhere = ", ".join(comparison.corpus for comparison in compared)
    intro = f"Totals are compared with tantivy's, facets with Dateline's, on {everywhere}."
    if not rows:
        return f"{intro} All agree."
    head = ("archive", "class", "library", "totals that differ", "largest difference", "facets that differ")
    return (
        f"{intro} They differ here, where analysers do (apostrophes, hyphens, numbers, stems):\n\n{_table(head, rows)}"
    )


def _indexing(comparisons: Sequence[Comparison], shown: dict[str, str]) -> str:
    rows = [row for comparison in comparisons for row in _indexing_rows(comparison)]
    head = (
        "archive",
        "library",
        "articles/s, alone",
        "by default",
        "seconds of all cores, alone",
        "MB on disk",
        "of tantivy's",
    )
    return "\n\n".join(filter(None, (shown.get("indexing.svg"), _table(head, rows) if rows else NOT_MEASURED)))


def _indexing_rows(comparison: Comparison) -> Iterator[Sequence[str]]:
    theirs = find_written(comparison, TANTIVY)
    for peer in comparison.peers:
        alone, default = (find_written(comparison, peer, is_alone=is_alone) for is_alone in (True, False))
        if alone:
            yield (
                comparison.corpus,
                peer_named(peer).title,
                f"{comparison.articles / alone.seconds:,.0f}",
                f"{comparison.articles / default.seconds:,.0f}" if default else NOTHING,
                f"{alone.cpu_seconds:.1f}",
                f"{alone.bytes / 1e6:,.1f}",
                f"{alone.bytes / theirs.bytes:.2f}" if theirs else NOTHING,
            )


def _footprints(comparisons: Sequence[Comparison]) -> str:
    rows = [
        (
            comparison.corpus,
            peer_named(peer).title,
            _ms(found.open_ms),
            _ms(found.first_ms),
            f"{found.imported_mb:.0f}",
            f"{found.private_mb:.0f}",
            f"{found.mapped_mb:.0f}",
        )
        for comparison in comparisons
        for peer in comparison.peers
        if (found := find_footprint(comparison, peer))
    ]
    head = ("archive", "library", "ms to open", "ms, first answer", "MB before", "MB private", "MB mapped")
    return _table(head, rows) if rows else NOT_MEASURED


def _service(service: Service | None) -> str:
    if service is None:
        return NOT_MEASURED
    rows = [
        (
            load.name,
            f"{load.connections}",
            f"{load.requests:,}",
            f"{load.errors}",
            _ms(load.p50_ms),
            _ms(load.p90_ms),
            _ms(load.p99_ms),
            f"{load.requests_per_second:,.0f}",
            f"{load.requests_per_cpu_second:,.0f}",
        )
        for load in service.loads
    ]
    intro = (
        f"`GET /v1/search` with four facets and highlights on a synthetic archive of {service.articles:,} articles:\n"
        f"gunicorn with {service.workers} workers and Dateline's own settings, asked by {service.generator} on this\n"
        f"machine too; {service.questions:,} different questions a load. The first answer came\n"
        f"{service.ready_seconds:.1f} s after the start; a worker ends with {service.worker_private_mb:.0f} MB of its\n"
        "own. *A core's* rate is by the processor time of the workers alone."
    )
    head = ("load", "connections", "answers", "errors", "p50 ms", "p90 ms", "p99 ms", "answers/s", "a core's")
    return f"{intro}\n\n{_table(head, rows)}"


def _growth(comparisons: Sequence[Comparison], shown: dict[str, str]) -> str:
    """How each class grows from one archive to the next, beside its postings."""
    archives = synthetic(comparisons)
    if len(archives) < 2:  # noqa: PLR2004 - growth is between two
        return NOT_MEASURED
    steps = list(pairwise(archives))
    found = [{step.kind: step for step in growth(*pair)} for pair in steps]
    head = ["class", *(f"{smaller.articles:,} to {larger.articles:,}" for smaller, larger in steps)]
    rows = [
        [kind, *(f"{step.cost:.1f}x for {step.postings:.1f}x" if (step := at.get(kind)) else NOTHING for at in found)]
        for kind in KINDS
    ]
    intro = "How many times the cost, with facets, for how many times the postings:"
    return "\n\n".join(filter(None, (shown.get("growth.svg"), intro, _table(head, rows))))


def _libraries(comparisons: Sequence[Comparison]) -> str:
    versions = {name: version for comparison in comparisons for name, version in comparison.machine.versions.items()}
    rows = [(peer_named(name), versions.get(name, NOTHING)) for name in PEERS]
    return "\n".join(f"| {peer.title} | {version} | {peer.analysis} | {peer.lacks} |" for peer, version in rows)


def _ms(value: float | None) -> str:
    return NOTHING if value is None else _number(value)


def _number(value: float) -> str:
    """A number with as many digits as mean something."""
    if isinstance(value, int):
        return f"{value:,}"
    for limit, digits in ((0.1, 3), (10, 2), (100, 1)):
        if value < limit:
            return f"{value:.{digits}f}"
    return f"{value:,.0f}"


def main() -> None:
    """Write the page and its plots."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--page", type=Path, default=PAGE)
    options = parser.parse_args()
    comparisons, service = read_comparisons(options.results), find_service(options.results)
    folder = options.page.with_suffix("")
    drawn = plots.draw(comparisons, folder) if plots.is_installed() else ()
    if not drawn:
        sys.stderr.write("no plots were drawn: matplotlib is not installed (make bench installs it), or no results\n")
    page = page_from_results(comparisons, service, plot_names=[path.name for path in drawn], folder=folder.name)
    options.page.parent.mkdir(parents=True, exist_ok=True)
    options.page.write_text(page, encoding="utf-8")
    sys.stdout.write(f"{options.page}: {len(comparisons)} archives, {len(drawn)} plots\n")


if __name__ == "__main__":
    main()
