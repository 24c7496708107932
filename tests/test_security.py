"""The threat table of docs/security.md: every control names the tests that prove it, and they are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in PAGE.split("## Threats")[1].split("## Out of scope")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| threat")
]
THREATS = [row for row in ROWS if not row[0].startswith("**")]
NAMED = sorted({(path, name) for row in THREATS for path, name in re.findall(r"`([\w/.]+\.py)::(\w+)`", row[2])})


def test_every_threat_has_a_control_and_a_proof() -> None:
    """A row without one is a wish."""
    assert len(THREATS) > 30
    for threat, control, proof in THREATS:
        assert control, threat
        assert re.fullmatch(r"`[\w/.]+\.py::test_\w+`(, `[\w/.]+\.py::test_\w+`)*", proof), threat


@pytest.mark.parametrize(("path", "name"), NAMED, ids=lambda value: value)
def test_every_proof_is_a_test(path: str, name: str) -> None:
    """A test of that name is in that file, and pytest collects the file."""
    assert path.startswith("tests/")
    assert Path(path).name.startswith("test_")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
