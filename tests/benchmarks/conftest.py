"""Kernels are compiled once for all tests here, and kept for the next run."""

from __future__ import annotations

import pytest

from benchmarks.peers.dateline import COMPILED
from index.compiled import keep_compiled_in


@pytest.fixture(scope="session", autouse=True)
def _kept_kernels() -> None:
    """The folder that the benchmarks keep compiled kernels in."""
    keep_compiled_in(COMPILED)
