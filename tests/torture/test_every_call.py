"""Every call that writing, publishing or searching makes on files, one after the other: killed there, or refused.

A process is killed before or after its `n`th call, for every `n`; or the call fails, as on a disk that is full, broken
or read-only, or in a process that has too many files open. The short form takes calls at random.
"""

from __future__ import annotations

import errno
import shutil
import signal
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from index.archive.store import Store
from index.generation.publish import create_data_folder, held
from index.layout import DataFolder
from tests.torture import programs
from tests.torture.dealings import Ledger, build_anew, do, publish_now, recover, shown
from tests.torture.disk_calls import Fate, Kind
from tests.torture.nursery import Nursery

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator

    from tests.torture.conftest import Rounds

KILLED: Final = -signal.SIGKILL

SHOWN_DEEDS: Final = 6
"""Deeds that are published in the archive that every call is tried on; one more is only in the store."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A way in which calls fail: which, how often, and as what."""

    fate: Fate
    kinds: Kind
    error: int


FAULTS: Final = {
    "disk full": Fault(Fate.FAIL_SHORT, Kind.WRITE | Kind.OPEN_TO_WRITE | Kind.MKDIR | Kind.RENAME, errno.ENOSPC),
    "no room once": Fault(Fate.FAIL_ONCE, Kind.WRITE | Kind.OPEN_TO_WRITE | Kind.MKDIR | Kind.RENAME, errno.ENOSPC),
    "broken disk": Fault(Fate.FAIL_ON, Kind.CHANGING | Kind.READ, errno.EIO),
    "broken once": Fault(Fate.FAIL_ONCE, Kind.CHANGING | Kind.READ, errno.EIO),
    "too many files": Fault(Fate.FAIL_ON, Kind.OPEN, errno.EMFILE),
    "too many files once": Fault(Fate.FAIL_ONCE, Kind.OPEN, errno.EMFILE),
    "read-only": Fault(Fate.FAIL_ON, Kind.OPEN_TO_WRITE | Kind.MKDIR | Kind.RENAME | Kind.UNLINK, errno.EROFS),
}


@dataclass(frozen=True, slots=True)
class Archive:
    """An archive to be tried on: a copy of it each time."""

    original: Path
    ledger: Ledger
    copies: Path

    def copy(self) -> DataFolder:
        """A fresh copy."""
        shutil.rmtree(self.copies, ignore_errors=True)
        shutil.copytree(self.original, self.copies)
        return DataFolder(self.copies)

    def recover(self, data: DataFolder) -> None:
        """See that a copy is well and goes on; nothing but the ledger's last deed was not acknowledged before."""
        deeds = len(self.ledger.deeds)
        recover(data, self.ledger, least=deeds - 1, most=deeds, shown_least=self.ledger.numbers[SHOWN_DEEDS])


@pytest.fixture
def archive(quick_folder: Path, rng: random.Random) -> Archive:
    """An archive with something published in two generations, something only in the store, and a deed to be done."""
    data = DataFolder(quick_folder / "original")
    create_data_folder(data)
    ledger = Ledger()
    with Store.open(data.archive) as store:
        for number, deed in enumerate(ledger.plan(rng, SHOWN_DEEDS + 1), start=1):
            do(store, deed)
            if number in {SHOWN_DEEDS - 2, SHOWN_DEEDS}:
                publish_now(data)
    ledger.plan(rng, 1, first=SHOWN_DEEDS + 1)
    return Archive(data.path, ledger, quick_folder / "copy")


@dataclass(frozen=True, slots=True)
class Attempt:
    """Has a process of the nursery do something to a copy of the archive while a call of it meets its fate."""

    nursery: Nursery
    archive: Archive
    program: str
    folder: Path

    def __call__(self, data: DataFolder, fate: Fate, kinds: Kind, at: int, error: int = 0) -> tuple[int, int, str]:
        """The exit status, how many calls were met, how it ended. Raises if the process ended with a stack trace."""
        outcome = self.folder / "outcome"
        outcome.write_text("0\n", encoding="utf-8")
        arguments: dict[str, Any] = {"data": str(data.path), "outcome": str(outcome), "doom": [fate, kinds, at, error]}
        if self.program == "write":
            arguments["deed"] = asdict(self.archive.ledger.deeds[-1])
        doomed: dict[str, Callable[..., None]] = {
            "write": programs.write_doomed,
            "publish": programs.publish_doomed,
            "search": programs.search_doomed,
            "roll back": programs.roll_back_doomed,
        }
        status = self.nursery.run(doomed[self.program], **arguments)
        count, _, said = outcome.read_text(encoding="utf-8").partition("\n")
        return status, int(count), said

    def count(self, kinds: Kind) -> int:
        """How many calls of some kinds it makes."""
        status, count, said = self(self.archive.copy(), Fate.KILL_BEFORE, kinds, 1_000_000)
        assert (status, said) == (0, programs.DONE)
        return count


@pytest.fixture
def attempt_to(watched_nursery: Nursery, archive: Archive, quick_folder: Path) -> Callable[[str], Attempt]:
    """An `Attempt` to write, publish or search."""
    return lambda program: Attempt(watched_nursery, archive, program, quick_folder)


@pytest.mark.parametrize("fate", [Fate.KILL_BEFORE, Fate.KILL_AFTER], ids=["before", "after"])
@pytest.mark.parametrize("program", ["write", "publish"])
def test_a_kill_at_any_call_loses_nothing(
    attempt_to: Callable[[str], Attempt], rng: random.Random, rounds: Rounds, program: str, fate: Fate
) -> None:
    """Killed just before or just after any call that changes the disk, nothing is lost, half there or left over."""
    attempt = attempt_to(program)
    total = attempt.count(Kind.CHANGING)
    assert total > 10
    for at in points(total, rounds(16, total), rng):
        data = attempt.archive.copy()
        status, _, _ = attempt(data, fate, Kind.CHANGING, at)
        assert status == KILLED
        attempt.archive.recover(data)


@pytest.mark.parametrize("fate", [Fate.KILL_BEFORE, Fate.KILL_AFTER], ids=["before", "after"])
def test_a_kill_while_going_back_leaves_one_or_the_other(attempt_to: Callable[[str], Attempt], fate: Fate) -> None:
    """Killed at any call of a rollback, the archive answers from where it was or went, and a build ends the hold."""
    attempt = attempt_to("roll back")
    for at in range(1, attempt.count(Kind.CHANGING) + 1):
        data = attempt.archive.copy()
        status, _, _ = attempt(data, fate, Kind.CHANGING, at)
        assert status == KILLED
        change, state = shown(data)
        assert change in {attempt.archive.ledger.numbers[number] for number in (SHOWN_DEEDS - 2, SHOWN_DEEDS)}
        assert state == attempt.archive.ledger.state_at(change)
        build_anew(data)
        assert held(data) is None
        attempt.archive.recover(data)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("program", ["write", "publish"])
def test_a_refused_call_is_said_and_loses_nothing(
    attempt_to: Callable[[str], Attempt], rng: random.Random, rounds: Rounds, program: str, fault: str
) -> None:
    """Whichever call fails: no stack trace but a message with the folder; what was published before can be searched.

    What was acknowledged all the same is kept, and when the fault is over everything goes on by itself.
    """
    attempt, way = attempt_to(program), FAULTS[fault]
    total = attempt.count(way.kinds)
    tried, ends = list(points(total, rounds(6, total), rng)), set()
    for at in tried:
        data = attempt.archive.copy()
        status, count, said = attempt(data, way.fate, way.kinds, at, way.error)
        assert status == 0
        assert count >= at
        ends.add(said == programs.DONE)
        assert said == programs.DONE or str(data.path) in said, said
        change, _ = shown(data)
        assert change >= attempt.archive.ledger.numbers[SHOWN_DEEDS]
        if said == programs.DONE and program == "write":
            with Store.open(data.archive) as store:
                assert store.change == attempt.archive.ledger.numbers[-1]
        attempt.archive.recover(data)
    assert False in ends or len(tried) < total, "no call that failed was noticed"


@pytest.mark.parametrize("fault", ["broken disk", "broken once", "too many files", "too many files once"])
def test_an_index_that_cannot_be_read_is_said(
    attempt_to: Callable[[str], Attempt], rng: random.Random, rounds: Rounds, fault: str
) -> None:
    """Whichever call fails while an index is opened, there is a message, not a stack trace, nor a wrong answer."""
    attempt, way = attempt_to("search"), FAULTS[fault]
    total = attempt.count(way.kinds)
    for at in points(total, rounds(6, total), rng):
        data = attempt.archive.copy()
        status, _, said = attempt(data, way.fate, way.kinds, at, way.error)
        assert status == 0
        assert said == programs.DONE or str(data.path) in said, said


def points(total: int, wanted: int, rng: random.Random) -> Iterator[int]:
    """Which of `total` calls to try, in order: all, or as many as wanted."""
    yield from range(1, total + 1) if wanted >= total else sorted(rng.sample(range(1, total + 1), wanted))
