"""What an archive's keeper relies on: health, readiness, following builds, request ids, logs that tell on nobody."""

from __future__ import annotations

import datetime as dt
import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
import structlog

from index.layout import DataFolder
from service import wire
from service.logs import LEVELS, ServerLog, configure_logging, described
from service.settings import Settings
from service.wiring import archives_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from index.document import Document
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

ROUTES = ("/v1/search", "/v1/facets/region", "/v1/articles/x", "/v1/articles/x/evidence", "/readyz")


class Quiet:
    """A log that counts."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def info(self, event: str, **values: object) -> None:
        """Nothing to count."""

    def error(self, event: str, **values: object) -> None:
        """Count."""
        self.errors.append(f"{event}: {values['reason']}")


@pytest.fixture
def log() -> Quiet:
    """A log."""
    return Quiet()


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """A folder in which nothing has been built."""
    return DataFolder(tmp_path)


@pytest.fixture
def following(data: DataFolder, log: Quiet) -> Iterator[Reloading[Archive]]:
    """The archive in it, looked at before each request."""
    archives = archives_of(Settings(data=data.path, reload_check_ms=0), log)
    yield archives
    archives.close()


def test_readiness_says_what_is_served(api_of: Callable[..., Api], archives: Reloading[Archive]) -> None:
    """Generation, time of building, age and number of articles."""
    with archives.lease() as archive:
        created = archive.created
    api = api_of(archives, now=lambda: created + dt.timedelta(hours=1, seconds=2.5))
    answer = api.get("/readyz").json
    assert answer.pop("created").startswith(str(created.date()))
    assert answer.pop("generation").startswith("1-")
    assert answer == {
        "status": "ready",
        "age_seconds": 3602,
        "articles": 30,
        "change": 1,
        "held": None,
        "reason": None,
    }


def test_readiness_says_that_publishing_is_held(api_of: Callable[..., Api], archives: Reloading[Archive]) -> None:
    """Since when, and why: so that nobody waits for changes to appear."""
    since = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
    api = api_of(archives, held=lambda: wire.Held(since, "rolled back from 2-a to 1-b"))
    assert api.get("/readyz").json["held"] == {"since": "2026-11-01T12:00:00Z", "reason": "rolled back from 2-a to 1-b"}


@pytest.mark.parametrize("path", ROUTES)
def test_before_anything_is_built_every_route_says_what_to_do(
    api_of: Callable[..., Api], following: Reloading[Archive], data: DataFolder, path: str
) -> None:
    """503 with the command that helps and without a path of this machine; health and description are there already."""
    api = api_of(following)
    answer = api.get(path)
    assert answer.status_code == 503
    assert answer.json["code"] == "not-ready"
    assert "dateline build" in answer.json["detail"]
    assert str(data.path) not in answer.text
    assert answer.headers["retry-after"]
    assert api.get("/healthz").json == {"status": "ok"}
    assert api.get("/openapi.json").status_code == 200


def test_what_is_built_is_served_without_a_restart(
    api_of: Callable[..., Api],
    following: Reloading[Archive],
    data: DataFolder,
    documents: Sequence[Document],
    publish_documents: Callable[..., Any],
) -> None:
    """The first generation, and each one after it, is noticed."""
    api = api_of(following)
    assert api.get("/v1/search").status_code == 503
    publish_documents(data, documents[:3])
    assert api.get("/v1/search").json["total"] == 3
    publish_documents(data, documents[:5])
    assert api.get("/v1/search").json["total"] == 5
    assert api.get("/readyz").json["articles"] == 5


def test_a_generation_that_cannot_be_opened_leaves_the_old_one_serving(  # noqa: PLR0913, PLR0917 - fixtures
    api_of: Callable[..., Api],
    following: Reloading[Archive],
    data: DataFolder,
    log: Quiet,
    documents: Sequence[Document],
    publish_documents: Callable[..., Any],
) -> None:
    """Answers go on, readiness says degraded, the log says why, once; nothing of it leaks."""
    api = api_of(following)
    publish_documents(data, documents[:3])
    assert api.get("/v1/search").json["total"] == 3
    data.current.write_text("rubbish\n")
    for _ in range(3):
        assert api.get("/v1/search").json["total"] == 3
    ready = api.get("/readyz")
    assert ready.status_code == 200
    assert ready.json["status"] == "degraded"
    assert "CURRENT: holds" in ready.json["reason"]
    assert "dateline build" in ready.json["reason"]
    assert str(data.path) not in ready.text
    assert len(log.errors) == 1
    assert "rubbish" in log.errors[0]


def test_one_flipped_bit_keeps_a_generation_from_being_served(
    api_of: Callable[..., Api],
    following: Reloading[Archive],
    data: DataFolder,
    documents: Sequence[Document],
    publish_documents: Callable[..., Any],
) -> None:
    """Every byte is verified before an index is opened; the one before goes on serving."""
    api = api_of(following)
    publish_documents(data, documents[:3])
    assert api.get("/readyz").json["articles"] == 3
    generation = publish_documents(data, documents[:5])
    largest = max((path for path in generation.path.rglob("*") if path.is_file()), key=lambda path: path.stat().st_size)
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    largest.chmod(0o644)
    largest.write_bytes(content)
    ready = api.get("/readyz").json
    assert (ready["status"], ready["articles"]) == ("degraded", 3)


def test_a_damaged_index_with_nothing_older_is_not_ready(
    api_of: Callable[..., Api], following: Reloading[Archive], data: DataFolder, log: Quiet
) -> None:
    """503, with the command to run; the log has the cause, once, however many are told."""
    data.current.write_text("rubbish\n")
    api = api_of(following)
    answer = api.get("/v1/search")
    assert answer.status_code == 503
    assert "dateline build" in answer.json["detail"]
    assert str(data.path) not in answer.text
    assert api.get("/v1/search").status_code == 503
    [reason] = log.errors
    assert "rubbish" in reason


def test_our_own_mistakes_are_logged_and_not_shown(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unexpected exception is a 500 that says nothing of its cause; the log has its type and place by request id."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError("secret question")

    monkeypatch.setattr("search.searcher.Searcher.search", fail)
    answer = api.get("/v1/search", {"q": "winter"})
    assert answer.status_code == 500
    assert answer.json["code"] == "internal"
    for word in ("secret", "ZeroDivision", "Traceback", "winter"):
        assert word not in answer.text
    failed, request = api.log.lines
    assert failed["request_id"] == request["request_id"] == answer.headers["x-request-id"]
    assert isinstance(failed["exc_info"], ZeroDivisionError)
    assert request["status"] == 500


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        pytest.param("abc-123_x.y", True, id="sane"),
        pytest.param("a" * 64, True, id="long"),
        pytest.param("a" * 65, False, id="too long"),
        pytest.param("", False, id="empty"),
        pytest.param("a b", False, id="space"),
        pytest.param('"><script>', False, id="markup"),
        pytest.param("é", False, id="not ASCII"),
    ],
)
def test_a_request_id_is_taken_if_it_is_sane(
    api_of: Callable[..., Api],
    archives: Reloading[Archive],
    given: str,
    is_taken: bool,  # noqa: FBT001 - a table
) -> None:
    """Without source safety a sane X-Request-Id comes back and is logged; any other, and with it any, is replaced."""
    for source_safety in (False, True):
        api = api_of(archives, source_safety=source_safety)
        answer = api.get("/v1/search", headers={"X-Request-Id": given})
        assert (answer.headers["x-request-id"] == given) is (is_taken and not source_safety)
        assert api.log.lines[-1]["request_id"] == answer.headers["x-request-id"]


def test_request_ids_differ(api: Api) -> None:
    """Two requests that bring no id have two."""
    assert len({api.get("/healthz").headers["x-request-id"] for _ in range(20)}) == 20


def test_the_log_tells_on_nobody(api: Api) -> None:
    """A line holds route template, method, status, duration and request id: no question, no address, no article."""
    headers = {"User-Agent": "agent-secret", "Referer": "https://secret.example", "Cookie": "a=secret"}
    requests = [("/v1/search", "q=secretword&region=secretplace"), ("/v1/articles/secret-id", ""), ("/secret", "q=1")]
    for path, query_string in requests:
        api.request("GET", path, query_string=query_string, headers=headers, remote_addr="203.0.113.7")
    lines = api.log.lines
    assert [line["route"] for line in lines] == ["/v1/search", "/v1/articles/{article_id}", "(none)"]
    assert [line["status"] for line in lines] == [200, 404, 404]
    for line in lines:
        assert line.keys() == {"event", "level", "route", "method", "status", "duration_ms", "request_id"}
        assert "secret" not in str(line)
        assert "203.0.113" not in str(line)


def raised() -> Exception:
    """An exception with a cause, both quoting a question."""
    places: dict[str, str] = {}

    def look() -> Exception | None:
        try:
            places["secretword"]
        except KeyError as cause:
            raise ValueError("secretword again") from cause
        return None

    try:
        return look() or KeyError("nothing was raised")
    except ValueError as error:
        return error


def test_exceptions_are_described_by_type_and_place_only() -> None:
    """Messages may quote what was asked, so they are not kept; the chain of causes is."""
    chain = described(raised())
    assert [link["type"] for link in chain] == ["builtins.ValueError", "builtins.KeyError"]
    assert all("look" in str(link["frames"]) for link in chain)
    assert "secretword" not in str(chain)


def test_log_lines_are_json_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, control characters escaped, below the level nothing."""
    try:
        configure_logging("info")
        log = structlog.get_logger()
        log.debug("not shown")
        log.info("request", route="/v1/search", odd="a\nb\x1b")
        log.error("failed", exc_info=raised())
    finally:
        structlog.reset_defaults()
    first, second = capsys.readouterr().err.splitlines()
    line = json.loads(first)
    assert dt.datetime.fromisoformat(line.pop("timestamp"))
    assert line == {"event": "request", "level": "info", "route": "/v1/search", "odd": "a\nb\x1b"}
    assert json.loads(second)["error"][0]["type"] == "builtins.ValueError"
    assert set(LEVELS) == {"debug", "info", "warning", "error"}


def test_the_servers_own_messages_lose_what_came_with_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    """Gunicorn's remarks on bad requests name sender and text; only the fact is kept. Others pass."""
    from gunicorn.config import Config  # noqa: PLC0415 - only this test is about gunicorn

    config = Config()
    log = ServerLog(config)
    try:
        log.warning("Invalid request from ip=203.0.113.7: secretword")
        try:
            int("secretword")
        except ValueError:
            log.exception("Error handling request %s %s", "GET", "/v1/search?q=secretword")
        log.info("Listening at: %s", "http://127.0.0.1")
    finally:
        for name in ("gunicorn.error", "gunicorn.access"):
            logging.getLogger(name).handlers.clear()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == [
        "a request that is not HTTP was refused",
        "a request failed outside the application",
        "Listening at: http://127.0.0.1",
    ]
    assert lines[1]["error"][0]["type"] == "builtins.ValueError"
    assert "secretword" not in str(lines)
    assert "203.0.113" not in str(lines)
