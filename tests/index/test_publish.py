"""Whatever happens while publishing, CURRENT names a complete generation, and the next publish clears up."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import BusyError, GenerationError, NoGeneration
from index.layout import DataFolder, Generation, Reflects, current, current_id, published, verify
from index.publish import GENERATIONS_KEPT, create_data_folder, publish, write_lock

if TYPE_CHECKING:
    from collections.abc import Callable


REFLECTS = Reflects(archive="a", change=1, rules="r")
STEPS = ("mkdir", "open", "fsync", "rename", "replace", "unlink", "rmdir")
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


def crash_points(data: DataFolder, failure: Callable[[], BaseException], *, before: str | None, after: str) -> int:
    """Publish `after` over `before` with a crash at each system call in turn; return how many there are.

    At each, CURRENT must name one of the two, complete, and the next publish must work and leave nothing behind.
    """
    for at in range(1, 1000):
        shutil.rmtree(data.path)
        create_data_folder(data)
        if before is not None:
            publish_words(data, before)
        with pytest.MonkeyPatch.context() as patches:
            crash = Crash(patches, at, failure)
            try:
                publish_words(data, after)
            except (_Killed, GenerationError):
                pass
            else:
                assert crash.calls < at
                return at - 1
        assert says(data) in {before, after}
        publish_words(data, "next")
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
    shared = publish_words(data, "shared").index / "terms"

    def write(folder: Path) -> int:
        (folder / "index").mkdir()
        (folder / "index" / "terms").hardlink_to(shared)
        return 1

    for _ in range(GENERATIONS_KEPT):
        with write_lock(data) as lock:
            shared = publish(lock, write, lambda _draft: None, reflects=REFLECTS).index / "terms"
    assert says(data) == "shared"


def test_one_process_publishes_at_a_time(data: DataFolder) -> None:
    """The lock is refused while another process holds it, and free again when that process is gone."""
    holder = (
        "import sys; from pathlib import Path\n"
        "from index.layout import DataFolder; from index.publish import write_lock\n"
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
