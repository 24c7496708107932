"""`dateline doctor`: each thing is broken for real, and must be found, explained, and mended by what is said."""

from __future__ import annotations

import datetime as dt
import json
import os
import resource
import shlex
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from click.testing import CliRunner

from index.archive.store import Store
from index.generation.publish import roll_back
from index.layout import DataFolder, current
from index.machine_code import is_complete
from service.access.keys import Scope, make_key
from service.access.register import changing_register
from service.cli import main
from service.doctoring import disk, machine
from service.doctoring.examination import examine
from service.doctoring.findings import Finding, Sound
from service.doctoring.patient import Patient
from service.indexer_status import Reporting, status_path

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from click.testing import Result

ROOT = Path(__file__).parents[3]
NOW = dt.datetime.now(dt.UTC)


@pytest.fixture(scope="session")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which all is well."""
    data = tmp_path_factory.mktemp("healthy") / "data"
    for command in (["ingest", str(ROOT / "seeds")], ["build"]):
        result = CliRunner().invoke(main, [*command, "--data", str(data)])
        assert result.exit_code == 0, result.output
    return data


@pytest.fixture
def data(healthy: Path, tmp_path: Path) -> DataFolder:
    """A copy of it, to break. The machine code is shared."""
    copy = tmp_path / "data"
    subprocess.run(["cp", "-a", str(healthy), str(copy)], check=True)  # noqa: S607 - the system's own cp
    return DataFolder(copy)


@pytest.fixture
def patient_of(tmp_path: Path) -> Callable[..., Patient]:
    """Make a patient of a data folder, with an environment of its own and memory to share."""

    def make(data: DataFolder, **options: Any) -> Patient:
        return Patient(data=data, **{"environment": {}, "shared_memory": tmp_path, **options})

    return make


def found(patient: Patient) -> list[Finding]:
    """What is wrong."""
    return [each for each in examine(patient) if isinstance(each, Finding)]


def the_finding(patient: Patient, area: str) -> Finding:
    """The one thing that is wrong."""
    (finding,) = found(patient)
    assert finding.area == area
    assert finding.why
    assert finding.mend
    return finding


def mended_by(finding: Finding) -> Result:
    """What its command says, without `dateline` before it."""
    words = shlex.split(finding.mend.partition(",")[0])
    assert words[0] == "dateline", finding.mend
    return CliRunner().invoke(main, words[1:])


def run(*arguments: str, **environment: str | None) -> Result:
    """What the command answers, without the settings of whoever runs the tests."""
    unset: dict[str, str | None] = {name: None for name in os.environ if name.startswith("DATELINE_")}
    return CliRunner().invoke(main, ["doctor", *arguments], env=unset | environment)


def test_a_healthy_archive_has_a_handful_of_lines(data: DataFolder) -> None:
    """One line for each area, nothing found, exit code 0."""
    result = run("--data", str(data.path))
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", area] for area in ("settings", "permissions", "disk", "rules", "index", "indexer", "machine")
    ]
    assert "with 5 articles, every byte as published, up to date" in result.output


def test_nothing_is_changed_by_looking(data: DataFolder) -> None:
    """No file is left behind, none is touched."""

    def listed() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in data.path.rglob("*") if path.is_file()}

    before = listed()
    assert run("--data", str(data.path)).exit_code == 0
    assert listed() == before


def test_findings_say_what_why_and_what_to_do(data: DataFolder) -> None:
    """On the terminal and as JSON; the exit code is 1."""
    data.path.chmod(0o777)
    shown = run("--data", str(data.path))
    assert shown.exit_code == 1
    assert f"FOUND  permissions  {data.path} can be written by everybody (mode 777)" in shown.output
    assert "why: whoever can write there can run code in the service" in shown.output
    assert f"do:  chmod -R go-w {data.path}" in shown.output
    assert shown.output.endswith("1 thing to mend\n")
    told = run("--data", str(data.path), "--json")
    assert told.exit_code == 1
    report = json.loads(told.output)
    assert [finding["area"] for finding in report["findings"]] == ["permissions"]
    assert report["findings"][0].keys() == {"area", "what", "why", "mend"}
    assert {entry["area"] for entry in report["sound"]} == {"settings", "disk", "rules", "index", "indexer", "machine"}


def test_where_there_is_no_archive_that_is_said(tmp_path: Path, patient_of: Callable[..., Patient]) -> None:
    """An empty folder, or one that is not there, is no archive, and gets no list of consequences."""
    finding = the_finding(patient_of(DataFolder(tmp_path / "nowhere")), "archive")
    assert finding.mend.startswith("dateline ingest PATH --data")


@pytest.mark.parametrize(
    ("environment", "what"),
    [
        pytest.param({"DATELINE_WORKER": "2"}, "did you mean DATELINE_WORKERS?", id="misspelt"),
        pytest.param({"DATELINE_PORT": "many"}, "DATELINE_PORT='many': must be a whole number", id="impossible"),
        pytest.param({"DATELINE_PUBLIC": "0"}, "there is no key that may read", id="private without a key"),
        pytest.param({"DATELINE_TRUSTED_HOPS": "1"}, "DATELINE_TRUSTED_PROXIES is not", id="a hop from nobody"),
        pytest.param({"DATELINE_TRUSTED_PROXIES": "127.0.0.1"}, "DATELINE_TRUSTED_HOPS is not", id="a proxy, no hop"),
        pytest.param({"DATELINE_METRICS_PORT": "8000"}, "is the port of the service", id="numbers for everybody"),
        pytest.param({"DATELINE_PUBLIC_URL": "http://a.example"}, "is not encrypted", id="not encrypted"),
        pytest.param({"DATELINE_WORKER_TIMEOUT_SECONDS": "5"}, "is not longer than", id="killed while stopping"),
    ],
)
def test_settings_that_cannot_be_meant(
    data: DataFolder, patient_of: Callable[..., Patient], environment: dict[str, str], what: str
) -> None:
    """Unknown, impossible, or against one another: each is named."""
    assert what in the_finding(patient_of(data, environment=environment), "settings").what


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({"DATELINE_PUBLIC_URL": "http://192.168.1.5:8000"}, id="a private network"),
        pytest.param({"DATELINE_PUBLIC_URL": "http://archive.local"}, id="a local name"),
        pytest.param({"DATELINE_PUBLIC_URL": "http://abcdefgh.onion"}, id="an onion service"),
        pytest.param({"DATELINE_TRUSTED_HOPS": "1", "DATELINE_TRUSTED_PROXIES": "127.0.0.1"}, id="a proxy"),
        pytest.param({"DATELINE_SOURCE_SAFETY": "0"}, id="a choice that is said"),
    ],
)
def test_settings_that_can_be_meant(
    data: DataFolder, patient_of: Callable[..., Patient], environment: dict[str, str]
) -> None:
    """What is unusual but right is no finding."""
    assert found(patient_of(data, environment=environment)) == []


def test_a_private_archive_with_a_key_is_sound(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """A key that may read is enough, one that has expired is not; the command that is named makes one."""
    patient = patient_of(data, environment={"DATELINE_PUBLIC": "0"})
    _, old = make_key(scopes=(Scope.READ,), now=NOW - dt.timedelta(days=2), expires=NOW - dt.timedelta(days=1))
    with changing_register(data.path) as change:
        change.register = msgspec.structs.replace(change.register, keys=(old,))
    finding = the_finding(patient, "settings")
    result = mended_by(finding)
    assert result.exit_code == 0, result.output
    assert found(patient) == []


def test_settings_can_be_read_from_the_service_s_file(data: DataFolder, tmp_path: Path) -> None:
    """As systemd and docker read it; a line that is none is named."""
    file = tmp_path / "environment"
    file.write_text('# the archive\nDATELINE_WORKERS=3\n\nDATELINE_NAME="Our archive"\n')
    result = run("--data", str(data.path), "--environment", str(file))
    assert result.exit_code == 0, result.output
    assert "chosen here: NAME, WORKERS" in result.output
    file.write_text("DATELINE_WORKERS\n")
    refused = run("--data", str(data.path), "--environment", str(file))
    assert refused.exit_code == 2
    assert f"{file}:1: write NAME=value" in refused.output


@pytest.mark.parametrize("place", ["CURRENT", "archive.sqlite", "generations", "compiled"])
def test_what_others_can_write_is_found(data: DataFolder, patient_of: Callable[..., Patient], place: str) -> None:
    """Wherever it is in the folder."""
    path = data.path / place
    if not path.exists():
        path.mkdir()
    path.chmod(path.stat().st_mode | 0o002)
    assert str(path) in the_finding(patient_of(data), "permissions").what


def test_a_folder_above_that_others_can_write_is_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """They could put another folder in this one's place; a sticky folder such as /tmp keeps them from it."""
    above = data.path.parent
    mode = above.stat().st_mode
    try:
        above.chmod(0o777)
        assert f"who can replace {data.path}" in the_finding(patient_of(data), "permissions").what
        above.chmod(0o1777)
        assert found(patient_of(data)) == []
    finally:
        above.chmod(mode)


def test_keys_that_others_can_read_are_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """And a file of keys that nobody can make sense of."""
    with changing_register(data.path) as change:
        change.register = msgspec.structs.replace(change.register, keys=(make_key(scopes=(Scope.READ,), now=NOW)[1],))
    keys = data.path / "access.json"
    assert found(patient_of(data)) == []
    keys.chmod(0o640)
    assert the_finding(patient_of(data), "permissions").mend == f"chmod 600 {keys}"
    keys.chmod(0o600)
    keys.write_text("{")
    assert "nobody's key" in the_finding(patient_of(data), "permissions").why


def test_rules_that_cannot_be_read_are_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """Topics and synonyms of the archive's own: each says where it is wrong, and nothing else is said for it."""
    (data.path / "synonyms.toml").write_text('[[synonym]]\nwords = ["jangmadang", ""]\n')
    finding = the_finding(patient_of(data), "rules")
    assert "synonyms.toml: synonym 1: `words` must be a list" in finding.what
    assert "no service starts with it" in finding.why
    (data.path / "synonyms.toml").write_text('[[synonym]]\nwords = ["jangmadang", "market"]\n')
    assert Sound("rules", "15 topics and 1 synonym can be read") in list(examine(patient_of(data)))
    (data.path / "topics.toml").write_text("[[topic]\n")
    assert "topics.toml" in the_finding(patient_of(data), "rules").what
    with Store.open(data.archive) as store:
        store.delete(next(document.id for _, document in store.documents()))
    assert [each.area for each in found(patient_of(data))] == ["rules", "index"]


def test_topics_that_do_not_do_what_they_say_are_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """By their own examples."""
    (data.path / "topics.toml").write_text(
        '[rice]\nname = "Rice"\nquery = "rice"\nmatches = ["Maize is dear."]\nnot = []\n'
    )
    findings = [each for each in found(patient_of(data)) if each.area == "rules"]
    assert [each.what for each in findings] == ["1 example of the topics' own does not hold"]


def test_saved_searches_that_cannot_be_read_are_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """One that is not understood any more, by its id; and a file of them that nobody can make sense of."""
    added = CliRunner().invoke(main, ["searches", "add", "Markets", "--q", "market", "--data", str(data.path)])
    assert added.exit_code == 0, added.output
    assert found(patient_of(data)) == []
    kept = data.path / "searches.json"
    kept.write_text(kept.read_text().replace('"query": "market"', '"query": "market OR"'))
    assert "the saved search markets cannot be read any more" in the_finding(patient_of(data), "searches").what
    kept.write_text("{")
    assert "no saved search is answered" in the_finding(patient_of(data), "searches").why


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_files_of_another_owner_are_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """As they are left by a command that was run as root."""
    os.chown(data.archive, 65534, 65534)
    assert "chown -R" in the_finding(patient_of(data), "permissions").mend


def test_a_disk_without_room_is_found(
    data: DataFolder, patient_of: Callable[..., Patient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When what is free would not do for building the index anew."""
    monkeypatch.setattr(disk, "SPARE_BYTES", 1 << 60)
    assert "building the index anew may take" in the_finding(patient_of(data), "disk").what


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        pytest.param("nfs4", "network or shared file system (nfs4)", id="network"),
        pytest.param("overlay", "is on overlay", id="container"),
        pytest.param("tmpfs", "is on tmpfs", id="memory"),
    ],
)
def test_file_systems_that_will_not_do_are_found(
    data: DataFolder, patient_of: Callable[..., Patient], tmp_path: Path, kind: str, what: str
) -> None:
    """By the mount that is nearest to the data, a blank in its name included."""
    folder = tmp_path / "with blank"
    data.path.rename(folder)
    mounts = tmp_path / "mountinfo"
    point = str(folder).replace(" ", "\\040")
    mounts.write_text(
        f"21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n22 21 0:5 / {point} rw - {kind} none rw\n"
    )
    assert what in the_finding(patient_of(DataFolder(folder), mounts=mounts), "disk").what


@pytest.mark.parametrize(
    ("ability", "what"),
    [("hardlink_to", "two names"), ("flock", "no locks that hold"), ("replace", "cannot replace a file")],
)
def test_what_a_file_system_cannot_do_is_found(
    data: DataFolder, patient_of: Callable[..., Patient], monkeypatch: pytest.MonkeyPatch, ability: str, what: str
) -> None:
    """It is tried; here the system refuses, as such file systems do, or does nothing, as some do with locks."""

    def refuse(*_arguments: object) -> None:
        raise PermissionError

    if ability == "flock":
        monkeypatch.setattr("fcntl.flock", lambda *_arguments: None)
    else:
        monkeypatch.setattr(Path, ability, refuse)
    (finding,) = [each for each in disk.check_disk(patient_of(data)) if isinstance(each, Finding)]
    assert what in finding.what
    assert not list(data.path.glob(".doctor-*"))


def test_an_archive_without_an_index_is_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """And the command that is named makes it."""
    data.current.unlink()
    indexer = Reporting(data)
    indexer.saw(5)
    assert found(patient_of(data)) == []  # it is being made
    indexer.ended()
    assert mended_by(the_finding(patient_of(data), "index")).exit_code == 0
    assert found(patient_of(data)) == []


def test_an_altered_index_is_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """A bit of any file; the command that is named mends it."""
    generation = current(data)
    largest = max((path for path in generation.index.iterdir() if path.is_file()), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.unlink()
    largest.write_bytes(content)
    finding = the_finding(patient_of(data), "index")
    assert str(largest) in finding.what
    assert mended_by(finding).exit_code == 0
    assert found(patient_of(data)) == []


def test_large_indexes_are_compared_in_part(
    data: DataFolder, patient_of: Callable[..., Patient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says how much of them."""
    monkeypatch.setattr("service.doctoring.indexes.MOST_READ_BYTES", 1)
    sound = [each.said for each in examine(patient_of(data)) if isinstance(each, Sound) and each.area == "index"]
    assert " of " in sound[0]
    assert "every byte" not in sound[0]


def test_an_index_that_lags_is_found(data: DataFolder, patient_of: Callable[..., Patient], tmp_path: Path) -> None:
    """Unless an indexer is at it; the command that is named brings it up to date."""
    report = tmp_path / "new.txt"
    report.write_text("A new report\n\nOfficials in Sinuiju closed the market on Monday, a trader said.\n")
    assert CliRunner().invoke(main, ["ingest", str(report), "--data", str(data.path)]).exit_code == 0
    finding = the_finding(patient_of(data), "index")
    assert "lacks 1 change of the archive" in finding.what
    indexer = Reporting(data)
    indexer.saw(6)
    assert found(patient_of(data)) == []
    indexer.ended()
    assert mended_by(finding).exit_code == 0
    assert found(patient_of(data)) == []


def test_changed_rules_are_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """Other topics, and the index is of the old rules."""
    (data.path / "topics.toml").write_text(
        '[rice]\nname = "Rice"\nquery = "rice"\nmatches = ["Rice."]\nnot = ["Tea."]\n'
    )
    assert "rules" in the_finding(patient_of(data), "index").what


def test_a_hold_is_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """Since when and why; the command that is named ends it."""
    assert CliRunner().invoke(main, ["build", "--from-store", "--data", str(data.path)]).exit_code == 0
    roll_back(data)
    finding = the_finding(patient_of(data), "index")
    assert "publishing is held since" in finding.what
    assert mended_by(finding).exit_code == 0
    assert found(patient_of(data)) == []


def test_an_indexer_that_fails_or_is_silent_is_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """By what it says of itself, or does not say any more."""
    indexer = Reporting(data)
    indexer.saw(5)
    indexer.failed("the disk is full")
    assert "the disk is full" in the_finding(patient_of(data), "indexer").what
    indexer.published("2-00000000", 5, 0.1)
    assert found(patient_of(data)) == []
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2)
    assert "said nothing since" in the_finding(patient_of(data, now=lambda: later), "indexer").what
    status_path(data).write_text("{")
    assert found(patient_of(data)) == []


def test_missing_machine_code_is_found(
    data: DataFolder, patient_of: Callable[..., Patient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the engine is one that needs none."""
    assert is_complete(data.compiled)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "empty"))
    assert "no machine code" in the_finding(patient_of(data), "machine").what
    assert found(patient_of(data, environment={"DATELINE_ENGINE": "whoosh"})) == []


def test_a_clock_that_is_wrong_is_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """By what was written after what it says is now."""
    past = NOW - dt.timedelta(hours=1)
    assert "the clock says" in the_finding(patient_of(data, now=lambda: past), "machine").what


def test_few_open_files_are_found(data: DataFolder, patient_of: Callable[..., Patient]) -> None:
    """Measured against the connections that are allowed."""
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if allowed == resource.RLIM_INFINITY or allowed > 60_000:
        pytest.skip("this system allows more than can be asked for")
    environment = {"DATELINE_CONNECTIONS": "65536"}
    assert "open" in the_finding(patient_of(data, environment=environment), "machine").what


def test_shared_memory_that_is_small_or_missing_is_found(
    data: DataFolder, patient_of: Callable[..., Patient], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it is in some containers."""
    assert "is not there" in the_finding(patient_of(data, shared_memory=tmp_path / "none"), "machine").what
    monkeypatch.setattr(machine, "LEAST_SHARED_BYTES", 1 << 60)
    assert "are free in" in the_finding(patient_of(data), "machine").what


def test_an_address_that_is_none_is_refused(data: DataFolder) -> None:
    """With exit code 2, as a mistake."""
    result = run("--data", str(data.path), "--url", "search.example.org")
    assert result.exit_code == 2
    assert "must be an address like" in result.output


def test_it_starts_as_a_command(data: DataFolder) -> None:
    """From a shell, with nobody listening at the address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
    command = [sys.executable, "-m", "service", "doctor", "--data", str(data.path), "--url", address]
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)
    assert result.returncode == 1
    assert f"FOUND  address      {address} does not answer" in result.stdout
    assert result.stderr == ""
