"""The service as it runs, over a small archive made by its own commands, for tests that treat it badly.

`archive` makes a data folder; `served` starts gunicorn over it with some settings and stops it whatever happens.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PATIENCE_S = 60
CONFIG = Path(service.__file__).with_name("gunicorn.conf.py")
LONG = "long"
"""The id of an article of three million characters, which no system's buffers hold."""

_WORDS = ("rice", "market", "border", "river", "source", "province", "trader", "soldier", "bridge", "winter", "solar")


@dataclass(frozen=True, slots=True)
class Served:
    """Where it listens, and its process."""

    host: str
    port: int
    process: subprocess.Popen[str]

    def connected(self, timeout_s: float = PATIENCE_S) -> socket.socket:
        """A new connection to it."""
        return socket.create_connection((self.host, self.port), timeout_s)


def articles(count: int) -> Iterator[dict[str, object]]:
    """Made-up articles, the first of them very long."""
    yield {"id": LONG, "title": "A long report", "body": " ".join(_WORDS) * (3_000_000 // len(" ".join(_WORDS)))}
    for number in range(1, count):
        words = [_WORDS[(number * step + step * step) % len(_WORDS)] for step in range(1, 120)]
        yield {
            "id": f"report-{number}",
            "title": f"Report {number}: {words[0]} and {words[1]}",
            "body": " ".join(words) + ".",
            "date": f"20{10 + number % 10}-{1 + number % 12:02}-{1 + number % 28:02}",
            "region": ("Sinuiju", "Hyesan", "Pyongyang")[number % 3],
            "source": "Daily NK",
        }


def archive(folder: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """A data folder with these articles, built."""
    written, data = folder / "articles.jsonl", folder / "data"
    written.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for command in (["ingest", str(written)], ["build"]):
        done = subprocess.run(
            [sys.executable, "-m", "service", *command, "--data", str(data)],
            capture_output=True, text=True, check=False, env=_environment(data), cwd=folder,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    return data


@contextmanager
def served(data: Path, **settings: str) -> Iterator[Served]:
    """The service over a data folder, with these settings."""
    environment = _environment(data) | {"DATELINE_PORT": "0", "DATELINE_LOG_LEVEL": "error", **settings}
    command = [sys.executable, "-m", "gunicorn", "-c", str(CONFIG)]
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True, cwd=data.parent
        )
        try:
            yield Served(*_address(process), process)
        finally:
            process.terminate()
            process.communicate(timeout=PATIENCE_S)
        log.seek(0)
        errors = log.read()
    assert '"level": "error"' not in errors, errors
    assert "Traceback" not in errors, errors


def _address(process: subprocess.Popen[str]) -> tuple[str, int]:
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if found := re.search(r"http://[\d.]+:\d+$", line.strip()):
            parts = urlsplit(found.group())
            assert parts.hostname
            assert parts.port
            _wait_until_ready(parts.hostname, parts.port)
            return parts.hostname, parts.port
    raise AssertionError("".join(said) or "it ended before it said where it was")


def _wait_until_ready(host: str, port: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        with socket.create_connection((host, port), PATIENCE_S) as connection:
            connection.sendall(b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            if connection.recv(4096).startswith(b"HTTP/1.1 200"):
                return
        assert time.monotonic() < deadline, "it was not ready in time"
        time.sleep(0.05)


def _environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
    root = str(Path(service.__file__).parent.parent)
    return kept | {"DATELINE_DATA": str(data), "PYTHONPATH": root, "DATELINE_TRUSTED_PROXIES": "127.0.0.1"}
