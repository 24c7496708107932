"""Where machine code is kept: for each version apart, complete or not, and not for ever."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from index import machine_code
from index.machine_code import OUTDATED_AFTER_S, VERSIONS_KEPT, discard_outdated, is_complete, mark_complete, place_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder is the one given, as it is without `NUMBA_CACHE_DIR`."""
    monkeypatch.delenv("NUMBA_CACHE_DIR")


def test_a_version_is_complete_when_it_is_said_to_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only of this version: another has to be compiled anew."""
    assert not is_complete(tmp_path)
    mark_complete(tmp_path)
    assert is_complete(tmp_path)
    monkeypatch.setattr(machine_code, "code_version", lambda: "0" * 16)
    assert not is_complete(tmp_path)


def test_another_folder_may_be_named_for_all_that_use_numba(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`NUMBA_CACHE_DIR` is heeded, with versions apart there, too."""
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "other"))
    assert place_of(tmp_path / "data").parent == tmp_path / "other"


def test_old_versions_do_not_pile_up(tmp_path: Path) -> None:
    """Versions older than a week go, and all but the latest few; this one, and what is not ours, stays."""
    mark_complete(tmp_path)
    (tmp_path / "somebody's own").mkdir()
    names = [f"{number:016x}" for number in range(VERSIONS_KEPT + 3)]
    for age, name in enumerate(names):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1_000_000 - age, 1_000_000 - age))
    discard_outdated(tmp_path, now=1_000_000)
    kept = {path.name for path in tmp_path.iterdir()}
    assert kept == {place_of(tmp_path).name, "somebody's own", *names[:VERSIONS_KEPT]}
    discard_outdated(tmp_path, now=1_000_001 + OUTDATED_AFTER_S)
    assert {path.name for path in tmp_path.iterdir()} == {place_of(tmp_path).name, "somebody's own"}


def test_a_folder_that_is_not_there_needs_nothing_discarded(tmp_path: Path) -> None:
    """Nothing is made either."""
    discard_outdated(tmp_path / "none")
    assert list(tmp_path.iterdir()) == []
