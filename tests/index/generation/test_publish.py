"""Whatever happens while publishing, CURRENT names a complete generation, and the next publish clears up."""

from __future__ import annotations

import datetime as dt
import errno
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from index.durable import key_of, link_tree
from index.errors import BusyError, DamagedGeneration, GenerationError, NoGeneration
from index.generation.publish import WriteLock, create_data_folder, held, publish, release, roll_back, write_lock
from index.generation.retention import GENERATIONS_KEPT
from index.layout import DataFolder, Generation, Reflects, Verified, current, current_id, published, verify

if TYPE_CHECKING:
    from collections.abc import Callable


REFLECTS = Reflects(archive="a", change=1, rules="r")
STEPS = ("mkdir", "open", "link", "fsync", "rename", "replace", "unlink", "rmdir")
"""The system calls that publishing is made of."""


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """An empty data folder."""
    data = DataFolder(tmp_path / "new" / "data")
    create_data_folder(data)
    return data


def publish_words(data: DataFolder, words: str) -> Generation:
    """Publish a generation that says this."""

    def write(folder: Path) -> int:
        (folder / "index").mkdir()
        (folder / "index" / "terms").write_text(words)
        return 1

    def check(draft: Generation) -> None:
        assert (draft.index / "terms").read_text() == words

    with write_lock(data) as lock:
        return publish(lock, write, check, reflects=REFLECTS)


def publish_on_top(data: DataFolder, words: str) -> Generation:
    """Publish a generation that says this, sharing all else with the current one, if there is one."""
    base = current(data) if data.current.exists() else None

    def write(folder: Path) -> int:
        if base is None:
            (folder / "index").mkdir()
            (folder / "index" / "large").write_text("what never changes")
        else:
            link_tree(base.index, folder / "index")
            (folder / "index" / "terms").unlink()
        (folder / "index" / "terms").write_text(words)
        return 1

    with write_lock(data) as lock:
        return publish(lock, write, lambda _draft: None, reflects=REFLECTS, base=base)


def says(data: DataFolder) -> str | None:
    """What the current generation says, every byte verified; None if there is none."""
    try:
        generation = current(data)
    except NoGeneration:
        return None
    verify(generation)
    return (generation.index / "terms").read_text()


class _Killed(BaseException):
    """What a process that was killed would do next: nothing."""


class Crash:
    """Counts system calls, and from the `at`th on does none of them, as if the process had died there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, at: int, failure: Callable[[], BaseException]) -> None:
        self.calls = 0
        self.at = at
        self.failure = failure
        for name in STEPS:
            monkeypatch.setattr(os, name, self._step(getattr(os, name)))

    def _step(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.calls += 1
            if self.calls >= self.at:
                raise self.failure()
            return call(*args, **kwargs)

        return counted


Publish: TypeAlias = "Callable[[DataFolder, str], Generation]"


def crash_points(
    data: DataFolder,
    failure: Callable[[], BaseException],
    *,
    before: str | None,
    after: str,
    publish: Publish = publish_words,
) -> int:
    """Publish `after` over `before` with a crash at each system call in turn; return how many there are.

    At each, CURRENT must name one of the two, complete, and the next publish must work and leave nothing behind.
    """
    for at in range(1, 1000):
        shutil.rmtree(data.path)
        create_data_folder(data)
        if before is not None:
            publish(data, before)
        with pytest.MonkeyPatch.context() as patches:
            crash = Crash(patches, at, failure)
            try:
                publish(data, after)
            except (_Killed, GenerationError):
                pass
            else:
                assert crash.calls < at
                return at - 1
        assert says(data) in {before, after}
        publish(data, "next")
        assert says(data) == "next"
        leftovers = {path.name for path in data.path.iterdir()} - {"generations", "CURRENT", "lock"}
        assert leftovers == set()
        assert {path.name for path in data.generations.iterdir()} == set(published(data))
        for generation in published(data):
            assert (data.generations / generation / "manifest.json").exists()
    pytest.fail("publishing never ended")


@pytest.mark.parametrize("before", [None, "old"])
def test_a_kill_at_any_step_leaves_a_complete_generation(data: DataFolder, before: str | None) -> None:
    """Killed at any system call, publishing has either not happened or happened whole, and nothing stays behind."""
    assert crash_points(data, _Killed, before=before, after="new") > 10


@pytest.mark.parametrize("before", [None, "old"])
def test_a_kill_while_files_are_shared_leaves_a_complete_generation(data: DataFolder, before: str | None) -> None:
    """The same holds for a generation that links files of the one before, and that one stays complete."""
    assert crash_points(data, _Killed, before=before, after="new", publish=publish_on_top) > 10


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EMFILE], ids=["disk full", "io error", "files"])
def test_a_failing_disk_is_an_error_and_leaves_a_complete_generation(data: DataFolder, number: int) -> None:
    """A system that refuses at any step makes a clear error, and what was published before still answers."""
    assert crash_points(data, lambda: OSError(number, os.strerror(number)), before="old", after="new") > 10


def test_a_failed_publish_says_so_and_takes_its_draft_away(data: DataFolder) -> None:
    """If writing or checking fails, the error comes through, nothing is published, and the disk space is given back."""
    publish_words(data, "old")

    def full(folder: Path) -> int:
        (folder / "big").write_text("x" * 1000)
        raise OSError(errno.ENOSPC, "No space left on device")

    def unsound(_draft: Generation) -> None:
        raise GenerationError("cannot be opened")

    def fine(_folder: Path) -> int:
        return 0

    with write_lock(data) as lock:
        with pytest.raises(GenerationError, match=r"cannot write in .*: No space left on device"):
            publish(lock, full, unsound, reflects=REFLECTS)
        with pytest.raises(GenerationError, match="cannot be opened"):
            publish(lock, fine, unsound, reflects=REFLECTS)
    assert says(data) == "old"
    assert [path.name for path in data.generations.iterdir()] == [current_id(data)]


def test_everything_is_on_disk_before_current_names_it(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file and folder is synced before the draft is renamed, and the rename before CURRENT is replaced."""
    trace: list[str] = []
    opened: dict[int, str] = {}

    def traced_open(path: Any, *args: Any, _open: Callable[..., int] = os.open, **kwargs: Any) -> int:
        handle = _open(path, *args, **kwargs)
        opened[handle] = str(path)
        return handle

    def note(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def traced(first: Any, *rest: Any) -> Any:
            what = opened[first] if isinstance(first, int) else str(rest[0])
            trace.append(f"{name} {what.replace(str(data.path), '')}")
            return call(first, *rest)

        return traced

    monkeypatch.setattr(os, "open", traced_open)
    for name in ("fsync", "rename", "replace"):
        monkeypatch.setattr(os, name, note(name, getattr(os, name)))
    generation = publish_words(data, "words")
    steps = [step.split("/.draft-")[0] + "/" + step.rpartition("/")[2] if ".draft-" in step else step for step in trace]
    draft = [step for step in steps if step.startswith("fsync /generations/")]
    assert {step.rpartition("/")[2].split("-")[0] for step in draft} == {"terms", "index", "manifest.json", ".draft"}
    assert steps[len(draft) :] == [
        f"rename /generations/{generation.id}",
        "fsync /generations",
        "fsync /CURRENT.new",
        "replace /CURRENT",
        "fsync ",
    ]


def test_a_folder_that_another_left_is_on_disk_before_anything_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that made the data folder and died had not synced its name; what is written next would go with it."""
    data = DataFolder(tmp_path / "data")
    data.path.mkdir()
    synced: list[tuple[int, int]] = []

    def fsync(handle: int, _fsync: Callable[[int], None] = os.fsync) -> None:
        status = os.fstat(handle)
        synced.append((status.st_dev, status.st_ino))
        _fsync(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    create_data_folder(data)
    assert synced == [key_of(tmp_path), key_of(data.path)]
    synced.clear()
    create_data_folder(data)
    assert synced == [key_of(data.path)], "what lies further out was synced before that was made"


def test_a_data_folder_whose_parent_cannot_be_read_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else made the folder and gave it to us; where it lies is not ours to sync."""
    data = DataFolder(tmp_path / "data")
    data.path.mkdir()

    def traced_open(path: Any, *rest: Any, _open: Any = os.open, **named: Any) -> int:
        if Path(path) == tmp_path:
            raise PermissionError(13, "Permission denied", str(path))
        return int(_open(path, *rest, **named))

    monkeypatch.setattr(os, "open", traced_open)
    create_data_folder(data)
    assert data.generations.is_dir()


def test_the_two_generations_before_are_kept(data: DataFolder) -> None:
    """Older generations go as new ones come; the newest is always the one that CURRENT names."""
    for number in range(1, 6):
        generation = publish_words(data, str(number))
        kept = published(data)
        assert kept[-1] == generation.id
        assert [int(name.split("-")[0]) for name in kept] == list(
            range(max(1, number - GENERATIONS_KEPT + 1), number + 1)
        )


def test_files_may_be_shared_with_the_generation_before(data: DataFolder) -> None:
    """A generation may hard-link files of another; deleting the other leaves them whole."""
    first = publish_on_top(data, "shared").index / "large"
    number = first.stat().st_ino
    for words in ("a", "b", "c", "d"):
        generation = publish_on_top(data, words)
    assert not first.exists()
    assert (generation.index / "large").stat().st_ino == number
    verify(generation)


def test_files_that_are_shared_are_not_synced_or_read_again(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the generation before had on disk already costs nothing; all else, and every folder, is synced."""
    base = publish_on_top(data, "shared")
    seen = Verified()
    verify(base, seen)
    synced: set[tuple[int, int]] = set()
    opened: list[str] = []

    def fsync(handle: int, _fsync: Callable[[int], None] = os.fsync) -> None:
        status = os.fstat(handle)
        synced.add((status.st_dev, status.st_ino))
        _fsync(handle)

    def file_digest(file: Any, name: str, _digest: Any = hashlib.file_digest) -> Any:
        opened.append(Path(file.name).name)
        return _digest(file, name)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(hashlib, "file_digest", file_digest)

    def write(folder: Path) -> int:
        link_tree(base.index, folder / "index")
        (folder / "index" / "more").write_text("more")
        return 1

    with write_lock(data) as lock:
        generation = publish(lock, write, lambda _draft: None, reflects=REFLECTS, base=base, seen=seen)
    assert opened == ["more"]
    wanted = {key_of(path) for path in (generation.path, *generation.path.rglob("*"))} - {
        key_of(path) for path in base.index.iterdir()
    }
    assert wanted <= synced
    assert not {key_of(path) for path in base.index.iterdir()} & synced
    verify(generation)


def rules_published(data: DataFolder, rules: str) -> Generation:
    """Publish a generation made by these rules."""

    def write(folder: Path) -> int:
        (folder / "terms").write_text(rules)
        return 1

    with write_lock(data) as lock:
        return publish(lock, write, lambda _draft: None, reflects=replace(REFLECTS, rules=rules))


def test_the_last_generation_made_by_other_rules_is_kept(data: DataFolder) -> None:
    """However much is published after a change of rules, one can go back to before it; not to the change before."""
    made = [rules_published(data, rules).id for rules in ("a", "b", "b", "c", "c", "c", "c", "c")]
    assert published(data) == (made[2], *made[-3:])


def test_rolling_back_answers_from_the_generation_before_and_holds(data: DataFolder) -> None:
    """CURRENT names the one before, and the hold says since when and why; going back again goes further back."""
    first, second, third = (publish_words(data, words) for words in ("one", "two", "three"))
    assert held(data) is None
    began = dt.datetime.now(dt.UTC)
    assert roll_back(data) == second
    assert says(data) == "two"
    hold = held(data)
    assert hold is not None
    assert began <= hold.since <= dt.datetime.now(dt.UTC)
    assert (hold.generation, hold.reason) == (second.id, f"rolled back from {third.id} to {second.id}")
    assert roll_back(data) == first
    assert roll_back(data, third.id) == third
    assert says(data) == "three"
    assert published(data) == (first.id, second.id, third.id)


def test_after_a_hold_what_was_gone_back_from_goes(data: DataFolder) -> None:
    """Once something is published on top of a generation gone back to, the newer ones go; not if that failed."""
    publish_words(data, "one")
    dropped = publish_words(data, "two")
    roll_back(data)

    def full(_folder: Path) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with write_lock(data) as lock, pytest.raises(GenerationError):
        publish(lock, full, lambda _draft: None, reflects=REFLECTS)
    assert dropped.id in published(data)
    publish_words(data, "three")
    assert dropped.id not in published(data)
    with write_lock(data) as lock:
        release(lock)
        release(lock)
    assert held(data) is None
    assert says(data) == "three"


@pytest.mark.parametrize(
    ("to", "damaged", "reason"),
    [
        pytest.param(None, False, "keeps no whole generation before .*nothing to go back to", id="none before"),
        pytest.param("9-00000000", False, "has no generation 9-00000000; it keeps 1-", id="not kept"),
        pytest.param("2", True, "was altered", id="damaged"),
    ],
)
def test_a_rollback_that_cannot_be_changes_nothing(
    data: DataFolder,
    to: str | None,
    damaged: bool,  # noqa: FBT001 - a table's column
    reason: str,
) -> None:
    """Where there is nothing whole to go to, the error says so; CURRENT stays and nothing is held."""
    publish_words(data, "one")
    if damaged:
        second = publish_words(data, "two")
        publish_words(data, "three")
        (second.index / "terms").write_text("owt")
        to = second.id
    before = says(data)
    with pytest.raises(GenerationError, match=reason):
        roll_back(data, to)
    assert (says(data), held(data)) == (before, None)


def test_with_a_damaged_current_one_can_go_to_a_generation_by_name(data: DataFolder) -> None:
    """What to go back from is not known, so one has to say where to."""
    first = publish_words(data, "one")
    publish_words(data, "two")
    data.current.write_text("junk")
    with pytest.raises(DamagedGeneration, match="junk"):
        roll_back(data)
    assert roll_back(data, first.id) == first
    assert says(data) == "one"
    assert (hold := held(data))
    assert hold.reason == f"rolled back from a damaged CURRENT to {first.id}"


def test_a_damaged_generation_is_passed_over_on_the_way_back(data: DataFolder) -> None:
    """Going back by default goes to the newest before that is whole."""
    publish_words(data, "one")
    (publish_words(data, "two").index / "terms").write_text("owt")
    publish_words(data, "three")
    roll_back(data)
    assert says(data) == "one"


def test_a_rollback_interrupted_between_its_steps_is_held_and_answers_as_before(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Publishing is held before CURRENT changes: otherwise the next change could undo the rollback unseen."""
    for words in ("one", "two"):
        publish_words(data, words)

    def killed(*_arguments: object) -> None:
        raise _Killed

    with monkeypatch.context() as patches:
        patches.setattr("index.generation.publish._point", killed)
        with pytest.raises(_Killed):
            roll_back(data)
    assert says(data) == "two"
    assert held(data) is not None


def test_a_hold_that_cannot_be_read_holds(data: DataFolder) -> None:
    """A damaged HELD file still holds, and says what is wrong with it."""
    data.held.write_text("{")
    hold = held(data)
    assert hold is not None
    assert str(data.held) in hold.reason


def test_a_little_patience_outwaits_a_short_publish(data: DataFolder) -> None:
    """Who is patient gets the lock when it is free; who is not is refused at once."""
    with write_lock(data), pytest.raises(BusyError), write_lock(data, patience_s=0.05):
        pytest.fail("two hold the lock")
    got: list[WriteLock] = []

    def wait() -> None:
        with write_lock(data, patience_s=30) as mine:
            got.append(mine)

    with write_lock(data):
        thread = threading.Thread(target=wait)
        thread.start()
    thread.join()
    assert [lock.data for lock in got] == [data]


def test_one_process_publishes_at_a_time(data: DataFolder) -> None:
    """The lock is refused while another process holds it, and free again when that process is gone."""
    holder = (
        "import sys; from pathlib import Path\n"
        "from index.layout import DataFolder; from index.generation.publish import write_lock\n"
        "with write_lock(DataFolder(Path(sys.argv[1]))): print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", holder, str(data.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(BusyError, match="another process is writing"), write_lock(data):
            pytest.fail("two hold the lock")
        process.kill()
    with write_lock(data) as lock:
        assert lock.data == data


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """A data folder that cannot be made or locked is a clear error."""
    (tmp_path / "file").touch()
    with pytest.raises(GenerationError, match="cannot write in"):
        create_data_folder(DataFolder(tmp_path / "file" / "data"))
    with pytest.raises(GenerationError, match="No such file"), write_lock(DataFolder(tmp_path / "none")):
        pytest.fail("locked a folder that is not there")


def test_the_data_folder_may_be_named_relative_to_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--data ./data` publishes as well as an absolute path."""
    monkeypatch.chdir(tmp_path)
    data = DataFolder(Path("data"))
    create_data_folder(data)
    publish_words(data, "here")
    assert says(data) == "here"
