"""Folders are watched: what is new there is taken in once it is at rest, and nothing is taken twice or lost."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.archive.store import Store
from index.errors import DiskFull, StoreVersion, UnreadableInput
from index.ingest.at_rest import FileWatch, Look, Ready, is_open_for_writing
from index.ingest.file_memory import FileMemory, FileRead
from index.ingest.watching import Told, Took, Trouble, Watcher
from tests.index.fakes import FakeExtractor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from index.document import Document, RawDocument

PATIENCE_S = 20


@dataclass
class Clock:
    """A clock that stands still until it is told."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now


@dataclass
class Watching:
    """A watcher of a folder, step by step, and what it told."""

    root: Path
    clock: Clock = field(default_factory=Clock)
    extractor: FakeExtractor = field(default_factory=FakeExtractor)
    told: list[Told] = field(default_factory=list)
    written: set[Path] = field(default_factory=set)
    options: str = ""
    stop: threading.Event = field(default_factory=threading.Event)
    watcher: Watcher = field(init=False)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.watcher = self._watcher()

    @property
    def folder(self) -> Path:
        """The folder that is watched."""
        return self.root / "in"

    @property
    def archive(self) -> Path:
        """Where the articles go."""
        return self.root / "archive.sqlite"

    def restart(self) -> None:
        """Another process takes over."""
        self.watcher.close()
        self.watcher = self._watcher()

    def _watcher(self) -> Watcher:
        def make(known: Mapping[str, FileRead]) -> FileWatch:
            return FileWatch(
                (self.folder,),
                known,
                options=self.options,
                settle_s=2,
                clock=self.clock,
                is_written=lambda path: path in self.written,
            )

        return Watcher(self.archive, make, rules=lambda: self.extractor, tell=self.told.append)

    def write(self, name: str, text: str) -> Path:
        """Write a file."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def look(self, *, after_s: float = 0.0) -> list[Told]:
        """Look once; what was told."""
        self.clock.now += after_s
        self.told.clear()
        self.watcher.step(self.stop)
        return list(self.told)

    def settle(self) -> list[Told]:
        """Look, and look again when everything has been at rest for long enough; what was told the second time."""
        self.look()
        return self.look(after_s=3)

    @property
    def kept(self) -> dict[str, str]:
        """The archive's texts by id."""
        with Store.open(self.archive) as store:
            return {document.id: document.text for _, document in store.documents()}


@pytest.fixture
def watching(tmp_path: Path) -> Iterator[Watching]:
    """A watcher of an empty folder."""
    watching = Watching(tmp_path)
    yield watching
    watching.watcher.close()


def took(told: list[Told]) -> list[tuple[int, int, int, int]]:
    """Of each batch: files, articles added, updated, unchanged."""
    return [
        (item.files, item.report.added, item.report.updated, item.report.unchanged)
        for item in told
        if isinstance(item, Took)
    ]


def test_a_file_is_taken_when_it_has_been_at_rest(watching: Watching) -> None:
    """A new file is taken once it has not changed for a while, not before, and once."""
    watching.write("a.txt", "one")
    assert took(watching.look()) == []
    assert took(watching.look(after_s=1)) == []
    assert took(watching.look(after_s=1)) == [(1, 1, 0, 0)]
    assert took(watching.look(after_s=60)) == []
    assert watching.kept == {"a": "one"}


def test_a_file_that_still_changes_waits(watching: Watching) -> None:
    """Every change begins the wait anew: what is written piece by piece is taken whole."""
    path = watching.write("a.txt", "one ")
    for _ in range(5):
        assert took(watching.look(after_s=1.5)) == []
        with path.open("a", encoding="utf-8") as file:
            file.write("more ")
    watching.look(after_s=1.5)
    assert took(watching.look(after_s=2)) == [(1, 1, 0, 0)]
    assert watching.kept == {"a": "one more more more more more "}


def test_a_file_that_is_open_for_writing_waits_and_is_told_of(watching: Watching) -> None:
    """However long its writer pauses, a file is not taken before it is closed; after a minute that is said, once."""
    path = watching.write("a.txt", "one")
    watching.written.add(path)
    assert watching.settle() == []
    told = watching.look(after_s=100)
    assert [item.long_written for item in told if isinstance(item, Look)] == [(str(path),)]
    assert watching.look(after_s=100) == []
    watching.written.clear()
    assert took(watching.look(after_s=1)) == [(1, 1, 0, 0)]


def test_a_changed_file_is_an_update_and_a_touched_one_is_nothing(watching: Watching) -> None:
    """What counts is what is in a file: new words are taken, new times are not."""
    path = watching.write("a.txt", "one")
    watching.settle()
    path.write_text("two", encoding="utf-8")
    assert took(watching.settle()) == [(1, 0, 1, 0)]
    os.utime(path, (1, 1))
    assert watching.settle() == []
    assert watching.kept == {"a": "two"}


def test_a_restart_reads_nothing_again(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read is remembered by the archive, so another process does not even open it."""
    watching.write("a.txt", "one")
    watching.write("b.jsonl", '{"id": "x", "body": "two"}\n{"body": 7}\n')
    watching.settle()
    watching.restart()
    monkeypatch.setattr(FileWatch, "digest_of", lambda *_: pytest.fail("it was opened"))
    assert watching.settle() == []


def test_what_was_changed_otherwise_is_not_undone_by_a_restart(watching: Watching) -> None:
    """An article that came from a file and was corrected since stays corrected while the file stays as it is."""
    path = watching.write("a.txt", "one")
    watching.settle()
    with Store.open(watching.archive) as store:
        raw = store.find("a")
        assert raw is not None
        corrected = FakeExtractor().understand(raw.raw, "a")
        store.delete("a")
        assert store.count == 0
    watching.restart()
    os.utime(path, (1, 1))
    watching.settle()
    assert watching.kept == {}
    path.write_text(corrected.text + " and more", encoding="utf-8")
    watching.settle()
    assert watching.kept == {"a": "one and more"}


def test_a_file_that_was_deleted_changes_nothing(watching: Watching) -> None:
    """Articles stay when their files go: a folder that is not mounted must not empty an archive."""
    watching.write("a.txt", "one").parent.joinpath("b.txt").write_text("two", encoding="utf-8")
    watching.settle()
    (watching.folder / "a.txt").unlink()
    assert watching.settle() == []
    assert watching.kept == {"a": "one", "b": "two"}


def test_a_name_that_is_given_on_costs_no_article(watching: Watching) -> None:
    """A file is renamed and another one gets its name: both stay in the archive, and each can be corrected."""
    latest = watching.write("latest.txt", "one")
    watching.settle()
    first = latest.rename(watching.folder / "2020-03-01.txt")
    assert took(watching.settle()) == [(1, 0, 0, 1)]
    watching.write("latest.txt", "two")
    assert took(watching.settle()) == [(1, 1, 0, 0)]
    watching.restart()
    assert watching.settle() == []
    first.write_text("one, corrected", encoding="utf-8")
    assert took(watching.settle()) == [(1, 0, 1, 0)]
    assert sorted(watching.kept.values()) == ["one, corrected", "two"]


def test_one_of_two_equal_files_may_be_corrected(watching: Watching) -> None:
    """Two files with one text are one article; when one of them is given another text, the other keeps its own."""
    watching.write("a.txt", "one")
    watching.write("b.txt", "one")
    assert took(watching.settle()) == [(2, 1, 0, 1)]
    watching.write("a.txt", "two")
    assert took(watching.settle()) == [(1, 1, 0, 0)]
    assert sorted(watching.kept.values()) == ["one", "two"]


def test_a_folder_that_is_gone_is_told_of_once_and_taken_up_again(watching: Watching) -> None:
    """A folder that vanishes is a problem told once; when it is back, so is the watching."""
    watching.write("a.txt", "one")
    watching.settle()
    watching.folder.rename(watching.root / "away")
    told = watching.look()
    assert [problem.reason for item in told if isinstance(item, Look) for problem in item.problems] == [
        "does not exist"
    ]
    assert watching.look(after_s=5) == []
    (watching.root / "away").rename(watching.folder)
    watching.write("b.txt", "two")
    assert took(watching.settle()) == [(1, 1, 0, 0)]


def test_problems_are_told_once_for_each_version(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row or file that cannot be taken is told of when it is read, and again only when it has changed."""
    rows = watching.write("rows.jsonl", '{"body": "fine"}\n{"body": 7}\n')
    (watching.folder / "odd.txt").write_bytes(b"\xff\xfe\xff")
    (watching.folder / "c.pdf").write_bytes(b"%PDF")
    first = [*watching.look(), *watching.look(after_s=3)]
    (batch,) = [item for item in first if isinstance(item, Took)]
    assert sorted((Path(problem.path).name, problem.line) for problem in batch.report.problems) == [
        ("odd.txt", None),
        ("rows.jsonl", 2),
    ]
    assert [Path(item.path).name for look in first if isinstance(look, Look) for item in look.passed] == ["c.pdf"]
    assert watching.settle() == []
    tried: list[object] = []
    monkeypatch.setattr(FileWatch, "refused", lambda _watch, ready: tried.append(ready.file.origin))
    assert watching.look(after_s=1000) == watching.settle() == []
    assert tried == [str(watching.folder / "odd.txt")]  # it might have been the disk
    rows.write_text('{"body": "fine"}\n{"body": 8}\n', encoding="utf-8")
    (batch,) = [item for item in watching.settle() if isinstance(item, Took)]
    assert [problem.line for problem in batch.report.problems] == [2]


def test_what_could_not_be_read_is_forgotten_with_its_file(watching: Watching) -> None:
    """A file that could not be read, and is gone, is as new when it comes again; nothing of it is kept meanwhile."""
    path = watching.write("a.txt", "")
    (first,) = watching.settle()
    path.unlink()
    assert watching.settle() == []
    look = watching.watcher._watch  # noqa: SLF001 - that it does not grow can't be seen from outside
    assert look is not None
    assert not look._retry  # noqa: SLF001 - likewise
    assert not look._refusals  # noqa: SLF001 - likewise
    path.touch()
    (second,) = watching.settle()
    assert isinstance(first, Took)
    assert isinstance(second, Took)
    assert first.report.problems[0].reason == second.report.problems[0].reason


def test_rows_of_a_file_that_is_tried_again_are_told_of_once(watching: Watching) -> None:
    """What was told of a row is not told again for the rest of its file, which is damaged and tried again."""

    class Refusing(FakeExtractor):
        """Understands nothing."""

        def understand(self, raw: RawDocument, article_id: str) -> Document:  # noqa: ARG002 - as it is asked
            raise UnreadableInput(raw.origin, None, "is not understood")

    watching.extractor = Refusing()
    packed = gzip.compress(b"".join(b'{"body": "%s"}\n' % os.urandom(1000).hex().encode() for _ in range(1000)))
    (watching.folder / "a.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    (batch,) = watching.settle()
    assert isinstance(batch, Took)
    names = [Path(problem.path).name for problem in batch.report.problems]
    assert (names[0], names[-1]) == ("a.jsonl.gz:1", "a.jsonl.gz")
    assert watching.look(after_s=1000) == watching.settle() == []


def test_a_file_that_could_not_be_opened_is_not_hidden_by_bad_rows(
    watching: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many rows are bad beside it, a file that could not be opened is not taken for read, and is read later."""
    monkeypatch.setattr("index.ingest.ingestion.MAX_LISTED", 3)
    watching.write("a.jsonl", '{"body": 7}\n' * 10)
    locked = watching.write("b.txt", "one")
    with monkeypatch.context() as locking:

        def reach(path: Path) -> Path:
            if path == locked:
                raise PermissionError(13, "Permission denied")
            return path

        locking.setattr("index.read.files.open_plain_file", lambda path: reach(path).open("rb"))
        locking.setattr(FileWatch, "digest_of", lambda _watch, ready: reach(ready.path).read_text())
        (batch,) = [item for item in watching.settle() if isinstance(item, Took)]
    assert (batch.report.problem_count, batch.report.unread) == (11, frozenset({str(locked)}))
    with FileMemory.open(watching.archive) as memory:
        assert [Path(path).name for path in memory.files()] == ["a.jsonl"]
    watching.restart()
    assert took(watching.settle()) == [(1, 1, 0, 0)]
    assert watching.kept == {"b": "one"}


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that has become a pipe since it was seen is a problem at once."""
    path = watching.write("a.txt", "one")
    digest_of = FileWatch.digest_of

    def swapped(watch: FileWatch, ready: Ready) -> str:
        path.unlink()
        os.mkfifo(path)
        return digest_of(watch, ready)

    monkeypatch.setattr(FileWatch, "digest_of", swapped)
    (batch,) = [item for item in watching.settle() if isinstance(item, Took)]
    assert [problem.reason for problem in batch.report.problems] == ["is not a plain file"]


@pytest.mark.parametrize("put_away", [Path.unlink, lambda archive: archive.rename(archive.with_name("old"))])
def test_another_archive_in_the_place_of_the_one_before_lacks_nothing(
    watching: Watching, put_away: Callable[[Path], object]
) -> None:
    """An archive that is put where another was, deleted or moved away, is given what only that one had read."""
    watching.write("a.txt", "one")
    watching.settle()
    put_away(watching.archive)
    for beside in watching.root.glob("archive.sqlite-*"):
        beside.unlink()
    assert watching.settle() == []
    assert not watching.archive.exists()  # whoever restores finds its place free
    with Store.open(watching.archive) as store:
        assert store.count == 0
    assert took(watching.settle()) == [(1, 1, 0, 0)]
    watching.write("b.txt", "two")
    assert took(watching.settle()) == [(1, 1, 0, 0)]
    assert watching.kept == {"a": "one", "b": "two"}


def test_what_an_earlier_version_noted_without_having_read_it_is_read(watching: Watching) -> None:
    """A file without a digest in the memory was never read, so it is news."""
    path = watching.write("a.txt", "one")
    status = path.stat()
    with FileMemory.open(watching.archive) as memory:
        memory.note({str(path): FileRead(f"{status.st_size}.{status.st_mtime_ns}.", "")})
    watching.restart()
    assert took(watching.settle()) == [(1, 1, 0, 0)]


def test_files_read_in_another_way_are_other_files(watching: Watching) -> None:
    """With other names for fields, say, what was read before is read again."""
    watching.write("a.txt", "one")
    watching.settle()
    watching.options = "mapped"
    watching.restart()
    assert took(watching.settle()) == [(1, 0, 0, 1)]


def test_trouble_is_waited_out(watching: Watching, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the archive cannot be written it is tried again, ever less often, and then nothing is missing."""
    failures = iter((True, True, False))
    put = Store.put

    def failing(store: Store, *arguments: object, **options: object) -> object:
        if next(failures, False):
            raise DiskFull(store.path)
        return put(store, *arguments, **options)  # type: ignore[arg-type] # handed on

    monkeypatch.setattr(Store, "put", failing)
    monkeypatch.setattr("index.ingest.watching.FIRST_RETRY_S", 0.01)
    watching.write("a.txt", "one")
    watching.look()
    watching.clock.now += 5

    def tell(told: Told) -> None:
        watching.told.append(told)
        if isinstance(told, Took):
            watching.stop.set()

    watching.watcher._tell = tell  # noqa: SLF001 - to be stopped by what it tells
    watching.watcher.run(watching.stop)
    assert [item.retry_s for item in watching.told if isinstance(item, Trouble)] == [0.01, 0.02]
    assert watching.kept == {"a": "one"}


def test_another_versions_archive_ends_it(watching: Watching) -> None:
    """What waiting does not mend is an error at once."""
    with Store.open(watching.archive) as store:
        store._connection.execute("PRAGMA user_version = 99")  # noqa: SLF001 - as another version would have it
    with pytest.raises(StoreVersion):
        watching.watcher.run(watching.stop)


def test_it_stops_in_the_middle_of_a_file(watching: Watching) -> None:
    """Told to stop while it reads a large file, it stops; what was not kept is read the next time."""
    watching.write("rows.jsonl", "".join(f'{{"id": "{number}", "body": "b"}}\n' for number in range(300)))
    watching.look()
    watching.clock.now += 5
    understand, calls = watching.extractor.understand, 0

    def stopping(*arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 50:
            watching.stop.set()
        return understand(*arguments)  # type: ignore[arg-type] # handed on

    watching.extractor.understand = stopping  # type: ignore[method-assign,assignment] # to stop within
    watching.watcher.run(watching.stop)
    assert calls < 100
    watching.stop.clear()
    watching.restart()
    watching.settle()
    assert len(watching.kept) == 300


def test_memory_is_empty_where_nobody_watched(tmp_path: Path) -> None:
    """An archive that nobody watched folders for has nothing to remember, and gets no table by being asked."""
    path = tmp_path / "archive.sqlite"
    with Store.open(path), FileMemory.open(path) as memory:
        assert memory.files() == {}
        memory.note({})
        assert memory.files() == {}


WRITER = """
import sys, time
for name in ("slow", "stalled"):
    file = open(f"{sys.argv[1]}/{name}.txt", "w")
    for piece in range(6):
        file.write(f"piece {piece}. ")
        file.flush()
        time.sleep(0.9 if name == "stalled" and piece == 2 else 0.1)
    file.write("the end")
    file.close()
print("written", flush=True)
"""


@pytest.fixture
def leases(tmp_path: Path) -> None:
    """Skip where the system does not tell who has a file open."""
    with (tmp_path / "open").open("w") as file:
        if not is_open_for_writing(Path(file.name)):
            pytest.skip("this system does not tell whether a file is open for writing")


def test_an_open_file_is_told_from_a_closed_one(leases: None, tmp_path: Path) -> None:  # noqa: ARG001 - a condition
    """The system says of a file that somebody has it open to write; of one that is read, or not there, it does not."""
    path = tmp_path / "a.txt"
    with path.open("w") as file:
        file.write("one")
        assert is_open_for_writing(path)
    assert not is_open_for_writing(path)
    with path.open() as _reader:
        assert not is_open_for_writing(path)
    assert not is_open_for_writing(tmp_path / "none")


def test_no_half_written_file_is_ever_taken(leases: None, tmp_path: Path) -> None:  # noqa: ARG001 - a condition
    """A real writer that pauses for longer than files must be at rest: only whole files come into the archive."""
    folder, archive = tmp_path / "in", tmp_path / "archive.sqlite"
    folder.mkdir()
    stop, texts = threading.Event(), set()

    class Remembering(FakeExtractor):
        """Remembers every text that it is given."""

        def understand(self, raw: object, article_id: str) -> object:  # type: ignore[override] # handed on
            texts.add(raw.content)  # type: ignore[attr-defined] # likewise
            return super().understand(raw, article_id)  # type: ignore[arg-type] # likewise

    watcher = Watcher(
        archive,
        lambda known: FileWatch((folder,), known, settle_s=0.3),
        rules=Remembering,  # type: ignore[arg-type] # one with each batch
        tell=lambda _told: None,
        look_every_s=0.05,
    )
    thread = threading.Thread(target=watcher.run, args=(stop,))
    thread.start()
    try:
        subprocess.run([sys.executable, "-c", WRITER, str(folder)], check=True, timeout=PATIENCE_S, capture_output=True)
        deadline = time.monotonic() + PATIENCE_S
        while len(texts) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        stop.set()
        thread.join(PATIENCE_S)
    with Store.open(archive) as store:
        kept = {document.id: document.text for _, document in store.documents()}
    whole = " ".join(f"piece {piece}." for piece in range(6)) + " the end"
    assert texts == {whole}
    assert set(kept.values()) == {whole}
    assert kept.keys() & {"slow", "stalled"}
