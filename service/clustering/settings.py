"""Where the cluster is and who asks it, as the settings say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from index.opensearch.client import Connection
from service.settings import SettingsError

if TYPE_CHECKING:
    from service.settings import Settings


def connection_from_settings(settings: Settings) -> Connection:
    """How to reach the cluster. The password is read from its file now. Raises `SettingsError`."""
    problems = tuple(filter(None, (_without_address(settings), _unreadable_ca(settings))))
    if problems:
        raise SettingsError(problems)
    return Connection(
        urls=tuple(settings.opensearch_url.split()),
        user=settings.opensearch_user or None,
        password=_password(settings.opensearch_password_file),
        ca_file=Path(settings.opensearch_ca_file) if settings.opensearch_ca_file else None,
    )


def _without_address(settings: Settings) -> str:
    return "" if settings.opensearch_url else "DATELINE_OPENSEARCH_URL is needed: the addresses of the cluster's nodes"


def _unreadable_ca(settings: Settings) -> str:
    path = settings.opensearch_ca_file
    return f"DATELINE_OPENSEARCH_CA_FILE={path}: there is no such file" if path and not Path(path).is_file() else ""


def _password(file: str) -> str | None:
    """What the file holds, but for blanks around it; None if no file is named."""
    if not file:
        return None
    try:
        password = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise SettingsError((f"DATELINE_OPENSEARCH_PASSWORD_FILE={file} cannot be read: {reason}",)) from None
    if not password:
        raise SettingsError((f"DATELINE_OPENSEARCH_PASSWORD_FILE={file} is empty",))
    return password
