"""What the indexer says of itself: a small file that is never in its way."""

from __future__ import annotations

import datetime as dt
import os
import threading
from typing import TYPE_CHECKING

import pytest

from index.layout import DataFolder
from service.indexer_status import HEARTBEAT_S, SILENT_AFTER_S, Reporting, find_status, status_path

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """A data folder."""
    return DataFolder(tmp_path)


@pytest.fixture
def indexer(data: DataFolder) -> Reporting:
    """An indexer that has just started."""
    return Reporting(data)


def test_what_happens_is_told(data: DataFolder, indexer: Reporting) -> None:
    """Each event at once; what there is to do follows from them."""
    assert find_status(data) is None
    indexer.saw(3)
    status = find_status(data)
    assert status
    assert (status.pid, status.change, status.changes_behind, status.generation) == (os.getpid(), 3, 3, None)
    indexer.failed("x" * 10_000)
    failed = find_status(data)
    assert failed
    assert (failed.failures, len(failed.failure or "")) == (1, 500)
    indexer.published("1-00000000", 3, 0.5)
    indexer.published("2-00000000", 4, 0.25)
    done = find_status(data)
    assert done
    assert (done.publishes, done.publish_seconds, done.failures, done.failure) == (2, 0.75, 1, None)
    assert (done.generation, done.change, done.changes_behind) == ("2-00000000", 4, 0)


def test_what_changes_nothing_is_not_written(data: DataFolder, indexer: Reporting) -> None:
    """An indexer looks at the archive many times a second."""
    indexer.saw(3)
    indexer.stands("1-00000000", 3)
    written = status_path(data).stat().st_mtime_ns
    for _ in range(50):
        indexer.saw(3)
        indexer.stands("1-00000000", 3)
    assert status_path(data).stat().st_mtime_ns == written


def test_it_is_written_now_and_then_whatever_takes_long(data: DataFolder, indexer: Reporting) -> None:
    """So that its age tells of life; afterwards no more."""
    with indexer.beating(every_s=0.001):
        seen = {wait_for_another(data, None)}
        for _ in range(3):
            seen.add(wait_for_another(data, max(seen)))
    assert len(seen) == 4
    assert "heartbeat" not in {thread.name for thread in threading.enumerate()}


def wait_for_another(data: DataFolder, than: dt.datetime | None) -> dt.datetime:
    """When the file was written, once that is another time."""
    waiting = threading.Event()
    for _ in range(2000):
        status = find_status(data)
        if status and status.written != than:
            return status.written
        waiting.wait(0.005)
    raise AssertionError("waited in vain")


def test_silence_is_noticed(data: DataFolder, indexer: Reporting) -> None:
    """After half a minute."""
    indexer.saw(1)
    status = find_status(data)
    assert status
    limit = status.written + dt.timedelta(seconds=SILENT_AFTER_S)
    assert not status.is_silent(limit)
    assert status.is_silent(limit + dt.timedelta(seconds=1))
    assert SILENT_AFTER_S > 3 * HEARTBEAT_S


def test_who_ends_as_told_says_nothing_more(data: DataFolder, indexer: Reporting) -> None:
    """Nobody is to think it was killed."""
    indexer.saw(1)
    indexer.ended()
    indexer.ended()
    assert find_status(data) is None
    assert list(data.path.iterdir()) == []


def test_where_it_cannot_be_written_the_indexer_goes_on(data: DataFolder, indexer: Reporting) -> None:
    """A folder in its place stands for a disk that is full: nothing is raised."""
    status_path(data).mkdir()
    indexer.saw(1)
    indexer.failed("something else")
    indexer.ended()
    assert find_status(data) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff"])
def test_what_cannot_be_read_is_nothing(data: DataFolder, content: bytes) -> None:
    """A file of another version, or damaged, is as good as none."""
    status_path(data).write_bytes(content)
    assert find_status(data) is None
