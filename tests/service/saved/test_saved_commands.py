"""The commands of saved searches: what they print, keep and refuse; and the recipe of docs/saved-searches.md."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from click.testing import CliRunner

from index.gazetteer import load_gazetteer
from search.percolate import load_topics
from service.cli import main
from service.saved.file import FILE, read_searches
from tests.service.saved.conftest import keep, saved

if TYPE_CHECKING:
    from click.testing import Result

RECIPE = Path(__file__).parents[3] / "docs" / "saved-searches.md"


def run(*arguments: str, data: Path) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, ["searches", *arguments, "--data", str(data)])


def test_a_search_is_saved_listed_shown_and_removed(tmp_path: Path) -> None:
    """Its id is made from its name, and each command says what it asks."""
    assert "Save one" in run("list", data=tmp_path).stderr
    made = run(
        "add", " Smuggling at the Yalu ", "--q", "smuggl* rice", "--op", "or", "--region", "신의주", data=tmp_path
    )
    assert made.exit_code == 0
    assert "smuggling-at-the-yalu, which asks: smuggl* OR rice  region=kp-sinuiju" in made.stderr
    listed = run("list", data=tmp_path).stdout.splitlines()
    assert listed[1].split("  ")[0] == "smuggling-at-the-yalu"
    shown = run("show", "smuggling-at-the-yalu", data=tmp_path)
    assert shown.exit_code == 0
    assert "/v1/searches/smuggling-at-the-yalu/feed.atom" in shown.stdout
    assert "smuggl* rice\n" in shown.stdout
    assert run("remove", "smuggling-at-the-yalu", data=tmp_path).exit_code == 0
    assert read_searches(tmp_path).searches == ()


def test_an_id_stays_what_it_is(tmp_path: Path) -> None:
    """A second search of an id is refused; with --replace the search asks something else in the place it had."""
    for name in ("Rice", "Winter"):
        run("add", name, "--q", name, data=tmp_path)
    again = run("add", "Rice!", "--q", "price", data=tmp_path)
    assert again.exit_code == 2
    assert "--replace" in again.stderr
    assert run("add", "Rice!", "--q", "price", "--replace", data=tmp_path).exit_code == 0
    assert [(search.id, search.query) for search in read_searches(tmp_path).searches] == [
        ("rice", "price"),
        ("winter", "Winter"),
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("add", "압록강", "--q", "압록강"), "say one with --id", id="a name of no Latin letters"),
        pytest.param(("add", "  ", "--q", "x"), "cannot name a search", id="no name"),
        pytest.param(("add", "x" * 121), "at most 120 characters", id="a long name"),
        pytest.param(("add", "a\tb"), "cannot name a search", id="a name with a tab"),
        pytest.param(("add", "Rice", "--id", "../rice"), "cannot be an id", id="an id that is a path"),
        pytest.param(("add", "Rice", "--date-from", "May"), "--date-from: must be YYYY", id="a day that is none"),
        pytest.param(("add", "Rice", "--role", "hero", "--sort", "best"), "--sort: must be one of", id="two mistakes"),
        pytest.param(("show", "none"), "`dateline searches list` shows them", id="show of none"),
        pytest.param(("remove", "none"), "`dateline searches list` shows them", id="remove of none"),
        pytest.param(("topic", "none"), "`dateline searches list` shows them", id="topic of none"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """A mistake has a message and no trace, and nothing is kept."""
    result = run(*arguments, data=tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / FILE).exists()


def test_what_is_odd_about_a_question_is_noted(tmp_path: Path) -> None:
    """It is saved as it was understood, which is said, and kept in words that need no remark."""
    made = run("add", "Rice", "--q", 'rice "market', data=tmp_path)
    assert made.exit_code == 0
    assert "Note: " in made.stderr
    assert read_searches(tmp_path).searches[0].query == 'rice "market"'
    assert run("list", data=tmp_path).exit_code == 0


ODD = ("--region", "Atlantis", "--region", "Sinuiju", "--source", "Nobody", "--topic", "nothing", "--source", "KCNA")
"""Values to be saved, three of which no article has."""


def test_values_that_no_article_has_are_noted(tmp_path: Path) -> None:
    """Where there is an index, it says so of each of them; the search is saved as it is, for they may come."""
    article = {"id": "1", "body": "Rain fell.", "region": "Sinuiju", "source": "KCNA", "date": "2011-12-01"}
    (tmp_path / "a.jsonl").write_bytes(msgspec.json.encode(article))
    data = tmp_path / "data"
    for command in (["ingest", str(tmp_path / "a.jsonl")], ["build"]):
        assert CliRunner().invoke(main, [*command, "--data", str(data)]).exit_code == 0
    made = run("add", "Rice", "--q", "rice", *ODD, data=data)
    assert made.exit_code == 0
    assert re.findall(r"^Note: no article of this archive has the (.+)$", made.stderr, re.MULTILINE) == [
        "region atlantis",
        "source nobody",
        "topic nothing",
    ]
    assert read_searches(data).searches[0].options["source"] == ("kcna", "nobody")


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param({}, id="nothing is built"),
        pytest.param({"DATELINE_WORKERS": "many"}, id="settings that cannot be"),
    ],
)
def test_places_that_nobody_knows_are_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: dict[str, str]
) -> None:
    """Without an index, it is said of places that the gazetteer lacks them; the search is saved."""
    for name, value in setting.items():
        monkeypatch.setenv(name, value)
    made = run("add", "Rice", "--q", "rice", *ODD, data=tmp_path)
    assert made.exit_code == 0
    assert re.findall("^Note: (.+)$", made.stderr, re.MULTILINE) == [
        "atlantis is not in the gazetteer; only declared regions can match"
    ]
    assert len(read_searches(tmp_path).searches) == 1


def test_a_search_that_cannot_be_read_any_more_is_listed(tmp_path: Path) -> None:
    """With why, and the exit code says that something is wrong; it can be replaced, and its neighbours are well."""
    keep(tmp_path, saved(q="rice"), msgspec.structs.replace(saved("old", "Old", q="rice"), query='"rice'))
    listed = run("list", data=tmp_path)
    assert listed.exit_code == 1
    assert "old" in listed.stdout
    assert "old cannot be read any more" in listed.stderr
    assert run("topic", "old", data=tmp_path).exit_code == 2
    assert run("show", "rice", data=tmp_path).exit_code == 0
    assert run("add", "Old", "--q", "rice", "--replace", data=tmp_path).exit_code == 0
    assert run("list", data=tmp_path).exit_code == 0


@pytest.mark.parametrize(
    "command", [("list",), ("show", "x"), ("add", "x"), ("remove", "x"), ("topic", "x")], ids=" ".join
)
def test_a_damaged_file_is_left_alone(tmp_path: Path, command: tuple[str, ...]) -> None:
    """Every command says what is wrong and what to do, and changes nothing."""
    (tmp_path / FILE).write_bytes(b'{"version": 2}')
    result = run(*command, data=tmp_path)
    assert result.exit_code == 2
    assert "Put back the file of a backup" in result.stderr
    assert (tmp_path / FILE).read_bytes() == b'{"version": 2}'


def test_the_recipe_works(tmp_path: Path) -> None:
    """Every command of the page does what the page says, and the row that it shows is the row that is printed."""
    page = RECIPE.read_text(encoding="utf-8")
    commands = re.findall(r"^dateline searches (.+)$", page.replace("\\\n", ""), re.MULTILINE)
    assert len(commands) >= 5
    printed = []
    for command in commands:
        result = run(*shlex.split(command, comments=True), data=tmp_path)
        assert result.exit_code == 0, result.stderr
        printed.append(result.stdout)
    [row] = re.findall(r"^```toml\n(.+?)^```", page, re.MULTILINE | re.DOTALL)
    assert row in printed
    (tmp_path / "topics.toml").write_text(row, encoding="utf-8")
    assert [rule.saved.label.name for rule in load_topics(load_gazetteer(), tmp_path / "topics.toml")]
