"""The commands of keys, tokens and sites: what they print, keep and refuse."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from service.access.last_use import LastUse
from service.access.register import FILE, read_register
from service.access.tokens import read_token
from service.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

KEY = re.compile(r"dl_[0-9a-f]{8}_[A-Za-z0-9_-]{43}")
ORIGIN = ("--origin", "https://news.example")


def run(*arguments: str, data: Path | None = None, given: str | None = None) -> Result:
    """Run a command."""
    return CliRunner().invoke(main, [*arguments, *(["--data", str(data)] if data else [])], input=given)


def test_a_key_is_printed_once_on_a_line_of_its_own(tmp_path: Path) -> None:
    """The key alone goes to the output, to be kept by whoever asked; its text is nowhere on disk."""
    made = run("keys", "create", "--scope", "write", "--scope", "delete", "--name", "intake", data=tmp_path)
    assert made.exit_code == 0
    assert KEY.fullmatch(made.stdout.strip())
    assert "shown once" in made.stderr
    kept = read_register(tmp_path).keys[0]
    assert kept.is_of(made.stdout.strip())
    assert kept.scopes == ("write", "delete")
    assert made.stdout.strip()[12:] not in (tmp_path / FILE).read_text()


def test_keys_are_listed_and_revoked(tmp_path: Path) -> None:
    """The list says what each is for, until when, and when it was used last, and shows none of them."""
    assert "keys create" in run("keys", "list", data=tmp_path).stderr
    texts = [
        run("keys", "create", *options, data=tmp_path).stdout.strip()
        for options in (("--scope", "write", "--expires", "90d"), ("--scope", "read", "--filter", "source:daily-nk"))
    ]
    ids = [text.split("_")[1] for text in texts]
    LastUse(tmp_path).note(ids[0])
    listed = run("keys", "list", data=tmp_path).stdout
    assert [line.split()[0] for line in listed.splitlines()] == ["ID", *ids]
    assert "source:daily-nk" in listed
    assert "not yet" in listed.splitlines()[2]
    assert "not yet" not in listed.splitlines()[1]
    assert not KEY.search(listed)
    assert run("keys", "revoke", ids[0], data=tmp_path).exit_code == 0
    assert run("keys", "revoke", texts[1], data=tmp_path).exit_code == 0
    assert read_register(tmp_path).keys == ()
    assert list((tmp_path / "access").iterdir()) == []


def test_a_token_is_made_without_the_archive(tmp_path: Path) -> None:
    """From a key in a file or on the input: its filters and its end are in it."""
    key = run("keys", "create", "--scope", "read", data=tmp_path).stdout
    (tmp_path / "key").write_text(key)
    made = run("token", "--key-file", str(tmp_path / "key"), "--expires", "2h", "--filter", "topic:markets")
    assert made.exit_code == 0
    token = read_token(made.stdout.strip())
    assert token.payload.filters == ("topic:markets",)
    assert token.is_signed_by(read_register(tmp_path).keys[0].sha256)
    assert run("token", "--key-file", "-", given=key).exit_code == 0


def test_a_site_is_added_shown_and_removed(tmp_path: Path) -> None:
    """Its origins are kept as browsers send them, its facets are those of the snippet, which names it."""
    added = run(
        "sites", "add", "newsroom", "--origin", "https://News.example:443/", "--facets", "region,date", "--filter",
        "source:daily-nk", "--rate", "120/minute", data=tmp_path,
    )  # fmt: skip
    assert added.exit_code == 0
    assert read_register(tmp_path).sites[0].origins == ("https://news.example",)
    assert "newsroom" in run("sites", "list", data=tmp_path).stdout
    shown = run("sites", "show", "newsroom", "--url", "https://archive.example", data=tmp_path)
    assert 'facets="region date" site="newsroom"' in shown.stdout
    assert '<input type="hidden" name="site" value="newsroom">' in shown.stdout
    assert run("sites", "add", "newsroom", *ORIGIN, data=tmp_path).exit_code == 2
    assert run("sites", "add", "newsroom", *ORIGIN, "--replace", data=tmp_path).exit_code == 0
    assert read_register(tmp_path).sites[0].filters == ()
    assert run("sites", "remove", "newsroom", data=tmp_path).exit_code == 0
    assert read_register(tmp_path).sites == ()


FILTERS = ("topic:nonsense OR source:kcna", "-source:Nobody region:Atlantis")
"""Filters with values, three of which no article has."""


@pytest.mark.parametrize("kept", [("sites", "add", "newsroom", *ORIGIN), ("keys", "create", "--scope", "read")])
def test_filters_by_what_no_article_has_are_noted(tmp_path: Path, kept: tuple[str, ...]) -> None:
    """Where there is an index, it says so of each value; whatever there is, they are kept, for articles may come."""
    filters = [option for text in FILTERS for option in ("--filter", text)]
    unbuilt = run(*kept, *filters, data=tmp_path / "unbuilt")
    (tmp_path / "a.jsonl").write_text('{"id": "1", "body": "Rain fell.", "source": "KCNA"}')
    for command in (("ingest", str(tmp_path / "a.jsonl")), ("build",)):
        assert run(*command, data=tmp_path / "data").exit_code == 0
    built = run(*kept, *filters, data=tmp_path / "data")
    place = "Atlantis is not in the gazetteer; only declared regions can match"
    values = [f"no article of this archive has the {value}" for value in ("topic nonsense", "source nobody")]
    for made, data, said in ((unbuilt, "unbuilt", []), (built, "data", values)):
        assert made.exit_code == 0
        assert re.findall("^Note: (.+)$", made.stderr, re.MULTILINE) == [place, *said]
        register = read_register(tmp_path / data)
        assert [each.filters for each in register.sites or register.keys] == [FILTERS]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(("keys", "create"), "--scope", id="a key for nothing"),
        pytest.param(("keys", "create", "--scope", "all"), "not one of", id="a scope that is none"),
        pytest.param(("keys", "create", "--scope", "read", "--expires", "soon"), "90d", id="an end that is none"),
        pytest.param(
            ("keys", "create", "--scope", "read", "--expires", "2020-01-01"), "is past", id="an end that is past"
        ),
        pytest.param(
            ("keys", "create", "--scope", "read", "--filter", "rice"), "asks for words", id="a filter of words"
        ),
        pytest.param(
            ("keys", "create", "--scope", "write", "--filter", "source:a"), "--scope read", id="a filter of writing"
        ),
        pytest.param(("keys", "revoke", "00000000"), "keys list", id="no such key"),
        pytest.param(("sites", "add", "News Room", *ORIGIN), "lower-case", id="a name that is none"),
        pytest.param(("sites", "add", "x"), "--origin", id="a site from nowhere"),
        pytest.param(("sites", "add", "x", "--origin", "news.example"), "scheme", id="an origin without a scheme"),
        pytest.param(("sites", "add", "x", *ORIGIN, "--facets", "colour"), "colour", id="a facet that is none"),
        pytest.param(
            ("sites", "add", "x", *ORIGIN, "--rate", "10"),
            "--rate 10: must be 0 for none, or like 600/minute",
            id="a rate that is none",
        ),
        pytest.param(("sites", "add", "x", *ORIGIN, "--filter", "x:"), "filter", id="a filter that is none"),
        pytest.param(
            ("sites", "add", "x", *ORIGIN, "--filter", "source:-kcna"), "was read as -source:kcna", id="minus inside"
        ),
        pytest.param(("sites", "remove", "x"), "sites list", id="no such site to remove"),
        pytest.param(("sites", "show", "x"), "sites list", id="no such site to show"),
    ],
)
def test_mistakes_are_told_and_keep_nothing(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """A sentence that says what to do, exit code 2, and no file."""
    result = run(*arguments, data=tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / FILE).exists()


@pytest.mark.parametrize(
    ("key", "options", "said"),
    [
        pytest.param("nonsense", (), "one key", id="no key"),
        pytest.param("", (), "one key", id="an empty file"),
        pytest.param("TOKEN", (), "not from other tokens", id="a token"),
        pytest.param("KEY", ("--expires", "60d"), "31 days", id="too long"),
        pytest.param("KEY", ("--filter", "rice"), "asks for words", id="a filter of words"),
    ],
)
def test_tokens_are_made_from_keys_alone(tmp_path: Path, key: str, options: tuple[str, ...], said: str) -> None:
    """Neither from other tokens, nor for longer than any may last, nor with a filter that the service would refuse."""
    text = run("keys", "create", "--scope", "read", data=tmp_path).stdout
    token = run("token", "--key-file", "-", given=text).stdout
    result = run("token", "--key-file", "-", *options, given={"KEY": text, "TOKEN": token}.get(key, key))
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_a_damaged_file_is_told_and_left(tmp_path: Path) -> None:
    """Every command says which file and what to do, and changes nothing."""
    (tmp_path / FILE).write_text("{")
    for arguments in (
        ("keys", "list"),
        ("keys", "create", "--scope", "read"),
        ("sites", "list"),
        ("sites", "remove", "x"),
    ):
        result = run(*arguments, data=tmp_path)
        assert result.exit_code == 2
        assert "cannot be used" in result.stderr
    assert (tmp_path / FILE).read_text() == "{"
