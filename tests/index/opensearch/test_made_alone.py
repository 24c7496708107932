"""Two processes never make an index of one archive on a cluster at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.errors import BusyError, ClusterIndexBeingMade, GenerationError
from index.layout import DataFolder
from index.opensearch.alone import INDEXER, MIGRATE, made_alone

if TYPE_CHECKING:
    from pathlib import Path


def test_who_comes_second_is_told_who_is_first(tmp_path: Path) -> None:
    """While one makes an index, others are refused; when it is done or has failed, nothing of it is left."""
    data = DataFolder(tmp_path)
    with made_alone(data, MIGRATE):
        for _ in range(2):
            with pytest.raises(ClusterIndexBeingMade, match="dateline migrate is making"), made_alone(data, INDEXER):
                pytest.fail("two are at work")
    with pytest.raises(BusyError), made_alone(data, INDEXER):
        raise BusyError(tmp_path)  # of something else: it is not taken for ours
    with made_alone(data, MIGRATE):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_in_nobodys_way(tmp_path: Path) -> None:
    """Its folder is there, and nobody holds it."""
    data = DataFolder(tmp_path)
    data.making.mkdir()
    (data.making / "who").write_text(MIGRATE)
    with made_alone(data, INDEXER):
        pass


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """With its name."""
    data = DataFolder(tmp_path / "gone")
    with pytest.raises(GenerationError, match=r"cannot write in .*gone"), made_alone(data, INDEXER):
        pytest.fail("there is no folder")
