"""The archives extraction is measured on. They lie beside the clone, never in it: tests skip where they are missing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED_DATA: Final = Path(__file__).parents[3] / "shared" / "data"


def read_rows(name: str) -> Iterator[dict[str, Any]]:
    """The rows of a gzipped JSONL file of the shared data. Skips the test, saying why, where it is missing."""
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip(f"needs ../shared/data/{name}, which is not on this machine")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)
