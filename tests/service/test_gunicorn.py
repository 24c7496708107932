"""The service as it runs: gunicorn on a free port, over a real archive."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest

import service
from index.layout import DataFolder
from search.errors import EngineClosed
from tests.heaps import CAN_BE_TOLD, heaps_of_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.document import Document

CONFIG = Path(service.__file__).with_name("gunicorn.conf.py")
SEEDS = Path(__file__).parents[2] / "seeds"
PATIENCE_S = 20


@contextmanager
def started(folder: Path, *arguments: str, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """Gunicorn with these settings, stopped in the end whatever happens."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
    environment |= {"DATELINE_DATA": str(folder), "DATELINE_PORT": "0", **settings}
    command = [sys.executable, "-m", "gunicorn", "-c", str(CONFIG), *arguments]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, cwd=folder)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=PATIENCE_S)


def address_of(process: subprocess.Popen[str]) -> str:
    """Where it says it is serving, by the line that it prints when it is; before it, it may say that it compiles."""
    assert process.stdout
    line = process.stdout.readline()
    if line.startswith("Compiling"):
        line = process.stdout.readline()
    found = re.search(r"http://127\.0\.0\.1:\d+$", line.strip())
    assert found, line
    assert f"curl '{found.group()}/v1/search?" in process.stdout.readline()
    return found.group()


def got(address: str, path: str) -> dict[str, Any]:
    """The JSON at a path."""
    with urllib.request.urlopen(address + path, timeout=PATIENCE_S) as response:  # noqa: S310 - our own address
        answer: dict[str, Any] = json.load(response)
        return answer


def is_ready(address: str) -> bool:
    """Whether `/readyz` says so."""
    try:
        return bool(got(address, "/readyz")["status"] == "ready")
    except urllib.error.HTTPError:
        return False


def wait_for(what: Callable[[], bool]) -> None:
    """Ask until it is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def test_it_serves_follows_builds_and_stops_when_told(
    tmp_path: Path, documents: Sequence[Document], publish_documents: Callable[..., Any]
) -> None:
    """It answers, all workers notice a new generation, the log stays clean of questions, SIGTERM ends it with 0."""
    data = DataFolder(tmp_path)
    publish_documents(data, documents[:10])
    with started(tmp_path, DATELINE_WORKERS="2") as process:
        address = address_of(process)
        assert got(address, "/v1/search?q=smuggl*&facet=region")["total"] > 0
        assert got(address, "/readyz")["articles"] == 10
        publish_documents(data, documents)
        wait_for(lambda: got(address, "/readyz")["articles"] == 30)
        wait_for(lambda: all(got(address, "/v1/search?q=secretword")["generation"][:2] == "2-" for _ in range(20)))
        with socket.create_connection((urlsplit(address).hostname, urlsplit(address).port), PATIENCE_S) as connection:
            connection.sendall(b"secretword\r\n\r\n")
            assert b"400" in connection.recv(4096)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0
    assert output == ""
    lines = [json.loads(line) for line in errors.splitlines()]
    assert {line["event"] for line in lines} == {"request", "a request that is not HTTP was refused"}
    assert "secretword" not in errors
    assert "127.0.0.1" not in errors


def test_synonyms_that_cannot_be_read_are_told_before_anything_is_served(
    tmp_path: Path, documents: Sequence[Document], publish_documents: Callable[..., Any]
) -> None:
    """Where they are wrong, and no more. A worker that begins after they were spoilt goes by those there were."""
    publish_documents(DataFolder(tmp_path), documents[:10])
    (tmp_path / "synonyms.toml").write_text('[[synonym]]\nwords = "market"\n')
    with started(tmp_path) as process:
        output, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode != 0
        assert output == ""
        assert errors.startswith(f"Dateline cannot start: {tmp_path}/synonyms.toml: synonym 1: ")
        assert len(errors.splitlines()) == 1
    (tmp_path / "synonyms.toml").write_text('[[synonym]]\nwords = ["jangmadang", "market"]\n')
    with started(tmp_path, DATELINE_WORKERS="1") as process:
        address = address_of(process)
        wanted = got(address, "/v1/search?q=jangmadang")["query"]["variants"]
        assert [variant["text"] for variant in wanted] == ["market"]
        (tmp_path / "synonyms.toml").write_text("spoilt")
        (worker,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(worker), signal.SIGKILL)
        wait_for(lambda: is_ready(address))
        assert got(address, "/v1/search?q=jangmadang")["query"]["variants"] == wanted


def test_names_are_taken_apart_as_the_setting_says(tmp_path: Path) -> None:
    """By morphemes, too, a place is found by its other names: names in workers are as those in the index."""
    environment = os.environ | {"DATELINE_KOREAN": "morphemes"}
    for command in (["ingest", str(SEEDS)], ["build"]):
        subprocess.run(
            [sys.executable, "-m", "service", *command, "--data", str(tmp_path)],
            env=environment, cwd=SEEDS.parent, check=True, capture_output=True,
        )  # fmt: skip
    with started(tmp_path, DATELINE_WORKERS="1", DATELINE_KOREAN="morphemes") as process:
        answer = got(address_of(process), "/v1/search?q=" + quote("신의주에서"))
    assert [variant["text"] for variant in answer["query"]["variants"]] == ["Sinuiju"]
    assert answer["total"] == 2


def broken_off(_environ: dict[str, Any], start_response: Callable[..., object]) -> Iterator[bytes]:
    """An application whose answer breaks off, as an export does when its generation is withdrawn."""
    start_response("200 OK", [("Content-Type", "text/csv")])
    yield b"a line\n"
    raise EngineClosed("withdrawn")


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    """What fails while it is sent ends without the mark of an end, so every client notices."""
    root = str(Path(__file__).parents[2])
    with started(tmp_path, "--pythonpath", root, "tests.service.test_gunicorn:broken_off") as process:
        address = address_of(process)
        with (
            pytest.raises((http.client.IncompleteRead, http.client.RemoteDisconnected)),
            urllib.request.urlopen(address, timeout=PATIENCE_S) as response,  # noqa: S310 - our own address
        ):
            response.read()


_CHUNKED = (
    b"POST /v1/search HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def test_no_worker_calls_an_answer_the_same_that_other_synonyms_gave(
    documents: Sequence[Document], publish_documents: Callable[[DataFolder, Sequence[Document]], object], tmp_path: Path
) -> None:
    """Workers agree on tags, and so does a service that begins anew; by other synonyms or another name none is kept."""
    publish_documents(DataFolder(tmp_path), documents)
    synonyms = tmp_path / "synonyms.toml"
    tags, totals = [], []
    for name, said in (("One", ""), ("One", ""), ("One", '[[synonym]]\nwords = ["zloty", "rice"]\n'), ("Two", "")):
        synonyms.write_text(said, encoding="utf-8")
        with started(tmp_path, DATELINE_WORKERS="2", DATELINE_NAME=name) as process:
            address = address_of(process)
            wait_for(partial(is_ready, address))
            asked = f"{address}/v1/search?q=zloty"
            answers = [urllib.request.urlopen(asked, timeout=PATIENCE_S) for _ in range(8)]  # noqa: S310 - our server
            tags.append({answer.headers["ETag"] for answer in answers})
            totals.append({json.load(answer)["total"] for answer in answers})
    assert [len(each) for each in (*tags, *totals)] == [1] * 8
    assert totals[0] == totals[1] == totals[3] == {0} != totals[2]
    assert tags[0] == tags[1]
    assert len(tags[0] | tags[2] | tags[3]) == 3


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"zz\r\n{}\r\n0\r\n\r\n", id="no size"),
        pytest.param(b"1\r\n{}\r\n0\r\n\r\n", id="another size"),
        pytest.param(b"2;=\r\n{}\r\n0\r\n\r\n", id="a bad extension"),
        pytest.param(b"0\r\nno trailer\r\n\r\n", id="a bad trailer"),
    ],
)
def test_a_body_that_is_not_http_is_told_so_and_ends_the_connection(tmp_path: Path, sent: bytes) -> None:
    """It is the client's fault, not ours: 400, nothing in the log; what follows on the connection is not answered."""
    with started(tmp_path, DATELINE_WORKERS="1") as process:
        parts = urlsplit(address_of(process))
        with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S) as client:
            client.sendall(_CHUNKED + sent + b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(65_536), b""))
        process.terminate()
        _, log = process.communicate(timeout=PATIENCE_S)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(body)["detail"] == "the request body is not in chunks as HTTP has them"
    assert '"failed"' not in log


def test_it_serves_before_anything_is_built(
    tmp_path: Path, documents: Sequence[Document], publish_documents: Callable[..., Any]
) -> None:
    """Started on an empty folder it is alive but not ready, and becomes ready by a build alone."""
    with started(tmp_path, DATELINE_WORKERS="1") as process:
        address = address_of(process)
        assert got(address, "/healthz") == {"status": "ok"}
        with pytest.raises(urllib.error.HTTPError, match="503"):
            got(address, "/readyz")
        publish_documents(DataFolder(tmp_path), documents[:2])
        wait_for(lambda: is_ready(address))
        assert got(address, "/readyz")["articles"] == 2


def test_bad_settings_are_said_and_nothing_starts(tmp_path: Path) -> None:
    """A setting that cannot be used ends it with a message and no stack trace."""
    with started(tmp_path, DATELINE_WORKERS="many") as process:
        output, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 1
    assert output == ""
    assert "DATELINE_WORKERS='many': must be a whole number from 1 to 64" in errors
    assert "Traceback" not in errors


def test_workers_count_together(
    tmp_path: Path, documents: Sequence[Document], publish_documents: Callable[..., Any]
) -> None:
    """Whichever worker is asked for the numbers tells the sum of all, a worker that was killed included."""
    publish_documents(DataFolder(tmp_path), documents[:10])
    port = free_port()
    numbers = f"http://127.0.0.1:{port}"
    with started(tmp_path, DATELINE_WORKERS="2", DATELINE_METRICS_PORT=str(port)) as process:
        address = address_of(process)
        for number in range(20):
            got(address, f"/v1/search?q=secretword{number}")
        assert {searches_counted(numbers) for _ in range(10)} == {20}
        with pytest.raises(urllib.error.HTTPError, match="401"):
            got(address, "/metrics")
        workers = children_of(process)
        os.kill(workers[0], signal.SIGKILL)
        wait_for(lambda: len(children_of(process)) == 2 and workers[0] not in children_of(process))
        wait_for(lambda: all(searches_counted(numbers) == 20 for _ in range(10)))


@CAN_BE_TOLD
def test_what_a_worker_works_with_is_there_before_anybody_asks(
    tmp_path: Path, documents: Sequence[Document], publish_documents: Callable[..., Any]
) -> None:
    """It has as many threads before it is asked as after, and they share a heap: it does not grow as they come."""
    publish_documents(DataFolder(tmp_path), documents[:10])
    with started(tmp_path, DATELINE_WORKERS="1", DATELINE_THREADS="6") as process:
        address = address_of(process)
        wait_for(lambda: is_ready(address))
        (worker,) = children_of(process)
        threads = threads_of(worker)
        with ThreadPoolExecutor(12) as readers:
            list(readers.map(lambda number: got(address, f"/v1/search?q=word{number}"), range(60)))
        assert threads_of(worker) == threads >= 6
        assert heaps_of_threads(worker) == 0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def children_of(process: subprocess.Popen[str]) -> list[int]:
    """The processes it has forked."""
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    if not path.exists():
        pytest.skip("this system does not tell a process's children")
    return [int(child) for child in path.read_text().split()]


def threads_of(pid: int) -> int:
    """How many threads a process has."""
    return len(list(Path(f"/proc/{pid}/task").iterdir()))


def searches_counted(address: str) -> int:
    """How many searches `/metrics` tells of; -1 if it does not answer."""
    try:
        with urllib.request.urlopen(f"{address}/metrics", timeout=PATIENCE_S) as response:  # noqa: S310 - our own address
            text = response.read().decode()
    except OSError:
        return -1
    assert "secretword" not in text
    found = re.search(r'^dateline_requests_total\{route="/v1/search",status="200"\} (\d+)$', text, re.MULTILINE)
    return int(found.group(1)) if found else 0
