"""docs/resiliency.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGE: Final = ROOT / "docs" / "resiliency.md"


def test_every_test_that_is_named_exists() -> None:
    """Each test in the table of failures is one of the suite, and each row of the table has one."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 15
    named = [set(re.findall(r"`(test_\w+|Test\w+)`", row.rpartition(" | ")[2])) for row in rows]
    assert [row for row, names in zip(rows, named, strict=True) if not names] == []
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    there = set(re.findall(r"^(?:def (test_\w+)|(Test\w+) = )", "\n".join(sources), re.MULTILINE))
    assert set.union(*named) - {name for pair in there for name in pair} == set()
