"""From results to the page: medians, ratios, goals met and missed, all from files alone."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import msgspec
import pytest

from benchmarks import plots, report
from benchmarks.figures import disagreements, find_cost, find_ratio, growth
from benchmarks.goals import goals
from benchmarks.machine import Machine, this_machine
from benchmarks.questions import COMPARED
from benchmarks.report import page_from_results
from benchmarks.results import (
    Asked,
    Comparison,
    Footprint,
    Load,
    Service,
    Written,
    find_service,
    keep,
    read_comparisons,
)

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = Machine(
    cores=2,
    model="A processor",
    memory_gb=8,
    python="3.11.7",
    system="Linux",
    versions={"dateline": "0.1.0", "numpy": "2.4.6", "numba": "0.68.1", "tantivy": "0.27.0"},
    date="2026-01-02",
    commit="abc1234",
)


def asked(peer: str, kind: str, number: int, cpu_ms: float, **changes: object) -> Asked:
    """One question asked, its wall clock twice its processor time."""
    usual = Asked(
        peer=peer,
        kind=kind,
        number=number,
        query=f"body:word{number}",
        is_faceted=True,
        total=10,
        postings=100,
        cpu_ms=cpu_ms,
        wall_ms=2 * cpu_ms,
    )
    return dataclasses.replace(usual, **changes)  # type: ignore[arg-type] # fields by name


def comparison(
    corpus: str = "synthetic-100000", *, ours: float = 1.0, theirs: float = 7.0, size: int = 90
) -> Comparison:
    """All classes asked twice of Dateline and tantivy, with facets and without."""
    rows = tuple(
        asked(peer, kind, number, cpu, is_faceted=is_faceted)
        for peer, cpu in (("dateline", ours), ("tantivy", theirs))
        for kind in COMPARED
        for number in (1, 2)
        for is_faceted in (True, False)
    )
    written = tuple(
        Written(peer=peer, is_alone=True, seconds=seconds, cpu_seconds=seconds, runs=2, bytes=size_)
        for peer, seconds, size_ in (("dateline", 10.0, size), ("tantivy", 12.0, 100))
    )
    footprint = Footprint(peer="dateline", open_ms=1, first_ms=2, imported_mb=20, private_mb=120, mapped_mb=50)
    return Comparison(
        machine=MACHINE,
        corpus=corpus,
        title="Synthetic news",
        articles=int(corpus.rpartition("-")[2]),
        mean_words=300.0,
        peers=("dateline", "tantivy"),
        missing=("bm25s",),
        written=written,
        footprints=(footprint,),
        asked=rows,
    )


def service(p50_ms: float = 2.0) -> Service:
    """A service that was loaded once."""
    load = Load(
        name="different questions",
        connections=2,
        seconds=15,
        requests=9000,
        errors=0,
        p50_ms=p50_ms,
        p90_ms=4,
        p99_ms=9,
        requests_per_second=600,
        requests_per_cpu_second=450,
    )
    return Service(
        machine=MACHINE,
        generator="wrk",
        articles=100_000,
        workers=2,
        questions=30_000,
        ready_seconds=0.6,
        worker_private_mb=80,
        loads=(load,),
    )


def test_results_survive_files(tmp_path: Path) -> None:
    """What is kept is read again as it was, smaller archives first, and a newer result takes the place of an older."""
    keep(comparison("synthetic-100000"), tmp_path)
    keep(comparison("synthetic-2000", ours=3.0), tmp_path)
    keep(comparison("synthetic-2000"), tmp_path)
    assert find_service(tmp_path) is None
    keep(service(), tmp_path)
    assert read_comparisons(tmp_path) == (comparison("synthetic-2000"), comparison("synthetic-100000"))
    assert find_service(tmp_path) == service()


def test_a_strange_file_is_refused(tmp_path: Path) -> None:
    """A result of another shape is an error, not a page with holes."""
    (tmp_path / "old.json").write_text('{"corpus": "reuters"}')
    with pytest.raises(msgspec.ValidationError):
        read_comparisons(tmp_path)


def test_a_ratio_compares_each_question_with_itself() -> None:
    """Two questions of 2x and 4x make 3x, though the slower one costs a hundred times as much."""
    rows = (
        asked("dateline", "phrase", 1, 1.0),
        asked("dateline", "phrase", 2, 100.0),
        asked("tantivy", "phrase", 1, 2.0),
        asked("tantivy", "phrase", 2, 400.0),
        asked("tantivy", "phrase", 3, 1.0),
    )
    found = dataclasses.replace(comparison(), asked=rows)
    ratio = find_ratio(found, "tantivy", "phrase", is_faceted=True)
    assert ratio is not None
    assert (ratio.cpu, ratio.wall) == (3.0, 3.0)
    assert find_cost(found, "dateline", "phrase", is_faceted=True) == 50.5
    assert find_ratio(found, "tantivy", "phrase", is_faceted=False) is None
    assert find_cost(found, "whoosh_stock", "phrase", is_faceted=True) is None


@pytest.mark.parametrize(
    ("cost", "postings", "is_within"),
    [
        pytest.param(5.0, 10.0, True, id="slower than its postings"),
        pytest.param(10.0, 10.0, True, id="with its postings"),
        pytest.param(11.0, 10.0, True, id="noise"),
        pytest.param(20.0, 10.0, False, id="faster than its postings"),
    ],
)
def test_growth_is_held_against_postings(cost: float, postings: float, is_within: bool) -> None:  # noqa: FBT001 - a table
    """A class grows too fast if its cost does by more than noise."""
    small = dataclasses.replace(comparison("synthetic-1000"), asked=(asked("dateline", "phrase", 1, 1.0),))
    row = asked("dateline", "phrase", 1, cost, postings=int(100 * postings))
    large = dataclasses.replace(comparison("synthetic-10000"), asked=(row, asked("dateline", "phrase", 9, 1.0)))
    [found] = growth(small, large)
    assert (found.kind, found.cost, found.postings, found.is_within_postings) == ("phrase", cost, postings, is_within)


def test_disagreements_are_counted_by_class() -> None:
    """Totals are held against tantivy's, facets against Dateline's; classes that agree are not listed."""
    rows = (
        asked("tantivy", "phrase", 1, 1.0, total=10, agrees_on_facets=True),
        asked("dateline", "phrase", 1, 1.0, total=11),
        asked("sqlite_fts5", "phrase", 1, 1.0, total=10, agrees_on_facets=False),
        asked("dateline", "prefix", 2, 1.0, total=10),
        asked("tantivy", "prefix", 2, 1.0, total=10, agrees_on_facets=True),
    )
    found = list(disagreements(dataclasses.replace(comparison(), asked=rows)))
    assert [(row.peer, row.kind, row.questions, row.totals, row.facets) for row in found] == [
        ("dateline", "phrase", 1, 1, 0),
        ("sqlite_fts5", "phrase", 1, 0, 1),
    ]
    assert found[0].largest == pytest.approx(0.1)


def test_goals_are_met_missed_or_not_measured() -> None:
    """Seven times as fast meets 2x and 6x; more bytes than tantivy miss; what was not measured is said to be so."""
    found = {goal.figure: goal for goal in goals([comparison(size=150)], service(p50_ms=3.5))}
    verdicts = {figure: goal.is_met for figure, goal in found.items()}
    assert verdicts["synthetic-100000, with facets, against tantivy: every class"] is True
    assert verdicts["synthetic-100000, with facets, against tantivy: median class"] is True
    assert verdicts["synthetic-1000000, with facets, against tantivy: every class"] is None
    assert verdicts["synthetic-100000, articles indexed a second, against tantivy"] is True
    assert verdicts["synthetic-100000, bytes on disk, against tantivy"] is False
    assert found["synthetic-100000, bytes on disk, against tantivy"].reached == 1.5
    assert verdicts["HTTP, 100,000 articles: half of the answers within"] is False
    assert verdicts["HTTP, 100,000 articles: answers a second of a worker's core"] is True
    assert verdicts["classes whose cost grows faster than their postings"] is None


def test_a_missed_class_is_named() -> None:
    """Where a class misses its goal, the goal names it with its ratio."""
    slow = [
        dataclasses.replace(row, cpu_ms=1.5) if row.peer == "tantivy" and row.kind == "phrase" else row
        for row in comparison().asked
    ]
    found = next(iter(goals([dataclasses.replace(comparison(), asked=tuple(slow))], None)))
    assert (found.is_met, found.reached, found.remark) == (False, 1.5, "phrase 1.50x")


def test_the_page_is_made_of_results_alone() -> None:
    """The same results give the same page; every table is whole, and a missed goal stands out."""
    results = [comparison("synthetic-20000"), comparison(theirs=0.5)]
    page = page_from_results(results, service())
    assert page == page_from_results(results, service())
    assert "$" not in page
    assert "| **missed** |" in page
    assert "0.50x" in page
    assert "Not installed, so left out: bm25s." in page
    assert "2 cores, A processor, Python 3.11.7" in page
    for table in re.findall(r"(?:^\|.*\|$\n?)+", page, re.MULTILINE):
        assert len({line.count("|") for line in table.strip().splitlines()}) == 1


def test_a_page_without_results_says_so() -> None:
    """Nothing measured is a page that says so, with every goal open."""
    page = page_from_results([], None)
    assert page.count("not measured") == len(list(goals([], None)))
    assert page.count(report.NOT_MEASURED) >= 5


def test_plots_are_drawn_the_same_again(tmp_path: Path) -> None:
    """Where matplotlib is installed, plots are small SVG files, equal when drawn again."""
    if not plots.is_installed():
        pytest.skip("needs matplotlib, which `make bench` installs")
    results = [comparison("synthetic-20000"), comparison()]
    first = plots.draw(results, tmp_path / "a")
    assert [path.name for path in first] == [
        "ratios-synthetic-20000.svg",
        "ratios-synthetic-100000.svg",
        "growth.svg",
        "indexing.svg",
    ]
    for path, again in zip(first, plots.draw(results, tmp_path / "b"), strict=True):
        assert path.read_bytes() == again.read_bytes()
        assert ET.parse(path).getroot().tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314 - our own file
        assert path.stat().st_size < 60_000


def test_the_machine_says_what_it_is() -> None:
    """A result names the processor, the versions and the day; a path of this machine is not in it."""
    machine = this_machine({"tantivy": "0.27.0"})
    assert machine.cores >= 1
    assert machine.versions["tantivy"] == "0.27.0"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", machine.date)
    assert "/" not in machine.commit
