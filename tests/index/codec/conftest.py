"""Empty indexes for the codec's tests."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING

import pytest
from whoosh.filedb.filestore import FileStorage

from index.codec.contents import ArrayIndex
from tests.index.codec.twins import SCHEMA, Twins

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def twins(tmp_path: Path) -> Twins:
    """Empty twins of a small schema."""
    return Twins.create(tmp_path, SCHEMA)


@pytest.fixture
def index(tmp_path: Path) -> ArrayIndex:
    """An empty index of ours."""
    made: ArrayIndex = (
        FileStorage(str(tmp_path / "index")).create().create_index(deepcopy(SCHEMA), indexclass=ArrayIndex)
    )
    return made
