"""The command: what it prints, how it exits, and that a user's mistake never shows a stack trace."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from service.cli import main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from click.testing import Result

REPORT = """Officials burn goods in Sinuiju

Officials in Sinuiju burned smuggled goods, a source in North Pyongan Province told Daily NK on March 9.

Border guards near Rason in February 2021. Image: Daily NK
"""


def _run(*arguments: str | Path, data: Path | None = None) -> Result:
    words = [str(argument) for argument in arguments]
    return CliRunner().invoke(main, [*words, "--data", str(data)] if data else words)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an archive of two articles."""
    folder = tmp_path_factory.mktemp("cli")
    articles = folder / "articles"
    articles.mkdir()
    (articles / "burning.txt").write_text(REPORT, encoding="utf-8")
    row = {"id": "kcna-1", "title": "[Weather]", "body": "Rain fell.", "date": "2011-12-01", "source": "KCNA", "x": 1}
    (articles / "rows.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    data = folder / "data"
    assert _run("ingest", articles, data=data).exit_code == 0
    assert _run("build", data=data).exit_code == 0
    return data


def test_the_name_of_a_file_adds_no_line_to_a_report(tmp_path: Path) -> None:
    """A name may hold line ends; what follows one would be read as something the report says."""
    (tmp_path / "a\n  b.jsonl, line 1: is not JSON\r.jsonl").write_text("{", encoding="utf-8")
    (tmp_path / "a\nb.pdf").write_bytes(b"%PDF")
    result = _run("ingest", tmp_path, data=tmp_path / "data")
    assert [line for line in result.stdout.splitlines() if line.strip().startswith("b")] == []
    assert "a\ufffd  b.jsonl" in result.stdout
    assert "a\ufffdb.pdf" in result.stdout


def test_ingest_says_what_became_of_everything(tmp_path: Path) -> None:
    """One line of counts, then unknown fields, files passed over and rows that could not be taken, with exit code 1."""
    (tmp_path / "a.txt").write_text("Some words.", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text('{"body": "words", "colour": "red"}\n{"body": 7}\n', encoding="utf-8")
    (tmp_path / "c.pdf").write_bytes(b"%PDF")
    result = _run("ingest", tmp_path, data=tmp_path / "data")
    assert result.exit_code == 1
    assert "2 articles read" in result.stdout
    assert "2 added, 0 updated, 0 unchanged" in result.stdout
    assert "colour" in result.stdout
    assert "b.jsonl:2" in result.stdout
    assert "c.pdf" in result.stdout


def test_names_of_files_do_not_drive_the_terminal(tmp_path: Path) -> None:
    """What a terminal would obey in the name of a file is shown as a character that is not known."""
    (tmp_path / "a\x1b[31mb\x9bc.txt").touch()
    for option in ((), ("--dry-run",)):
        shown = _run("ingest", *option, tmp_path, data=tmp_path / "data").stdout
        assert "a\ufffd[31mb\ufffdc.txt" in shown
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)


def test_the_same_again_changes_nothing(archive: Path) -> None:
    """Ingesting twice adds nothing, and a build after it has nothing to do."""
    assert "0 added, 0 updated, 2 unchanged" in _run("ingest", archive.parent / "articles", data=archive).stdout
    assert "Nothing has changed" in _run("build", data=archive).stdout


def test_dry_run_shows_and_writes_nothing(tmp_path: Path) -> None:
    """A dry run prints what would be understood, with evidence, and leaves no data folder behind."""
    (tmp_path / "a.txt").write_text(REPORT, encoding="utf-8")
    result = _run("ingest", "--dry-run", tmp_path / "a.txt", data=tmp_path / "data")
    assert result.exit_code == 0
    assert "March 2021, inferred" in result.stdout
    assert "North Korea > North Pyongan > Sinuiju (event)" in result.stdout
    assert "North Korea > Rason (caption)" in result.stdout
    assert not (tmp_path / "data").exists()


def test_search_prints_datelines_headlines_and_passages(archive: Path) -> None:
    """What is found reads like a page: dateline, headline, passage, id, and the regions of all."""
    lines = _run("search", "burned", "goods", data=archive).stdout.splitlines()
    assert lines[0] == "1 article for burned goods"
    assert lines[2] == " 1  SINUIJU, NORTH PYONGAN · March 2021, inferred · Daily NK"
    assert lines[3] == "    Officials burn goods in Sinuiju"
    assert "smuggled goods" in lines[4]
    assert lines[5] == "    burning"
    assert lines[7] == "Regions of all of them"
    assert "     1      Sinuiju" in lines


def test_search_shows_brackets_as_they_are(archive: Path) -> None:
    """Text is never taken for markup."""
    assert "    [Weather]" in _run("search", "--source", "KCNA", data=archive).stdout.splitlines()


def test_search_as_json_is_the_api(archive: Path) -> None:
    """`--json` prints what the API would answer."""
    answer = json.loads(_run("search", "--json", "--region", "신의주", data=archive).stdout)
    assert answer["total"] == 1
    assert answer["hits"][0]["id"] == "burning"
    assert answer["facets"]["region"]["values"][0]["id"] == "kp"


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        pytest.param("--region", "Nowhere", "no article of this archive has the region nowhere", id="region"),
        pytest.param("--source", "Nobody", "no article of this archive has the source nobody", id="source"),
        pytest.param("--topic", "nothing", "no article of this archive has the topic nothing", id="topic"),
    ],
)
def test_search_says_that_a_value_is_unknown(archive: Path, option: str, value: str, said: str) -> None:
    """What is asked for and no article has is said under the count, and in JSON as the API says it."""
    lines = _run("search", "goods", option, value, data=archive).stdout.splitlines()
    assert lines[:2] == ["no articles for goods", said]
    answer = json.loads(_run("search", "goods", option, value, "--json", data=archive).stdout)
    assert answer["query"]["warnings"] == [{"code": "unknown-value", "detail": said}]


def test_regions_to_choose_from(archive: Path) -> None:
    """With a region chosen, the regions shown are those that could be, not those of what is found."""
    lines = _run("search", "--region", "Nowhere", data=archive).stdout.splitlines()
    assert "Regions to choose from" in lines
    assert "Regions of all of them" not in lines
    assert "     1      Sinuiju" in lines


@pytest.mark.parametrize(
    ("limit", "last"), [pytest.param("10", 1, id="one page"), pytest.param("1", 2, id="two pages")]
)
def test_search_beyond_the_last_page(archive: Path, limit: str, last: int) -> None:
    """A page that is not there is said, with the last there is."""
    lines = _run("search", "--page", "1000", "--limit", limit, data=archive).stdout.splitlines()
    assert lines[:2] == ["2 articles", f"There is no page 1,000: the last is page {last}."]
    assert "no page" not in _run("search", "--page", str(last), "--limit", limit, data=archive).stdout
    assert "no page" not in _run("search", "unheard-of", "--page", "2", data=archive).stdout


@pytest.mark.parametrize("words", [["-goods"], ["-hamburg"], ["burned", "-5"]], ids=" ".join)
def test_a_word_that_is_taken_for_options(archive: Path, words: Sequence[str]) -> None:
    """A word with a hyphen before it is refused with how to type it, which works."""
    result = _run("search", *words, data=archive)
    assert result.exit_code == 2
    assert "dateline search -- rice -market" in result.stderr
    found = CliRunner().invoke(main, ["search", "--data", str(archive), "--", *words])
    assert found.stdout.splitlines()[0].endswith(f"for {' '.join(words)}")


def test_an_option_that_is_misspelt(archive: Path) -> None:
    """It is not taken for a word."""
    result = _run("search", "goods", "--limt", "5", data=archive)
    assert result.exit_code == 2
    assert "--limit" in result.stderr
    assert "leave out" not in result.stderr


def test_show(archive: Path) -> None:
    """One article with the evidence for all that is known of it; by JSON, both of the API's answers."""
    shown = _run("show", "burning", data=archive).stdout
    assert "Officials in Sinuiju burned smuggled goods" in shown
    assert "told Daily NK" in shown
    both = json.loads(_run("show", "burning", "--json", data=archive).stdout)
    assert both["article"]["id"] == both["evidence"]["id"] == "burning"


def test_a_picture_is_called_so_once(tmp_path: Path) -> None:
    """A caption that says itself what it is is shown as it is; others are called a picture."""
    (tmp_path / "a.txt").write_text(
        "Rain fell\n\nRain fell on Sinuiju.\n\nImage: A market in Sinuiju\n\nA bridge near Rason (Daily NK)\n",
        encoding="utf-8",
    )
    shown = _run("ingest", "--dry-run", tmp_path / "a.txt", data=tmp_path / "data").stdout.splitlines()
    assert "Image: A market in Sinuiju" in shown
    assert "Picture: A bridge near Rason (Daily NK)" in shown


def test_lines_are_joined_that_only_a_width_has_cut(tmp_path: Path) -> None:
    """An article that came wrapped is shown a paragraph a line, as any other."""
    (tmp_path / "a.txt").write_text(
        "Rice\n\n"
        "The ministry of trade said that rice would be sold at the shops\n"
        "of the state alone, and that a market in the capital which had\n"
        "sold it for years would close by the end of the month, whether\n"
        "or not.\n",
        encoding="utf-8",
    )
    shown = _run("ingest", "--dry-run", tmp_path / "a.txt", data=tmp_path / "data").stdout
    assert "at the shops of the state alone, and that a market in the capital which had sold it for years" in shown


def test_a_place_that_is_only_named_is_found(tmp_path: Path) -> None:
    """Above an article without date and source that names a place it does not say that no place was found."""
    (tmp_path / "a.txt").write_text("A singer\n\nShe went to Pyongyang.\n", encoding="utf-8")
    shown = _run("ingest", "--dry-run", tmp_path / "a.txt", data=tmp_path / "data").stdout
    assert "undated, no place of its own\n" in shown
    assert "North Korea > Pyongyang (mentioned)" in shown


def test_check_finds_all_well_and_then_what_is_not(archive: Path, tmp_path: Path) -> None:
    """A sound archive passes, as does one changed since, which is told; a damaged one fails. Both say what to run."""
    assert _run("check", data=archive).exit_code == 0
    (tmp_path / "a.txt").write_text(REPORT, encoding="utf-8")
    data = tmp_path / "data"
    _run("ingest", tmp_path / "a.txt", data=data)
    _run("build", data=data)
    (tmp_path / "a.txt").write_text(REPORT + "More.\n", encoding="utf-8")
    _run("ingest", tmp_path / "a.txt", data=data)
    stale = _run("check", data=data)
    assert stale.exit_code == 0
    assert "1 change behind" in stale.stdout
    assert "dateline build" in stale.stdout
    (manifest,) = data.glob("generations/*/manifest.json")
    damaged = manifest.parent / "documents" / "1.sqlite"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\x01")
    broken = _run("check", data=data)
    assert broken.exit_code == 1
    assert "documents/1.sqlite" in broken.stdout
    assert "dateline build --from-store" in broken.stdout


def test_check_reads_saved_searches(tmp_path: Path) -> None:
    """It says how many can be read, which cannot and why, and that a file of them is none."""
    (tmp_path / "a.txt").write_text(REPORT, encoding="utf-8")
    data = tmp_path / "data"
    _run("ingest", tmp_path / "a.txt", data=data)
    _run("build", data=data)
    assert "none saved" in _run("check", data=data).stdout
    for name in ("Markets", "Bridges"):
        assert _run("searches", "add", name, "--q", name, data=data).exit_code == 0
    assert "2 saved, and each can be read" in _run("check", data=data).stdout
    kept = data / "searches.json"
    kept.write_text(kept.read_text().replace('"query": "Bridges"', '"query": "Bridges OR"'))
    one = _run("check", data=data)
    assert one.exit_code == 1
    assert "WRONG  searches   1 of 2 cannot be read any more (bridges: " in one.stdout
    kept.write_text("{")
    none = _run("check", data=data)
    assert none.exit_code == 1
    assert "searches.json cannot be used" in none.stdout


def test_check_asks_both_engines(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--sample`, both engines are asked; if they differ, the first question they differ on is printed."""
    checked = _run("check", "--sample", "20", data=archive)
    assert checked.exit_code == 0
    assert "same answers to 20 questions" in checked.stdout
    monkeypatch.setattr("service.commands.writing.difference", lambda *_: "2 matches against 3")
    checked = _run("check", "--sample", "20", data=archive)
    assert checked.exit_code == 1
    assert re.search(r"WRONG +engines +arrays and whoosh differ on `.*2 matches\s+against 3", checked.stdout, re.DOTALL)


def test_topics_of_ones_own(archive: Path, tmp_path: Path) -> None:
    """A topics.toml in the data folder replaces ours, and the next build applies it to articles already there."""
    data = tmp_path / "data"
    _run("ingest", archive.parent / "articles", data=data)
    (data / "topics.toml").write_text('[fire]\nname = "Fire"\nquery = "burn"\n', encoding="utf-8")
    assert "2 articles understood anew" in _run("build", data=data).stdout
    answer = json.loads(_run("search", "--json", "--topic", "fire", data=data).stdout)
    assert [hit["topics"] for hit in answer["hits"]] == [[{"id": "fire", "name": "Fire"}]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["search", "word"], "in another folder, name that with --data", id="nothing to search"),
        pytest.param(["show", "x"], "make one: dateline ingest PATH", id="nothing to show"),
        pytest.param(["build"], "dateline ingest", id="nothing to build"),
        pytest.param(["search", "a" * 300], "WORDS: is 300 characters long; at most 256", id="too long a question"),
        pytest.param(["search", *"abcdefg" * 5], "WORDS: the question has 35 terms", id="too many words"),
        pytest.param(["search", "--from", "soon"], "--from: must be YYYY", id="not a date"),
        pytest.param(
            ["search", "--from", "2020", "--to", "2019"], "before --from begins", id="days the wrong way round"
        ),
        pytest.param(["search", "--limit", "99"], "--limit: is 99; at most 50", id="too many on a page"),
        pytest.param(["search", "--page", "1001"], "--page: 1001 pages of 10 reach beyond", id="too far"),
        pytest.param(["search", "--limit", "0", "--page", "x"], "not '0'\n--page: must be", id="two mistakes"),
        pytest.param(["ingest", "x.txt", "--map", "text"], "THEIRS=OURS", id="not a mapping"),
        pytest.param(["ingest", "x.txt", "--map", "text=colour"], "no such field", id="not a field"),
    ],
)
def test_what_cannot_be_done(tmp_path: Path, arguments: Sequence[str], said: str) -> None:
    """A mistake is answered by exit code 2 and a message that says what to do."""
    result = _run(*arguments, data=tmp_path / "data")
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [["search", "word"], ["show", "x"]], ids=" ".join)
def test_an_archive_without_an_index(tmp_path: Path, command: Sequence[str]) -> None:
    """Where there is an archive, the remedy is to build its index."""
    (tmp_path / "a.txt").write_text(REPORT, encoding="utf-8")
    data = tmp_path / "data"
    _run("ingest", tmp_path / "a.txt", data=data)
    result = _run(*command, data=data)
    assert result.exit_code == 2
    assert f"{data} has no published index. Run: dateline build --data {data}" in result.stderr


def test_check_of_a_folder_without_an_archive(tmp_path: Path) -> None:
    """That there is no archive is all that is said: every other remedy would fail."""
    result = _run("check", "--sample", "5", data=tmp_path / "typo")
    assert result.exit_code == 1
    [said] = result.stdout.splitlines()
    assert said.startswith(f"WRONG  archive    there is no archive in {tmp_path / 'typo'}. If it is in another folder")
    assert not (tmp_path / "typo").exists()


def test_an_article_that_is_not_there(archive: Path) -> None:
    """An unknown id is exit code 2."""
    result = _run("show", "nothing", data=archive)
    assert result.exit_code == 2
    assert "no article 'nothing'" in result.stderr


def test_a_setting_that_cannot_be(archive: Path) -> None:
    """A bad environment variable stops `serve` by name."""
    result = subprocess.run(
        [sys.executable, "-m", "service", "serve", "--data", str(archive)],
        env=os.environ | {"DATELINE_WORKERS": "many"},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert result.returncode == 2
    assert "DATELINE_WORKERS" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_port_that_is_taken(archive: Path) -> None:
    """An address that something else listens on is said at once."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = _run("serve", "--port", str(other.getsockname()[1]), data=archive)
    assert result.exit_code == 2
    assert "choose another with --port" in result.stderr


def test_serve_of_a_folder_without_an_archive(tmp_path: Path) -> None:
    """It says so, and not that an index should be built, before it goes on to serve."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = _run("serve", "--port", str(other.getsockname()[1]), data=tmp_path / "typo")
    assert f"there is no archive in {tmp_path / 'typo'}. If it is in another folder" in result.stderr
    assert "Serving all the same" in result.stderr
    assert "dateline build" not in result.stderr


def test_rules_that_cannot_be(archive: Path, tmp_path: Path) -> None:
    """A mistake in one's own topics.toml is named before anything is written."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "topics.toml").write_text('[fire]\nname = "Fire"\n', encoding="utf-8")
    result = _run("ingest", archive.parent / "articles", data=data)
    assert result.exit_code == 2
    assert "fire" in result.stderr
    assert not (data / "archive.sqlite").exists()


@pytest.mark.parametrize("command", [[], ["ingest"], ["build"], ["search"], ["show"], ["serve"], ["check"]])
def test_every_command_explains_itself(command: Sequence[str]) -> None:
    """`--help` of every command has an example."""
    result = _run(*command, "--help")
    assert result.exit_code == 0
    assert re.search(r"\n  Examples?:\n    dateline ", result.output)


@pytest.mark.parametrize(
    ("korean", "said"),
    [
        pytest.param("letters", "DATELINE_KOREAN='letters': must be one of pairs, morphemes", id="no such way"),
        pytest.param("morphemes", "pip install 'dateline[korean]'", id="a library that is not there"),
    ],
)
def test_korean_that_cannot_be_is_refused_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, korean: str, said: str
) -> None:
    """Every command says what is wrong with how Korean is to be taken apart, before it does anything."""
    monkeypatch.setenv("DATELINE_KOREAN", korean)
    monkeypatch.setattr("index.morphemes.version_of", _no_package)
    result = _run("build", data=tmp_path / "data")
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "data").exists()


def _no_package(package: str) -> str:
    raise PackageNotFoundError(package)
