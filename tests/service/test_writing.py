"""What the writing routes are made of: rules that follow their file, a store that threads share, commands."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from index.archive.store import Effect, Store
from index.errors import BusyError, DataFileError, DiskFull
from index.layout import DataFolder
from service.cli import main
from service.settings import Settings
from service.writing.arrivals import WriteLimits, arrival_from_object
from service.writing.intake import Intake, intake_from_settings
from service.writing.keeper import Keeper
from service.writing.rules import CurrentRules
from tests.index.fakes import FakeExtractor, article

if TYPE_CHECKING:
    from click.testing import Result

ROOT = Path(__file__).parents[2]
PATIENCE_S = 60


class Quiet:
    """A log that says nothing."""

    def info(self, event: str, **values: object) -> None:
        """Say nothing."""

    def error(self, event: str, **values: object) -> None:
        """Say nothing."""


def test_rules_follow_their_file(tmp_path: Path) -> None:
    """Rules are loaded once, again when their file changes, and not when it does not."""
    path = tmp_path / "topics.toml"
    rules = CurrentRules(FakeExtractor, path)
    first = rules.current()
    assert rules.current() is first
    path.write_text("one")
    second = rules.current()
    assert second is not first
    assert rules.current() is second
    path.chmod(0o400)  # it may be that it could not be read before
    third = rules.current()
    assert third is not second
    path.unlink()
    assert rules.current() is not third


def test_rules_that_are_wrong_change_nothing_and_are_reported_once(tmp_path: Path) -> None:
    """With older rules to go on with, a wrong file is reported once for each version; with none, it is an error."""
    path = tmp_path / "topics.toml"

    def load() -> FakeExtractor:
        if path.exists():
            raise DataFileError("topics.toml", "fire", "is wrong")
        return FakeExtractor()

    reported: list[DataFileError] = []
    rules = CurrentRules(load, path, reported.append)
    good = rules.current()
    path.write_text("wrong")
    assert rules.current() is rules.current() is good
    assert [str(error) for error in reported] == ["topics.toml: fire: is wrong"]
    with pytest.raises(DataFileError):
        CurrentRules(load, path).current()


def open_files() -> int:
    """How many file descriptors this process has open."""
    return len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").exists() else 0  # noqa: PTH208 - a count


def test_many_threads_share_one_store(tmp_path: Path) -> None:
    """What eight threads put at once is all there, each article once, and no file stays open."""
    data = DataFolder(tmp_path / "data")
    keeper = Keeper(data, patience_s=PATIENCE_S)
    intake = Intake(keeper, CurrentRules(FakeExtractor, data.path / "topics.toml"), WriteLimits())
    before = open_files()
    effects: list[Effect] = []

    def put(thread: int) -> None:
        for number in range(20):
            row = {"body": f"words of {thread}", "title": f"{number}"}
            taken = intake.take((arrival_from_object(row, f"shared-{number}"),))
            effects.append(taken[0].outcome.effect)

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    intake.close()
    assert len(effects) == 160
    assert effects.count(Effect.ADDED) == 20
    assert open_files() == before
    with Store.open(data.archive) as store:
        assert sorted(document.id for _, document in store.documents()) == sorted(f"shared-{n}" for n in range(20))
        assert store.change == 160 - effects.count(Effect.UNCHANGED)


def test_who_waits_too_long_for_a_turn_is_told(tmp_path: Path) -> None:
    """A thread that has the store for too long does not hold up others for ever."""
    keeper = Keeper(DataFolder(tmp_path), patience_s=0.01)
    with keeper.store(), pytest.raises(BusyError), keeper.store():
        pass
    with keeper.store() as store:
        assert store.count == 0
    keeper.close()


def test_a_store_that_failed_is_opened_anew(tmp_path: Path) -> None:
    """After a failure nothing of the connection that had it is used again."""
    keeper = Keeper(DataFolder(tmp_path))
    with pytest.raises(DiskFull), keeper.store() as failed:
        raise DiskFull(tmp_path)
    with keeper.store() as store:
        assert store is not failed
    keeper.close()
    keeper.close()


def test_articles_are_understood_by_the_archives_own_rules(tmp_path: Path) -> None:
    """The real rules, with the topics of the data folder, are what an article that is sent is understood by."""
    (tmp_path / "topics.toml").write_text('[fire]\nname = "Fire"\nquery = "burn"\n', encoding="utf-8")
    intake = intake_from_settings(Settings(data=tmp_path), Quiet())
    body = "Officials in Sinuiju burned smuggled goods, a source in North Pyongan Province told Daily NK on March 9."
    (taken,) = intake.take((arrival_from_object({"body": body, "date": "2021-03-10"}, "x"),))
    intake.close()
    assert taken.document is not None
    assert [found.value.id for found in taken.document.topics] == ["fire"]
    assert "kp-sinuiju" in {found.value.id for found in taken.document.regions}
    with Store.open(tmp_path / "archive.sqlite") as store:
        kept = store.find("x")
        assert kept is not None
        assert kept.document == taken.document


def run(*arguments: str | Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two articles, understood by the real rules."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.txt").write_text("Officials in Sinuiju said so.", encoding="utf-8")
    (tmp_path / "in" / "b.txt").write_text("Officials in Rason said otherwise.", encoding="utf-8")
    assert run("ingest", tmp_path / "in", "--data", tmp_path / "data").exit_code == 0
    return tmp_path / "data"


def test_backup_and_restore_say_what_they_did(data: Path, tmp_path: Path) -> None:
    """The commands name the file, the articles, the settings, and what to run next."""
    (data / "access.json").write_text('{"version": 1}', encoding="utf-8")
    done = run("backup", tmp_path / "b.zip", "--data", data)
    assert done.exit_code == 0
    assert f"Backed up to {tmp_path / 'b.zip'}: 2 articles, access.json; change 2" in done.stdout.replace("\n", " ")
    done = run("restore", tmp_path / "b.zip", "--data", tmp_path / "again", "--no-build")
    assert done.exit_code == 0
    assert "2 articles" in done.stdout
    assert f"dateline build --data {tmp_path / 'again'}" in done.stdout.replace("\n", " ")
    assert run("restore", tmp_path / "b.zip", "--data", data).exit_code == 2
    assert "is not empty" in run("restore", tmp_path / "b.zip", "--data", data).stderr


def test_a_restored_archive_is_searched_at_once(data: Path, tmp_path: Path) -> None:
    """Unless told otherwise, restore builds and publishes, and the answers are those of before."""
    run("backup", tmp_path / "b.zip", "--data", data)
    done = run("restore", tmp_path / "b.zip", "--data", tmp_path / "again")
    assert done.exit_code == 0, done.stderr
    assert "Published generation 1-" in done.stdout
    found = json.loads(run("search", "--json", "--region", "Rason", "--data", tmp_path / "again").stdout)
    assert [hit["id"] for hit in found["hits"]] == ["b"]


def test_a_backup_to_standard_output_is_one(data: Path, tmp_path: Path) -> None:
    """`-` writes the same file to whatever reads it."""
    command = [sys.executable, "-m", "service", "backup", "-", "--data", str(data)]
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    (tmp_path / "b.zip").write_bytes(done.stdout)
    with zipfile.ZipFile(tmp_path / "b.zip") as opened:
        assert opened.testzip() is None
    assert run("restore", tmp_path / "b.zip", "--data", tmp_path / "again", "--no-build").exit_code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_backup_that_is_told_to_stop_leaves_nothing(data: Path, tmp_path: Path, number: signal.Signals) -> None:
    """The end of a session, or of a service manager's patience, leaves no copy of the archive behind."""
    os.mkfifo(data / "topics.toml")  # to read it takes as long as nobody writes it
    command = [sys.executable, "-m", "service", "backup", str(tmp_path / "b.zip"), "--data", str(data)]
    before = signal.signal(number, signal.SIG_DFL)  # who runs the tests with nohup has it ignored, also by children
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT) as process:
        signal.signal(number, before)
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not (tmp_path / ".b.zip.making" / "archive.sqlite").exists():
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(number)
            _, said = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert (process.returncode, said.strip()) == (130, "Interrupted. What was written is kept; run it again to go on.")
    assert [path.name for path in tmp_path.iterdir() if "b.zip" in path.name] == []


def test_a_backup_that_standard_output_does_not_take_is_said(data: Path) -> None:
    """Where `-` leads to a full disk, or to nobody, there is one line that says so."""
    command = [sys.executable, "-m", "service", "backup", "-", "--data", str(data)]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr == "dateline: standard output cannot be written: No space left on device\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["backup", "b.zip", "--data", "none"], "there is no archive", id="nothing to back up"),
        pytest.param(["restore", "none.zip", "--data", "again"], "none.zip cannot be read", id="nothing to restore"),
        pytest.param(["restore", __file__, "--data", "again"], "not a backup", id="restoring something else"),
        pytest.param(["ingest", "--watch", "-", "--data", "x"], "standard input cannot be watched", id="watching -"),
        pytest.param(["ingest", "--watch", "--dry-run", "in"], "do not go together", id="watching without keeping"),
        pytest.param(["ingest", "--watch", "in", "--map", "a=b", "--data", "x"], "no such field", id="no such field"),
    ],
)
def test_what_cannot_be_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str) -> None:
    """A mistake is a message and exit code 2, and leaves nothing behind."""
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_watched_folder_is_taken_in_until_it_is_told_to_stop(tmp_path: Path) -> None:
    """The command logs what it takes in, goes on with what comes, and SIGTERM ends it with 0."""
    folder, data = tmp_path / "in", DataFolder(tmp_path / "data")
    folder.mkdir()
    (folder / "a.txt").write_text("Officials in Sinuiju said so.", encoding="utf-8")
    command = [sys.executable, "-m", "service", "ingest", "--watch", str(folder), "--data", str(data.path)]
    with subprocess.Popen(
        [*command, "--settle", "0.2"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stderr is not None
            assert json.loads(process.stderr.readline())["event"] == "watching"
            assert json.loads(process.stderr.readline())["added"] == 1
            beside = folder / ".b.jsonl"
            beside.write_text('{"id": "b", "body": "Rain fell."}\n{"body": 7}\n', encoding="utf-8")
            beside.rename(folder / "b.jsonl")
            assert json.loads(process.stderr.readline())["change"] == 2
            problem = json.loads(process.stderr.readline())
            assert (problem["event"], problem["line"]) == ("could not be taken", 2)
            process.send_signal(signal.SIGTERM)
            output, errors = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    assert (process.returncode, output) == (0, "")
    assert [json.loads(line)["event"] for line in errors.splitlines()] == ["stopped"]
    with Store.open(data.archive) as store:
        assert [document.id for _, document in store.documents()] == ["a", "b"]


def test_who_writes_by_two_ways_at_once_is_not_lost(tmp_path: Path) -> None:
    """While another process writes batches, what the service is sent is kept too."""
    data = DataFolder(tmp_path)
    intake = Intake(Keeper(data, patience_s=PATIENCE_S), CurrentRules(FakeExtractor, tmp_path / "t"), WriteLimits())
    stop = threading.Event()

    def write() -> None:
        extractor = FakeExtractor()
        with Store.open(data.archive) as store:
            number = 0
            while not stop.is_set():
                raws = [article("words", article_id=f"other-{number}-{part}") for part in range(50)]
                store.put([(raw, extractor.understand(raw, raw.id or "")) for raw in raws], rules="r")
                number += 1
                time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(30):
            intake.take((arrival_from_object({"body": "words"}, f"mine-{number}"),))
    finally:
        stop.set()
        writer.join()
        intake.close()
    with Store.open(data.archive) as store:
        ids = [document.id for _, document in store.documents()]
    assert [name for name in ids if name.startswith("mine")] == [f"mine-{number}" for number in range(30)]
    assert len(set(ids)) == len(ids)
