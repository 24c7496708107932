"""A backup has everything that was acknowledged, and comes back whole or not at all."""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import hashlib
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from index.archive.backup import DATABASE, MANIFEST, BackupManifest, write_backup
from index.archive.restore import restore
from index.archive.store import Store
from index.archive.work_folder import work_folder
from index.durable import FileKey, key_of
from index.errors import BackupError, BackupVersion, BusyError, DamagedStore, StoreError
from index.layout import DataFolder
from tests.index.fakes import FakeExtractor, article

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).parents[3]
PATIENCE_S = 30


def put(data: DataFolder, *ids: str, text: str = "some words") -> None:
    """Put articles."""
    data.path.mkdir(exist_ok=True)
    extractor = FakeExtractor()
    with Store.open(data.archive) as store:
        raws = [article(f"{text} {article_id}", article_id=article_id) for article_id in ids]
        store.put([(raw, extractor.understand(raw, raw.id or "")) for raw in raws], rules="r")


def kept(data: DataFolder) -> list[str]:
    """The ids of the articles, in order."""
    with Store.open(data.archive, must_exist=True) as store:
        return [document.id for _, document in store.documents()]


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """An archive of three articles, with settings, and with what no backup should hold."""
    data = DataFolder(tmp_path / "data")
    put(data, "a", "b", "c")
    (data.path / "topics.toml").write_text('[fire]\nname = "Fire"\nquery = "burn"\n')
    (data.path / "access.json").write_text('{"version": 1}')
    (data.path / "access.json").chmod(0o600)
    (data.path / "searches.json").write_text('{"version": 1, "searches": []}')
    (data.path / "CURRENT").write_text("1-00000000\n")
    (data.path / "compiled").mkdir()
    return data


@pytest.fixture
def target(tmp_path: Path) -> DataFolder:
    """A data folder that is not there yet."""
    return DataFolder(tmp_path / "restored")


@pytest.fixture
def backup(data: DataFolder, tmp_path: Path) -> Path:
    """A backup of it."""
    write_backup(data, tmp_path / "backup.zip", made_by="test")
    return tmp_path / "backup.zip"


def test_what_is_backed_up_is_restored(data: DataFolder, backup: Path, target: DataFolder) -> None:
    """Articles with their numbers, settings with their permissions; and nothing that can be made again."""
    manifest = restore(backup, target)
    assert (manifest.articles, manifest.change, manifest.made_by) == (3, 3, "test")
    assert sorted(path.name for path in target.path.iterdir()) == [
        "access.json",
        "archive.sqlite",
        "generations",
        "searches.json",
        "topics.toml",
    ]
    with Store.open(data.archive) as before, Store.open(target.archive) as after:
        assert list(after.documents()) == list(before.documents())
        assert list(after.changes()) == list(before.changes())
        assert after.id == before.id == manifest.archive
        assert after.problems() == ()
    put(target, "d")
    assert kept(target) == ["a", "b", "c", "d"]
    assert stat.S_IMODE((target.path / "access.json").stat().st_mode) == 0o600
    assert (target.path / "topics.toml").read_text() == (data.path / "topics.toml").read_text()


def test_a_backup_is_for_its_owner_alone_and_leaves_nothing_behind(backup: Path, tmp_path: Path) -> None:
    """It holds what keys are checked by; and what it was made in is gone."""
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.zip", "data"]


def test_all_that_is_restored_is_on_disk(backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every file and every folder that is made has been synced, and so has what they are in."""
    synced: set[FileKey] = set()

    def fsync(handle: int, _fsync: Callable[[int], None] = os.fsync) -> None:
        status = os.fstat(handle)
        synced.add((status.st_dev, status.st_ino))
        _fsync(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    restore(backup, DataFolder(tmp_path / "new" / "within"))
    made = [path for path in (tmp_path / "new", *(tmp_path / "new").rglob("*")) if path.name != "generations"]
    assert [path for path in (tmp_path, *made) if key_of(path) not in synced] == []  # generations is empty


def test_a_serial_is_not_given_again_after_a_restore(data: DataFolder, tmp_path: Path, target: DataFolder) -> None:
    """An article that was deleted last leaves its number used, also in the restored archive."""
    with Store.open(data.archive) as store:
        store.delete("c")
    write_backup(data, tmp_path / "b.zip", made_by="test")
    restore(tmp_path / "b.zip", target)
    put(target, "d")
    with Store.open(target.archive) as store:
        assert [serial for serial, _ in store.documents()] == [1, 2, 4]
        assert store.change == 5


def test_a_backup_takes_the_place_of_the_one_before_in_one_step(data: DataFolder, backup: Path) -> None:
    """The same name again is a newer backup; if it fails, the older one is still there, untouched."""
    put(data, "d")
    assert write_backup(data, backup, made_by="test").articles == 4
    before = backup.read_bytes()
    data.archive.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError):
        write_backup(data, backup, made_by="test")
    assert backup.read_bytes() == before


def test_members_are_the_same_for_the_same_archive(data: DataFolder, backup: Path, tmp_path: Path) -> None:
    """Two backups of an archive that did not change differ in when they were made, and in nothing else."""
    again = tmp_path / "again.zip"
    write_backup(data, again, made_by="test")
    with zipfile.ZipFile(backup) as one, zipfile.ZipFile(again) as other:
        settings = ["topics.toml", "access.json", "searches.json"]
        assert [info.filename for info in one.infolist()] == [MANIFEST, DATABASE, *settings]
        assert [one.read(info) for info in one.infolist()[1:]] == [other.read(info) for info in other.infolist()[1:]]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda data: data.path / "none" / "b.zip", "cannot be written: No such file", id="no folder"),
        pytest.param(lambda data: data.path, "cannot be written", id="a folder"),
    ],
)
def test_where_no_backup_can_be_written(data: DataFolder, make: Callable[[DataFolder], Path], said: str) -> None:
    """A file that cannot be is an error that names it."""
    with pytest.raises(BackupError, match=said):
        write_backup(data, make(data), made_by="test")


@pytest.mark.parametrize(
    "name",
    [
        DATABASE,
        f"{DATABASE}-wal",
        "CURRENT",
        "HELD",
        "lock",
        "topics.toml",
        "synonyms.toml",
        "indexer.json",
        "generations/1-00000000/backup.zip",
        "compiled/backup.zip",
        "link/CURRENT",
    ],
)
def test_no_file_of_the_archive_is_replaced(data: DataFolder, tmp_path: Path, name: str) -> None:
    """A name that is one of the archive's own, there or not, by whatever path, is refused before anything is done."""
    (data.path / "link").symlink_to(data.path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BackupError, match=f"{name} is among the archive's own files"):
        write_backup(data, data.path / name, made_by="test")
    assert sorted(tmp_path.rglob("*")) == before
    assert kept(data) == ["a", "b", "c"]


def test_an_archive_that_is_elsewhere_is_not_replaced(data: DataFolder, tmp_path: Path) -> None:
    """Where the database is a link, what it leads to is the archive's own."""
    (tmp_path / "disk").mkdir()
    data.archive.rename(tmp_path / "disk" / "large")
    data.archive.symlink_to(tmp_path / "disk" / "large")
    with pytest.raises(BackupError, match="is among the archive's own files"):
        write_backup(data, tmp_path / "disk" / "large", made_by="test")
    assert kept(data) == ["a", "b", "c"]


def test_a_backup_may_lie_beside_the_archive(data: DataFolder, target: DataFolder) -> None:
    """Nothing of the archive's own ends in .zip, so a backup of such a name may be in its folder."""
    write_backup(data, data.path / "backup.zip", made_by="test")
    restore(data.path / "backup.zip", target)
    assert kept(target) == ["a", "b", "c"]


@pytest.mark.parametrize("is_link", [False, True])
def test_what_is_not_a_plain_file_is_not_replaced(data: DataFolder, tmp_path: Path, *, is_link: bool) -> None:
    """A pipe or a device stays what it is."""
    file = tmp_path / "b.zip"
    if is_link:
        file.symlink_to("/dev/null")
    else:
        os.mkfifo(file)
    before = file.lstat().st_ino
    with pytest.raises(BackupError, match="not a plain file"):
        write_backup(data, file, made_by="test")
    assert file.lstat().st_ino == before


def test_a_copy_that_cannot_be_written_is_not_blamed_on_the_archive(data: DataFolder, tmp_path: Path) -> None:
    """Where the system refuses to write the copy, the error names the backup, and no damage."""
    put(data, "long", text="many words " * 20_000)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(BackupError, match=r"b\.zip cannot be written: disk I/O error$"):
            write_backup(data, tmp_path / "b.zip", made_by="test")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_an_archive_that_is_damaged_is_not_backed_up(data: DataFolder, tmp_path: Path) -> None:
    """Pages that are not what was written are the archive's damage, not the backup's."""
    put(data, "long", text="many words " * 20_000)
    content = data.archive.read_bytes()
    data.archive.write_bytes(content[:8192] + bytes(len(content) - 8192))
    with pytest.raises(DamagedStore, match=r"archive\.sqlite"):
        write_backup(data, tmp_path / "b.zip", made_by="test")


def test_settings_that_cannot_be_read_are_named(data: DataFolder, tmp_path: Path) -> None:
    """What cannot be read is not said to be the file that is written."""
    (data.path / "topics.toml").unlink()
    (data.path / "topics.toml").mkdir()
    with pytest.raises(BackupError, match=r"topics\.toml cannot be read: Is a directory"):
        write_backup(data, tmp_path / "b.zip", made_by="test")


def test_no_archive_no_backup(tmp_path: Path) -> None:
    """Where there is no archive, nothing is made that looks like a backup of one."""
    with pytest.raises(StoreError, match="there is no archive"):
        write_backup(DataFolder(tmp_path / "none"), tmp_path / "b.zip", made_by="test")
    assert list(tmp_path.iterdir()) == []


def test_two_backups_to_one_file_do_not_mix(data: DataFolder, tmp_path: Path) -> None:
    """While one process writes a backup, another that would write the same file is told to wait."""
    with work_folder(tmp_path / ".b.zip.making"), pytest.raises(BusyError):
        write_backup(data, tmp_path / "b.zip", made_by="test")


def test_what_a_killed_backup_left_is_removed_by_one_of_another_name(data: DataFolder, tmp_path: Path) -> None:
    """A work folder goes if it is a backup's, nobody holds it, and it has not changed for a day."""
    names = [".monday.zip.making", ".held.zip.making", ".young.zip.making", ".mine.making"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / ("notes" if "mine" in name else DATABASE)).touch()
    with work_folder(tmp_path / ".held.zip.making") as held:
        (held / DATABASE).touch()
        for name in names:
            if "young" not in name:
                os.utime(tmp_path / name, (0, 0))
        write_backup(data, tmp_path / "tuesday.zip", made_by="test")
        assert [name for name in names if (tmp_path / name).exists()] == names[1:]


@pytest.mark.parametrize(
    ("module", "name", "made_again"),
    [
        pytest.param(os, "open", [], id="before it is opened"),
        pytest.param(fcntl, "flock", [], id="before it is locked"),
        pytest.param(fcntl, "flock", ["theirs"], id="and made again by a third"),
    ],
)
def test_a_work_folder_that_was_removed_meanwhile_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, made_again: list[str]
) -> None:
    """A lock on a folder that another process has removed since is no lock on what is there now."""
    path, call = tmp_path / ".b.zip.making", getattr(module, name)

    def removed_before(*arguments: Any) -> Any:
        monkeypatch.undo()
        path.rmdir()
        for theirs in made_again:
            path.mkdir()
            (path / theirs).touch()
        return call(*arguments)

    monkeypatch.setattr(module, name, removed_before)
    with pytest.raises(BusyError), work_folder(path):
        pass
    assert [found.name for found in path.glob("*")] == made_again


@pytest.mark.parametrize("name", ["notes.txt", "CURRENT", DATABASE, "topics.toml"])
def test_only_an_empty_folder_is_restored_into(backup: Path, target: DataFolder, name: str) -> None:
    """Whatever is in a folder stays as it is: something of the keeper's, or another archive."""
    target.path.mkdir()
    (target.path / name).write_text("mine")
    with pytest.raises(BackupError, match=f"is not empty: it holds {name}"):
        restore(backup, target)
    assert [(path.name, path.read_text()) for path in target.path.iterdir()] == [(name, "mine")]


@pytest.mark.parametrize("is_taken", [False, True])
def test_a_disk_without_links_is_restored_to(
    backup: Path, target: DataFolder, monkeypatch: pytest.MonkeyPatch, *, is_taken: bool
) -> None:
    """Where a file can have no second name, the database is moved to its own, still over nothing."""

    def link(_source: Path, new: Path) -> None:
        if is_taken:
            new.write_text("theirs")
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", link)
    if is_taken:
        with pytest.raises(BackupError, match=r"it holds archive\.sqlite"):
            restore(backup, target)
        assert target.archive.read_text() == "theirs"
    else:
        restore(backup, target)
        assert kept(target) == ["a", "b", "c"]
    assert not (target.path / ".restoring").exists()


def test_a_folder_that_is_as_good_as_empty_will_do(backup: Path, target: DataFolder) -> None:
    """An empty folder, the root of an empty disk, and what an interrupted restore of this very file left."""
    (target.path / "lost+found").mkdir(parents=True)
    (target.path / ".restoring").mkdir()
    (target.path / ".restoring" / DATABASE).write_bytes(b"half")
    with zipfile.ZipFile(backup) as opened:
        (target.path / "topics.toml").write_bytes(opened.read("topics.toml"))
    restore(backup, target)
    assert kept(target) == ["a", "b", "c"]
    assert not (target.path / ".restoring").exists()


def test_what_a_restore_left_at_its_end_is_removed(backup: Path, target: DataFolder) -> None:
    """Killed when the archive was whole, a restore is not done again, but leaves it no second name."""
    restore(backup, target)
    (target.path / ".restoring").mkdir()
    (target.path / ".restoring" / DATABASE).hardlink_to(target.archive)
    with pytest.raises(BackupError, match="is not empty"):
        restore(backup, target)
    assert not (target.path / ".restoring").exists()
    assert target.archive.stat().st_nlink == 1
    assert kept(target) == ["a", "b", "c"]


def test_what_a_running_restore_is_at_work_with_stays(backup: Path, target: DataFolder) -> None:
    """Another that is refused, as the archive is there already, takes nothing from under it."""
    restore(backup, target)
    with work_folder(target.path / ".restoring") as work:
        (work / DATABASE).touch()
        with pytest.raises(BackupError, match="is not empty"):
            restore(backup, target)
        assert (work / DATABASE).exists()


def rewritten(backup: Path, **changes: Any) -> None:
    """Replace members of a backup; `manifest` is a function that changes the manifest's JSON."""
    with zipfile.ZipFile(backup) as opened:
        members = {info.filename: opened.read(info) for info in opened.infolist()}
    change = changes.pop("manifest", None)
    members |= {name.replace("__", "/"): content for name, content in changes.items()}
    if change:
        manifest = json.loads(members[MANIFEST])
        change(manifest)
        members[MANIFEST] = json.dumps(manifest).encode()
    with zipfile.ZipFile(backup, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            if content is not None:
                made.writestr(name, content)


def flip(backup: Path) -> None:
    """Change one byte in the middle."""
    content = bytearray(backup.read_bytes())
    content[len(content) // 2] ^= 1
    backup.write_bytes(content)


def escape(backup: Path) -> None:
    """Have a member that leads out of the folder, listed as it should be."""
    rewritten(backup, manifest=lambda made: made["members"].append({**made["members"][1], "name": "../evil"}))
    with zipfile.ZipFile(backup, "a") as opened:
        opened.writestr("../evil", opened.read("topics.toml"))


def lengthen(made: dict[str, Any]) -> None:
    """Say that the database is huge."""
    made["members"][0]["size"] = 10**18


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        pytest.param(lambda path: path.write_bytes(b""), "not a backup", id="empty"),
        pytest.param(lambda path: path.write_bytes(b"text" * 100), "not a backup", id="something else"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:-100]), "cut off", id="cut off at the end"),
        pytest.param(lambda path: path.write_bytes(path.read_bytes()[:500]), "cut off", id="cut off early"),
        pytest.param(flip, "is damaged", id="a bit flipped"),
        pytest.param(lambda path: path.unlink(), "No such file", id="not there"),
        pytest.param(lambda path: rewritten(path, **{DATABASE: None}), "does not hold what", id="no database"),
        pytest.param(lambda path: rewritten(path, **{DATABASE: b"x"}), "not what was backed up", id="another database"),
        pytest.param(
            lambda path: rewritten(path, **{"topics.toml": b"x"}), "topics.toml in it is not", id="other topics"
        ),
        pytest.param(lambda path: rewritten(path, extra=b"x"), "does not belong", id="something more"),
        pytest.param(lambda path: rewritten(path, **{MANIFEST: b"{}"}), "cannot be read", id="an empty manifest"),
        pytest.param(lambda path: rewritten(path, **{MANIFEST: b"\xff"}), "cannot be read", id="no manifest"),
        pytest.param(lambda path: rewritten(path, **{MANIFEST: b" " * 99999}), "not a backup", id="a huge manifest"),
        pytest.param(escape, "does not hold what|does not belong", id="a name that leads elsewhere"),
        pytest.param(lambda path: rewritten(path, manifest=lengthen), "are free", id="a size that cannot be"),
        pytest.param(
            lambda path: rewritten(path, manifest=lambda made: made.update(articles=7)), "another archive", id="a count"
        ),
        pytest.param(
            lambda path: rewritten(path, manifest=lambda made: made.update(format=99)), "of format 99", id="newer"
        ),
    ],
)
def test_a_backup_that_is_not_whole_leaves_no_archive(
    backup: Path, target: DataFolder, damage: Callable[[Path], None], said: str
) -> None:
    """Damaged, cut off, foreign, tampered with, or of a newer version: a clear error, and nothing looks restored."""
    damage(backup)
    with pytest.raises(BackupError, match=said):
        restore(backup, target)
    assert not target.path.exists() or list(target.path.iterdir()) == []


def test_where_nothing_can_be_restored(backup: Path, tmp_path: Path) -> None:
    """A folder that cannot be is an error that names it, not the backup."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BackupError, match="file/data cannot be"):
        restore(backup, DataFolder(tmp_path / "file" / "data"))


def test_a_newer_backup_says_so(backup: Path, target: DataFolder) -> None:
    """The error of a newer format has what was expected and what was found."""
    rewritten(backup, manifest=lambda made: made.update(format=99, members="of another kind"))
    with pytest.raises(BackupVersion) as caught:
        restore(backup, target)
    assert (caught.value.expected, caught.value.found) == (1, 99)


def test_a_database_that_was_damaged_before_it_was_backed_up_is_noticed(
    backup: Path, target: DataFolder, tmp_path: Path
) -> None:
    """A database whose pages are wrong though its SHA-256 is right is refused for what it is."""
    with zipfile.ZipFile(backup) as opened:
        content = bytearray(opened.read(DATABASE))
    page = int.from_bytes(content[16:18], "big")
    content[5 * page : 6 * page] = os.urandom(page)
    path = tmp_path / "sound"
    path.write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    rewritten(backup, **{DATABASE: bytes(content)}, manifest=lambda made: made["members"][0].update(sha256=digest))
    with pytest.raises((BackupError, StoreError), match=r"damaged|malformed"):
        restore(backup, target)
    assert list(target.path.iterdir()) == []


def test_all_that_was_acknowledged_at_the_start_is_in_it(tmp_path: Path) -> None:
    """Backups during heavy writing each hold every article acknowledged before, and no part of a batch."""
    data = DataFolder(tmp_path / "data")
    put(data, "first")
    acknowledged, stop = [0], threading.Event()

    def write() -> None:
        batch = 0
        while not stop.is_set():
            put(data, *(f"{batch}-{part}" for part in range(5)), text="words " * 200)
            acknowledged[0] = batch = batch + 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        manifests: list[tuple[int, int, BackupManifest]] = []
        for number in range(4):
            before = acknowledged[0]
            manifests.append((number, before, write_backup(data, tmp_path / f"{number}.zip", made_by="test")))
            time.sleep(0.05)
    finally:
        stop.set()
        writer.join()
    for number, before, manifest in manifests:
        target = DataFolder(tmp_path / f"restored-{number}")
        restore(tmp_path / f"{number}.zip", target)
        found = kept(target)
        assert len(found) == manifest.articles >= 5 * before + 1
        assert (len(found) - 1) % 5 == 0
        assert found[1:] == [f"{batch}-{part}" for batch in range(len(found) // 5) for part in range(5)]


KILLED = """
import sys, time
from pathlib import Path
from index.archive.backup import write_backup
from index.layout import DataFolder
from index.archive.restore import restore
print("started", flush=True)
for number in range(10_000):
    if sys.argv[1] == "backup":
        write_backup(DataFolder(Path(sys.argv[2])), Path(sys.argv[3]), made_by=str(number))
    else:
        restore(Path(sys.argv[3]), DataFolder(Path(f"{sys.argv[2]}-{number}")))
"""


def killed(what: str, folder: Path, file: Path, after_s: float) -> None:
    """Do it again and again, and kill it."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", KILLED, what, str(folder), str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "started\n"
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE_S)


@pytest.mark.parametrize("after_s", [0.005, 0.03, 0.077])
def test_a_killed_backup_leaves_the_one_before(
    data: DataFolder, backup: Path, target: DataFolder, after_s: float
) -> None:
    """Killed at any moment, there is a whole backup under its name, and the next one cleans up."""
    killed("backup", data.path, backup, after_s)
    restore(backup, target)
    assert kept(target) == ["a", "b", "c"]
    write_backup(data, backup, made_by="test")
    assert [path.name for path in backup.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("after_s", [0.005, 0.03, 0.077])
def test_a_killed_restore_is_no_archive_or_a_whole_one(backup: Path, tmp_path: Path, after_s: float) -> None:
    """Killed at any moment, a folder holds the whole archive or none, and then it is restored into again."""
    killed("restore", tmp_path / "target", backup, after_s)
    for folder in tmp_path.glob("target-*"):
        target = DataFolder(folder)
        if not target.archive.exists():
            restore(backup, target)
        assert kept(target) == ["a", "b", "c"]
        assert (folder / "topics.toml").exists()


def test_a_backup_is_interrupted_while_the_database_is_copied(data: DataFolder, tmp_path: Path) -> None:
    """SQLite stops copying when a signal comes; nothing is left of it."""
    put(data, *map(str, range(4000)), text="many words " * 400)

    def interrupt() -> None:
        while not (tmp_path / ".b.zip.making" / DATABASE).exists():
            time.sleep(0.001)
        os.kill(os.getpid(), signal.SIGINT)

    watching = threading.Thread(target=interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's program in the background ignores it
    watching.start()
    try:
        with pytest.raises(KeyboardInterrupt) as caught:
            write_backup(data, tmp_path / "b.zip", made_by="test")
    finally:
        watching.join()
        signal.signal(signal.SIGINT, before)
    assert "interrupted" in str(caught.value.__cause__)
    assert [path.name for path in tmp_path.iterdir()] == ["data"]


def test_times_are_in_utc(data: DataFolder, tmp_path: Path) -> None:
    """A backup says when it was made in UTC, to the second."""
    created = write_backup(data, tmp_path / "b.zip", made_by="test").created
    assert created.utcoffset() == dt.timedelta(0)
    assert created.microsecond == 0
