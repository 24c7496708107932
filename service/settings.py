"""The settings: one table, read once at the edge.

Each field of `Settings` is a row: its environment variable is `DATELINE_` and the field's name in capitals, its
metadata hold the default as it would be written, how it is read, and what it is for. Units are in the names.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from service.limiting.addresses import networks_from_text
from service.limiting.rates import rate_from_text
from service.origins import origins_from_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PREFIX: Final = "DATELINE_"
LONGEST_NAME: Final = 64

PAIRS: Final = "pairs"
_KOREAN: Final = f"{PREFIX}KOREAN"

ENGINES: Final = ("arrays", "whoosh", "opensearch")
"""What can be asked to answer; `service.wiring` knows what they are."""


class SettingsError(Exception):
    """Settings that cannot be used: every problem with its variable, one a line."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class Unshown(ValueError):
    """A value that is not to be repeated in a message."""


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
            message = f"must be a whole number from {least} to {most}"
            raise ValueError(message)
        return int(text)

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in choices:
            message = f"must be one of {', '.join(choices)}"
            raise ValueError(message)
        return text

    return read


def _switch(text: str) -> bool:
    if text not in {"0", "1"}:
        message = "must be 1 (on) or 0 (off)"
        raise ValueError(message)
    return text == "1"


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        message = "must be an address like https://archive.example.org"
        raise ValueError(message)
    return text.rstrip("/")


def _nodes(text: str) -> str:
    """Addresses of nodes, with a blank between them. One with a password in it is not repeated."""
    for address in text.split():
        if "@" in address:
            raise Unshown("must not hold a user or a password: they have settings of their own")
        _address(address)
    return " ".join(address.rstrip("/") for address in text.split())


def _index_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,63}", text):
        message = "must be at most 64 small letters, digits, - and _, the first a letter or digit"
        raise ValueError(message)
    return text


def _optional(read: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: read(text) if text else ""


def _rate(text: str) -> str:
    rate_from_text(text)
    return text


def _networks(text: str) -> str:
    networks_from_text(text)
    return text


def _name(text: str) -> str:
    if len(text) > LONGEST_NAME or not text.isprintable():
        message = f"must be at most {LONGEST_NAME} printable characters"
        raise ValueError(message)
    return text


def _setting(default: str, read: Callable[[str], Any], meaning: str) -> Any:  # noqa: ANN401 - stands for any field
    return field(default=read(default), metadata={"default": default, "read": read, "meaning": meaning})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a service runs. The defaults serve `./data` to this machine only."""

    data: Path = _setting("./data", Path, "the folder the archive lives in")  # noqa: RUF009 - paths are immutable
    host: str = _setting("127.0.0.1", str, "the address to listen on; 0.0.0.0 is every one of this machine")
    port: int = _setting("8000", _whole_number(0, 65535), "the port to listen on; 0 lets the system choose")
    name: str = _setting("Dateline", _name, "what the archive is called in feeds and in a browser's list of searches")
    public_url: str = _setting(
        "", _optional(_address), "the address readers use, if it is another: behind a proxy, say"
    )
    workers: int = _setting("2", _whole_number(1, 64), "processes that answer requests")
    threads: int = _setting("8", _whole_number(1, 64), "requests that one process answers at a time")
    worker_timeout_seconds: int = _setting("30", _whole_number(1, 600), "a process silent for longer is replaced")
    stop_timeout_seconds: int = _setting("10", _whole_number(1, 600), "how long requests may finish after SIGTERM")
    keepalive_seconds: int = _setting("5", _whole_number(1, 600), "how long an idle connection is kept")
    public: bool = _setting("1", _switch, "1: everybody may read; 0: reading needs a key or a token (docs/access.md)")
    allowed_origins: str = _setting(
        "*",
        origins_from_text,
        "pages that may read answers to no site: * is every one, or origins, with a blank between them",
    )
    max_body_bytes: int = _setting("65536", _whole_number(1024, 16_777_216), "the longest request body taken")
    max_write_bytes: int = _setting(
        "4194304", _whole_number(1024, 268_435_456), "the longest body of articles taken by one request"
    )
    max_article_bytes: int = _setting(
        "262144", _whole_number(1024, 16_777_216), "the longest article taken in one, as JSON"
    )
    max_batch_articles: int = _setting("500", _whole_number(1, 100_000), "the most articles taken in one")
    indexer: bool = _setting(
        "1", _switch, "1: dateline serve keeps the index up to date, too, where it can write the data; 0: it does not"
    )
    reload_check_ms: int = _setting("50", _whole_number(0, 60_000), "how often to look for a newly built index")
    cache_seconds: int = _setting("60", _whole_number(0, 86_400), "how long answers may be reused (max-age)")
    cache_stale_seconds: int = _setting("300", _whole_number(0, 86_400), "and then, while a fresh one is fetched")
    answer_cache_bytes: int = _setting(
        "33554432",
        _whole_number(0, 4_294_967_296),
        "memory for answers that are kept to be given again, in each process; 0 keeps none",
    )
    rate: str = _setting(
        "600/minute",
        _rate,
        "how often one address may ask (IPv6: one /64; private ones are not counted); 0 is no limit",
    )
    rate_burst: int = _setting("120", _whole_number(1, 1_000_000), "how many of them may come at once")
    key_rate: str = _setting(
        "6000/minute", _rate, "how often whoever has a key may ask with it, instead of as an address; 0 is no limit"
    )
    trusted_hops: int = _setting(
        "0", _whole_number(0, 16), "how many proxies stand before this service; 0 is none, or nobody to be believed"
    )
    trusted_proxies: str = _setting(
        "", _networks, "addresses or networks that the last of them asks from: only their X-Forwarded-For is read"
    )
    connections: int = _setting("1000", _whole_number(16, 65_536), "connections that one process holds at a time")
    queue: int = _setting(
        "64", _whole_number(0, 65_536), "requests that wait in one process for a thread; one more is answered 503"
    )
    queue_ms: int = _setting(
        "1000", _whole_number(1, 60_000), "a request that waited longer, and others behind it, is answered 503"
    )
    query_budget_ms: int = _setting(
        "1000", _whole_number(10, 60_000), "processor time that one question may take; one that takes more is refused"
    )
    client_timeout_seconds: int = _setting(
        "10", _whole_number(1, 600), "how long a client may take to send its request, or to take the next of its answer"
    )
    engine: str = _setting(
        "arrays",
        _one_of(*ENGINES),
        "what answers: arrays; or whoosh, slower by far, to compare with; or opensearch, a cluster (docs/scaling.md)",
    )
    opensearch_url: str = _setting(
        "", _nodes, "addresses of the cluster's nodes, with a blank between them, such as https://search-1:9200"
    )
    opensearch_user: str = _setting("", str, "who asks the cluster, if it wants to know")
    opensearch_password_file: str = _setting("", str, "the file with the password, which is nowhere else")
    opensearch_ca_file: str = _setting(
        "", str, "certificates of who vouches for the nodes (PEM), if the system does not know them"
    )
    opensearch_index: str = _setting("dateline", _index_name, "what the archive's index is called on the cluster")
    opensearch_shards: int = _setting(
        "3",
        _whole_number(1, 1024),
        "into how many pieces a new index is cut; one piece is for some 10 million articles",
    )
    opensearch_replicas: int = _setting(
        "1", _whole_number(0, 10), "copies of each piece besides the first: so many nodes may be lost"
    )
    korean: str = _setting(
        PAIRS,
        _one_of(PAIRS, "morphemes"),
        "what Korean words are found by: pairs (of letters), or morphemes: with the extra korean, 520 MB a process "
        "(docs/korean.md)",
    )
    log_level: str = _setting("info", _one_of("debug", "info", "warning", "error"), "the least that is logged")
    source_safety: bool = _setting(
        "1", _switch, "1: nothing that was asked, and nobody who asked, is written anywhere; 0: the log tells a little"
    )
    metrics_port: int = _setting(
        "0", _whole_number(0, 65535), "a port of this machine alone that tells /metrics without a key; 0 is none"
    )


@dataclass(frozen=True, slots=True)
class SettingRow:
    """A row of the table, for documentation: the variable, its default as written, and its meaning."""

    variable: str
    default: str
    meaning: str


def setting_rows() -> tuple[SettingRow, ...]:
    """The table of settings, in order."""
    return tuple(
        SettingRow(_variable(row.name), row.metadata["default"], row.metadata["meaning"]) for row in fields(Settings)
    )


def settings_from_environment(environment: Mapping[str, str]) -> Settings:
    """The settings of an environment. Raises `SettingsError` with each variable that is unknown or has a bad value."""
    rows = {_variable(row.name): row for row in fields(Settings)}
    problems = [_unknown(name, rows) for name in environment if name.startswith(PREFIX) and name not in rows]
    values: dict[str, Any] = {}
    for variable, row in rows.items():
        text = environment.get(variable, "").strip()
        if not text:
            continue
        try:
            values[row.name] = row.metadata["read"](text)
        except Unshown as error:
            problems.append(f"{variable}: {error}")
        except ValueError as error:
            problems.append(f"{variable}={text!r}: {error}")
    if problems:
        raise SettingsError(tuple(problems))
    return Settings(**values)


def korean_from_environment(environment: Mapping[str, str]) -> str:
    """The one setting that commands need that need no other. Raises `SettingsError`."""
    return settings_from_environment({_KOREAN: environment.get(_KOREAN, "")}).korean


def apply_korean(korean: str) -> None:
    """Have this process take Korean words apart as a setting says. Raises `AnalyserMissing`.

    Pairs are what a process does anyway, and need nothing to be imported.
    """
    if korean != PAIRS:
        from index.analysis import Korean, analyse_korean  # noqa: PLC0415 - see above

        analyse_korean(Korean(korean))


def environment_from_settings(settings: Settings) -> dict[str, str]:
    """The inverse of `settings_from_environment`: what to hand to a process that is to run with these settings."""
    return {_variable(row.name): _text(getattr(settings, row.name)) for row in fields(settings)}


def _text(value: object) -> str:
    """How a value is written."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _unknown(name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"{name} is not a setting; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}")
