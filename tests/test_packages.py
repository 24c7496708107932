"""What is installed is all there is: every package and its data is named in pyproject.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_package_is_installed() -> None:
    """A folder with an `__init__.py` that is missing from the list would be missing from every installation."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    found = (path.parent for root in ("index", "search", "service") for path in (ROOT / root).rglob("__init__.py"))
    assert sorted(told) == sorted(".".join(folder.relative_to(ROOT).parts) for folder in found)
