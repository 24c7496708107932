"""The commands that keep the index up to date, or go back: index, rollback, and what check says meanwhile."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from index.layout import DataFolder, current_id
from service.cli import main
from service.indexer_status import find_status
from service.wiring import hold_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from click.testing import Result

PATIENCE_S = 180


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """A data folder that is not there yet."""
    return DataFolder(tmp_path / "data")


@pytest.fixture
def run(data: DataFolder) -> Callable[..., Result]:
    """Run a command on it."""
    return lambda *command: CliRunner().invoke(main, [*command, "--data", str(data.path)])


@pytest.fixture
def add(run: Callable[..., Result], tmp_path: Path) -> Callable[[str], None]:
    """Take in an article of that id."""

    def take(name: str) -> None:
        file = tmp_path / "article.jsonl"
        file.write_text(json.dumps({"id": name, "title": name, "body": f"The price of rice rose, says {name}."}))
        assert run("ingest", str(file)).exit_code == 0

    return take


@pytest.fixture
def follow(data: DataFolder) -> Iterator[subprocess.Popen[str]]:
    """`dateline index --follow`, ended whatever happens."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
    command = [sys.executable, "-m", "service", "index", "--follow", "--data", str(data.path)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        yield process
        process.kill()


def found(run: Callable[..., Result], word: str) -> int:
    """How many articles a search finds."""
    answer = json.loads(run("search", word, "--json").stdout)
    return int(answer["total"])


def first_line(log: IO[str], event: str) -> dict[str, Any]:
    """The next line of a log that tells of that event."""
    return next(line for line in map(json.loads, log) if line["event"] == event)


def wait_for(ask: Callable[[], Any]) -> None:
    """Ask until it is so."""
    until = time.monotonic() + PATIENCE_S
    while not ask():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)


def test_index_publishes_what_changed_once(run: Callable[..., Result], add: Callable[[str], None]) -> None:
    """The first time everything, then what changed, then nothing."""
    add("one")
    said = run("index")
    assert said.exit_code == 0
    assert "Published generation 1-" in said.output
    add("two")
    assert "with 2 articles: 1 written" in run("index").output
    assert "Nothing has changed: generation 2-" in run("index").output
    assert found(run, "rice") == 2


def test_index_without_an_archive_says_what_to_do(run: Callable[..., Result]) -> None:
    """There is nothing to index: a message, and no stack trace."""
    said = run("index")
    assert said.exit_code == 2
    assert "dateline ingest" in said.output


def test_rollback_goes_back_and_holds(run: Callable[..., Result], add: Callable[[str], None], data: DataFolder) -> None:
    """The one before answers, nothing newer is published, everybody says so, and a build ends it."""
    for name in ("one", "two", "three"):
        add(name)
        assert run("build").exit_code == 0
    said = run("rollback")
    assert said.exit_code == 0
    assert "dateline build" in said.output
    assert current_id(data).startswith("2-")
    assert found(run, "rice") == 2
    assert (hold := hold_of(data))
    assert "rolled back" in hold.reason
    held = run("index")
    assert held.exit_code == 1
    assert "held since" in held.output
    checked = run("check")
    assert checked.exit_code == 0
    assert "1 change behind: publishing is held" in checked.output
    listed = run("rollback", "--list").output.splitlines()
    assert [line.split("-")[0] for line in listed[:3]] == ["  3", "* 2", "  1"]
    assert "held" in listed[3]
    assert run("build").exit_code == 0
    assert found(run, "rice") == 3
    assert "held" not in run("rollback", "--list").output
    assert hold_of(data) is None


def test_rollback_to_a_generation_by_name(run: Callable[..., Result], add: Callable[[str], None]) -> None:
    """Any that is kept; another is refused with those there are."""
    for name in ("one", "two", "three"):
        add(name)
        run("build")
    first = run("rollback", "--list").output.splitlines()[-1].split()[0]
    assert run("rollback", first).exit_code == 0
    assert found(run, "rice") == 1
    refused = run("rollback", "9-00000000")
    assert refused.exit_code == 2
    assert first in refused.output


def test_generations_are_listed_where_none_is_named_to_answer(
    run: Callable[..., Result], add: Callable[[str], None], data: DataFolder
) -> None:
    """Whoever has to name one must see which there are."""
    for name in ("one", "two"):
        add(name)
        run("build")
    data.current.write_text("junk")
    listed = run("rollback", "--list")
    assert listed.exit_code == 0
    said, *generations = listed.output.splitlines()
    assert "holds 'junk'" in said
    assert [line.split("-")[0] for line in generations] == ["  2", "  1"]
    assert run("rollback", generations[1].split()[0]).exit_code == 0
    assert found(run, "rice") == 1


def test_rollback_without_anything_older_is_refused(run: Callable[..., Result], add: Callable[[str], None]) -> None:
    """What is served stays, and nothing is held."""
    add("one")
    run("build")
    said = run("rollback")
    assert said.exit_code == 2
    assert "nothing to go back to" in said.output
    assert "Nothing has changed" in run("index").output


def test_check_tells_how_far_behind_the_index_is(run: Callable[..., Result], add: Callable[[str], None]) -> None:
    """Changes that are not published yet are no damage; an index of other rules is told as such."""
    add("one")
    run("build")
    add("two")
    add("three")
    said = run("check")
    assert said.exit_code == 0
    assert "2 changes behind" in said.output
    assert "dateline build" in said.output


def test_check_tells_of_other_rules(run: Callable[..., Result], add: Callable[[str], None], data: DataFolder) -> None:
    """Own topics that the index does not know yet."""
    add("one")
    run("build")
    topic = '[rivers]\nname = "Rivers"\nquery = "river"\nmatches = ["A river."]\nnot = ["A road."]\n'
    (data.path / "topics.toml").write_text(topic, encoding="utf-8")
    said = run("check")
    assert said.exit_code == 1
    assert "other rules" in said.output


def test_follow_publishes_as_things_change_and_ends_when_told(
    run: Callable[..., Result],
    add: Callable[[str], None],
    data: DataFolder,
    follow: subprocess.Popen[str],
) -> None:
    """From no archive at all: each change is published, told in a line of JSON, and SIGTERM ends it cleanly."""
    wait_for(lambda: find_status(data) or not data.path.exists())
    for number, name in enumerate(("one", "two"), start=1):
        add(name)
        wait_for(lambda number=number: data.current.exists() and current_id(data).startswith(f"{number}-"))  # type: ignore[misc]  # a lambda with a default
    assert found(run, "rice") == 2
    wait_for(lambda: (status := find_status(data)) and status.changes_behind == 0)
    follow.send_signal(signal.SIGTERM)
    _, errors = follow.communicate(timeout=PATIENCE_S)
    assert follow.returncode == 0
    lines = [line for line in map(json.loads, errors.splitlines()) if line["event"] == "published"]
    assert [(line["change"], line["articles"], line["changed"]) for line in lines] == [(1, 1, 1), (2, 2, 1)]
    assert all(line["ms"] >= 0 for line in lines)
    assert find_status(data) is None


def test_follow_goes_on_where_rules_are_broken(
    add: Callable[[str], None], data: DataFolder, follow: subprocess.Popen[str]
) -> None:
    """A topics.toml that cannot be read is told of, not a reason to end; mended, its rules are in force."""
    add("one")
    wait_for(data.current.exists)
    own = data.path / "topics.toml"
    own.write_text("[rivers\n", encoding="utf-8")
    assert follow.stderr
    failure = first_line(follow.stderr, "could not publish")
    assert "topics.toml" in failure["reason"]
    assert failure.get("error") is None
    assert follow.poll() is None
    own.write_text('[rice]\nname = "Rice"\nquery = "rice"\nmatches = ["Rice."]\nnot = ["A road."]\n', encoding="utf-8")
    wait_for(lambda: current_id(data).startswith("2-"))
