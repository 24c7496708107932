"""The file of saved searches: replaced whole, by one command at a time, followed, never taken for what it is not."""

from __future__ import annotations

import json
import multiprocessing
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from service.saved.file import FILE, LOCK, KeptSearches, Searches, SearchesError, changing_searches, read_searches
from tests.service.saved.conftest import keep, saved

if TYPE_CHECKING:
    from pathlib import Path

RICE = saved(q="rice", region="신의주")


def test_what_was_kept_is_read(tmp_path: Path) -> None:
    """Every field comes back, in a file for its owner alone; where there is none, there are no searches."""
    assert read_searches(tmp_path) == Searches()
    keep(tmp_path, RICE)
    assert read_searches(tmp_path).searches == (RICE,)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_a_change_that_fails_changes_nothing(tmp_path: Path) -> None:
    """Neither an error on the way nor what cannot be kept leaves anything but the old file."""
    keep(tmp_path, RICE)
    before = (tmp_path / FILE).read_bytes()
    with suppress(LookupError), changing_searches(tmp_path) as change:
        change.searches = ()
        raise LookupError
    with pytest.raises(ValueError, match="two searches of one id"):
        keep(tmp_path, RICE, RICE)
    assert (tmp_path / FILE).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {FILE, LOCK}


def _add(data: Path, number: int) -> None:
    for turn in range(5):
        with changing_searches(data) as change:
            change.searches = (*change.before, msgspec.structs.replace(RICE, id=f"search-{number}-{turn}"))


def test_commands_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    """Four processes save five searches each; all twenty are there."""
    processes = [multiprocessing.get_context("fork").Process(target=_add, args=(tmp_path, n)) for n in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    ids = {search.id for search in read_searches(tmp_path).searches}
    assert ids == {f"search-{number}-{turn}" for number in range(4) for turn in range(5)}


def said(**changes: Any) -> bytes:
    """What is in a file, with changes to the search."""
    content: dict[str, Any] = json.loads(msgspec.json.encode(Searches(searches=(RICE,))))
    content["searches"][0] |= changes
    return json.dumps(content).encode()


DAMAGE = {
    "empty": b"",
    "cut": said()[:-20],
    "not text": b"\xff\xfe\x00",
    "text that is not UTF-8": said(name="ä").replace(b"\\u00e4", b"\xe4"),
    "another file": b"[]",
    "nested without end": b"[" * 100_000,
    "a later version": said().replace(b'"version": 1', b'"version": 2'),
    "a field of a later version": said(owner="x"),
    "an id that is a path": said(id="../../etc"),
    "a name of two lines": said(name="a\nb"),
    "a time without a zone": said(created="2026-01-01T00:00:00"),
    "two of one id": said().replace(b"[{", b"[" + said()[said().index(b"{", 1) : -2] + b", {", 1),
}


@pytest.mark.parametrize("content", DAMAGE.values(), ids=DAMAGE.keys())
def test_what_cannot_be_understood_is_never_no_searches(tmp_path: Path, content: bytes) -> None:
    """It is refused with its path and what to do, by readers and whoever would change it; and it is left as it is."""
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(SearchesError, match=r"searches\.json cannot be used: .*Put back the file of a backup"):
        read_searches(tmp_path)
    with pytest.raises(SearchesError):
        keep(tmp_path, RICE)
    assert (tmp_path / FILE).read_bytes() == content


def test_who_may_not_write_is_told(tmp_path: Path) -> None:
    """A folder of somebody else gives a message that says which, and no trace."""
    (tmp_path / "file").write_text("")
    with pytest.raises(SearchesError, match="cannot be written"):
        keep(tmp_path / "file", RICE)


def test_a_process_follows_the_file(tmp_path: Path) -> None:
    """What was saved, changed or damaged is known at the next look, and damage is reported once."""
    now, reported = [0.0], list[SearchesError]()
    followed = KeptSearches(tmp_path, look_every_s=0.25, report=reported.append, clock=lambda: now[0])
    assert followed.current == Searches()
    keep(tmp_path, RICE)
    assert followed.current == Searches()
    now[0] += 0.25
    assert followed.current.searches == (RICE,)
    (tmp_path / FILE).write_bytes(b"{")
    for _ in range(3):
        now[0] += 0.25
        with pytest.raises(SearchesError):
            _ = followed.current
    assert len(reported) == 1
    (tmp_path / FILE).unlink()
    now[0] += 0.25
    assert followed.current == Searches()
