"""Settings: one table, read from an environment, every problem named."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.settings import (
    Settings,
    SettingsError,
    environment_from_settings,
    setting_rows,
    settings_from_environment,
)


def test_defaults_are_what_the_table_says() -> None:
    """An empty environment gives the defaults, and the table's defaults read as themselves."""
    assert settings_from_environment({}) == Settings()
    assert settings_from_environment({row.variable: row.default for row in setting_rows()}) == Settings()
    assert all(row.meaning for row in setting_rows())


def test_the_environment_is_heard_and_can_be_handed_on() -> None:
    """Each variable is read; blanks are not given; what is handed to a child process says the same."""
    given = {"DATELINE_PORT": "8123", "DATELINE_DATA": "/a folder", "DATELINE_WORKERS": " ", "PATH": "/bin"}
    settings = settings_from_environment(given)
    assert settings == Settings(port=8123, data=Path("/a folder"))
    assert settings_from_environment(environment_from_settings(settings)) == settings


@pytest.mark.parametrize(
    ("environment", "problems"),
    [
        pytest.param(
            {"DATELINE_PORT": "http"}, ["DATELINE_PORT='http': must be a whole number from 0 to 65535"], id="word"
        ),
        pytest.param({"DATELINE_PORT": "65536"}, ["from 0 to 65535"], id="too large"),
        pytest.param({"DATELINE_THREADS": "0"}, ["from 1 to 64"], id="too small"),
        pytest.param({"DATELINE_PORT": "²"}, ["DATELINE_PORT"], id="a digit that is no number"),
        pytest.param({"DATELINE_LOG_LEVEL": "loud"}, ["must be one of debug, info, warning, error"], id="choice"),
        pytest.param(
            {"DATELINE_PUBLIC_URL": "archive.example.org"}, ["must be an address like https://"], id="no scheme"
        ),
        pytest.param({"DATELINE_PUBLIC_URL": "https://x.org/?q=1"}, ["must be an address like"], id="a query"),
        pytest.param({"DATELINE_PUBLIC_URL": "https://[x"}, ["DATELINE_PUBLIC_URL='https://[x'"], id="no host"),
        pytest.param(
            {"DATELINE_OPENSEARCH_URL": "https://a:9200 search-2:9200"}, ["must be an address like"], id="a node"
        ),
        pytest.param({"DATELINE_OPENSEARCH_INDEX": "News"}, ["small letters, digits"], id="an index in capitals"),
        pytest.param({"DATELINE_NAME": "x" * 65}, ["at most 64 printable characters"], id="a long name"),
        pytest.param({"DATELINE_NAME": "a\x07b"}, ["at most 64 printable characters"], id="a bell in a name"),
        pytest.param(
            {"DATELINE_PROT": "8000"}, ["DATELINE_PROT is not a setting; did you mean DATELINE_PORT?"], id="typo"
        ),
        pytest.param(
            {"DATELINE_X": "1", "DATELINE_PORT": "x"}, ["DATELINE_X is not", "DATELINE_PORT='x'"], id="all at once"
        ),
    ],
)
def test_what_cannot_be_used_is_named(environment: dict[str, str], problems: list[str]) -> None:
    """Every variable that is unknown or has a bad value is said to be, at once, with what is allowed."""
    with pytest.raises(SettingsError) as caught:
        settings_from_environment(environment)
    assert len(caught.value.problems) == len(problems)
    for problem, expected in zip(caught.value.problems, problems, strict=True):
        assert expected in problem
    assert str(caught.value) == "\n".join(caught.value.problems)


def test_a_password_in_an_address_is_not_repeated() -> None:
    """It is refused with where it belongs instead, and the message does not have it."""
    with pytest.raises(SettingsError, match="DATELINE_OPENSEARCH_URL: must not hold a user or a password") as caught:
        settings_from_environment({"DATELINE_OPENSEARCH_URL": "https://indexer:secret@search-1:9200"})
    assert "secret" not in str(caught.value)


def test_several_nodes_are_one_setting() -> None:
    """Addresses stand beside one another with blanks between them, and can be handed on."""
    given = {"DATELINE_OPENSEARCH_URL": "https://search-1:9200/  https://search-2:9200"}
    settings = settings_from_environment(given)
    assert settings.opensearch_url == "https://search-1:9200 https://search-2:9200"
    assert settings_from_environment(environment_from_settings(settings)) == settings
