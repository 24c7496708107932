"""How to reach a cluster, from the settings; the password comes from a file and goes nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.clustering.settings import connection_from_settings
from service.settings import Settings, SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def test_everything_is_read(tmp_path: Path) -> None:
    """Addresses, user, password and certificates; the password is not part of what is printed."""
    (tmp_path / "password").write_text("secret\n")
    (tmp_path / "ca.pem").write_text("")
    settings = Settings(
        opensearch_url="https://a:9200 https://b:9200",
        opensearch_user="indexer",
        opensearch_password_file=str(tmp_path / "password"),
        opensearch_ca_file=str(tmp_path / "ca.pem"),
    )
    connection = connection_from_settings(settings)
    assert connection.urls == ("https://a:9200", "https://b:9200")
    assert (connection.user, connection.password, connection.ca_file) == ("indexer", "secret", tmp_path / "ca.pem")
    assert "secret" not in repr(connection)
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(None, "cannot be read: No such file", id="no file"),
        pytest.param(b" \n", "is empty", id="empty"),
        pytest.param(b"\xff", "it is not UTF-8", id="not text"),
    ],
)
def test_a_password_that_cannot_be_read_is_said_to_be(tmp_path: Path, content: bytes | None, said: str) -> None:
    """The message names the setting and the file."""
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=said):
        connection_from_settings(Settings(opensearch_url="http://a:9200", opensearch_password_file=str(path)))


def test_what_is_missing_is_named() -> None:
    """No address, and certificates that are not there: both at once."""
    with pytest.raises(SettingsError) as caught:
        connection_from_settings(Settings(opensearch_ca_file="/nowhere/ca.pem"))
    assert len(caught.value.problems) == 2
