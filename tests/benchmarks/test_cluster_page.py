"""What was measured on a cluster stands in docs/scaling.md as it was measured."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.cluster import PAGE, Asked, Indexed, Measured, page_part
from benchmarks.machine import Machine

MACHINE = Machine(2, "a processor", 24, "3.11", "Linux", versions={"OpenSearch": "3.4.0"}, date="2026-01-01")


MEASURED = Measured(
    articles=1_000,
    part=500,
    disk=Indexed(seconds=2.0, cpu_s=1.0, size_bytes=500_000),
    cluster=Indexed(seconds=10.0, cpu_s=20.0, size_bytes=3_000_000),
    asked=((Asked("rare word", 0.5, 0.25), Asked("rare word", 7.0, 3.5), Asked("rare word", 8.0, 4.0)),),
)


def test_each_figure_is_for_one() -> None:
    """Bytes and processor time for each article, milliseconds for each question, questions a second for each core."""
    part = page_part(MEASURED, "Some news", MACHINE)
    assert "| bytes for each article, itself among them | 500 | 3,000 a copy |" in part
    assert "| processor for each article, µs | 1,000 | 20,000, 2 copies |" in part
    assert "| articles a second | 500 | 100 |" in part
    assert "| rare word | 0.50 | 8.0 | 0.25 | 4.0 |" in part
    assert "so 4,000 questions a second for each core;\n4.0 ms on the cluster, so 250." in part


def test_larger_archives_follow_from_what_was_measured() -> None:
    """Bytes and indexing in proportion; a question by what it takes anyway and what each million articles adds."""
    assert (MEASURED.fixed_ms, MEASURED.ms_per_million) == pytest.approx((3.0, 1000.0))
    size = MEASURED.sized(10**8)
    assert size.copy_gb == pytest.approx(300)
    assert size.disk_gb == pytest.approx(300 * 2 / 0.7)
    assert (size.shards, size.nodes) == (10, 3)
    assert size.index_hours == pytest.approx(1e8 * 0.02 / 24 / 3600)
    assert size.question_ms == pytest.approx(100_003)
    assert MEASURED.sized(10**9).nodes == 5


def test_growth_that_cannot_be_told_is_not_calculated_with() -> None:
    """Where a part of the articles took as long as all of them, the page says so, and says nothing of larger ones."""
    asked = ((Asked("rare word", 0.5, 0.25), Asked("rare word", 7.0, 4.1), Asked("rare word", 8.0, 4.0)),)
    assert "questions a second, all nodes" in page_part(MEASURED, "Some news", MACHINE)
    part = page_part(replace(MEASURED, asked=asked), "Some news", MACHINE)
    assert "cannot be told" in part
    assert "questions a second, all nodes" not in part
    assert "× millions of articles" not in part


def test_the_page_has_its_place() -> None:
    """There is one place for it, which a run fills."""
    page = Path(PAGE).read_text(encoding="utf-8")
    assert len(re.findall("<!-- measured by python -m benchmarks.cluster -->", page)) == 1
    assert re.search("<!-- end of what was measured -->", page)
