"""Everything is started anew, ends or dies while clients ask without pause: no request fails that need not."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest

from index.layout import DataFolder, current
from tests.torture.loading import load
from tests.torture.soaking import Service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.torture.conftest import Rounds
    from tests.torture.loading import Seen

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")

PATHS: Final = ("/v1/search?q=rice&facet=source", "/v1/search?q=border", "/readyz")
PATIENCE_S: Final = 180
SETTINGS: Final = {"DATELINE_WORKERS": "2", "DATELINE_INDEXER": "0", "DATELINE_RATE": "0"}
CLIENTS: Final = 4

ACTIVATE: Final = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.execve(sys.argv[2], sys.argv[2:], os.environ | {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
"""
"""What systemd does with a service of which it has the socket: the socket is file 3, and two variables say so."""

WORKERS: Final = 2
ARTICLES: Final = 20


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    """A data folder with an index of twenty articles."""
    folder = tmp_path_factory.mktemp("reloads") / "data"
    articles = folder.with_name("articles.jsonl")
    line = '{{"id": "a{0}", "title": "Report {0}", "body": "The price of rice rose near the border, report {0}."}}\n'
    articles.write_text("".join(line.format(number) for number in range(ARTICLES)), encoding="utf-8")
    for command in (["ingest", str(articles)], ["build"]):
        subprocess.run(
            [sys.executable, "-m", "service", *command, "--data", str(folder)], check=True, capture_output=True
        )
    return DataFolder(folder)


@pytest.fixture(scope="module")
def service(data: DataFolder, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service, without an indexer."""
    with Service(data.path, tmp_path_factory.mktemp("log") / "log", SETTINGS) as service:
        server_of(service)
        with load(port_of(service), PATHS, clients=CLIENTS) as seen:
            wait_for_answers(seen)  # a first server that is killed before it is ready ends it all
        yield service


def port_of(service: Service) -> int:
    """Where it listens."""
    return urlsplit(service.url).port or 0


def children_of(pid: int) -> list[int]:
    """The processes that one has started and that have not ended."""
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def server_of(service: Service) -> int:
    """The one web server there is, once there is just one and it has its workers."""

    def only() -> int:
        servers = children_of(service.process.pid)
        return servers[0] if len(servers) == 1 and len(children_of(servers[0])) == WORKERS else 0

    return wait_for(only)


def wait_for(ask: Callable[[], int]) -> int:
    """Ask until the answer is true."""
    until = time.monotonic() + PATIENCE_S
    while not (answer := ask()):
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)
    return answer


def answer_of(port: int, path: str) -> dict[str, Any]:
    """The JSON at a path; nothing if there is no answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=PATIENCE_S) as response:
            answer: dict[str, Any] = json.load(response)
            return answer
    except OSError:
        return {}


def wait_until_gone(child: int, parent: int) -> None:
    """Until a process is no child of its parent any more."""
    wait_for(lambda: child not in children_of(parent))


def wait_for_answers(seen: Seen) -> None:
    """Until clients have had fifty more answers: those of all workers, whichever was last to start."""
    before = seen.answered
    wait_for(lambda: seen.answered > before + 50)


def test_starting_anew_fails_no_request(service: Service, rounds: Rounds) -> None:
    """SIGHUP, again and again: each time another server with other workers answers, and every request is answered."""
    servers = [server_of(service)]
    with load(port_of(service), PATHS, clients=CLIENTS) as seen:
        for _ in range(rounds(2, 20)):
            service.process.send_signal(signal.SIGHUP)
            wait_until_gone(servers[-1], service.process.pid)
            servers.append(server_of(service))
    assert len(set(servers)) == rounds(2, 20) + 1
    assert not seen.faults
    assert seen.answered > 100


def test_a_worker_that_ends_fails_no_request(service: Service, rounds: Rounds) -> None:
    """A worker that is told to end finishes what it has begun, and another takes its place."""
    with load(port_of(service), PATHS, clients=CLIENTS) as seen:
        for _ in range(rounds(2, 20)):
            server = server_of(service)
            worker = children_of(server)[0]
            os.kill(worker, signal.SIGTERM)
            wait_until_gone(worker, server)
    assert not seen.faults


def test_a_worker_that_is_killed_fails_what_it_had_begun_and_nothing_else(service: Service, rounds: Rounds) -> None:
    """Of a process killed outright the connections that it held break; whoever asks again is answered."""
    killed = rounds(3, 20)
    with load(port_of(service), PATHS, clients=CLIENTS) as seen:
        for _ in range(killed):
            server = server_of(service)
            worker = children_of(server)[0]
            os.kill(worker, signal.SIGKILL)
            wait_until_gone(worker, server)
            wait_for_answers(seen)
    assert seen.faults.total() <= killed * CLIENTS
    assert all("connection" in fault.lower() for fault in seen.faults), seen.faults


def test_a_server_that_is_killed_fails_no_request(service: Service, rounds: Rounds) -> None:
    """Its workers notice and finish; another is started on the same socket, where who comes meanwhile waits."""
    with load(port_of(service), PATHS, clients=CLIENTS) as seen:
        for _ in range(rounds(1, 5)):  # each time it is started again after twice as long
            server = server_of(service)
            os.kill(server, signal.SIGKILL)
            wait_until_gone(server, service.process.pid)
            server_of(service)
    assert not seen.faults


def test_stopped_and_started_with_a_socket_of_systemd_it_fails_no_request(
    data: DataFolder, tmp_path: Path, rounds: Rounds
) -> None:
    """TERM, and start: with a socket that the service manager listens on, who comes meanwhile waits."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener, ExitStack() as running:
        port = listener.getsockname()[1]

        def start(number: int) -> subprocess.Popen[bytes]:
            log = running.enter_context((tmp_path / f"log-{number}").open("wb"))
            activated = (sys.executable, "-c", ACTIVATE, str(listener.fileno()))
            command = [*activated, sys.executable, "-m", "service", "serve", "--data", str(data.path)]
            process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env=os.environ | SETTINGS,
                pass_fds=(listener.fileno(),),
            )
            running.callback(process.kill)
            wait_for(lambda: b"is serving on" in (tmp_path / f"log-{number}").read_bytes())
            return process

        process = start(0)
        with load(port, PATHS, clients=CLIENTS) as seen:
            for number in range(1, 1 + rounds(2, 20)):
                if number % 2:
                    wait_for_answers(seen)  # else it is told to end while it begins
                process.terminate()
                assert process.wait(PATIENCE_S) == 0
                process = start(number)
        process.terminate()
        assert process.wait(PATIENCE_S) == 0
    assert not seen.faults


def test_a_file_cut_short_under_a_service_is_survived(data: DataFolder, tmp_path: Path) -> None:
    """Whoever reads what is gone is killed by the system; workers that follow come up on what is whole."""
    folder = DataFolder(tmp_path / "data")
    shutil.copytree(data.path, folder.path)
    build = [sys.executable, "-m", "service", "build", "--from-store", "--data", str(folder.path)]
    subprocess.run(build, check=True, capture_output=True)
    with Service(folder.path, tmp_path / "log", SETTINGS) as service:
        address = port_of(service)
        assert answer_of(address, "/readyz")["generation"].startswith("2-")
        for path in current(folder).index.glob("*.inv"):
            os.truncate(path, 4096)

        reasons: list[str] = []

        def is_degraded() -> int:
            asked = [answer_of(address, path) for path in PATHS[:2]]
            told = [answer_of(address, "/readyz") for _ in range(4 * WORKERS)]  # by each of them
            is_told = all(answer.get("status") == "degraded" for answer in told)
            reasons.extend(answer["reason"] for answer in told if answer.get("reason"))
            return asked[0].get("total") == ARTICLES and is_told

        wait_for(is_degraded)
        answers = [answer_of(address, PATHS[0]) for _ in range(20)]
        assert [answer.get("total") for answer in answers] == [ARTICLES] * 20
        # By now the indexer may have mended it, and nothing be wrong any more.
        assert reasons
        assert all("generations/2-" in reason and "dateline build" in reason for reason in reasons)


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
def test_wrk_sees_no_failed_request(service: Service, rounds: Rounds) -> None:
    """The same by another client: no socket error, and no status but 200, while everything is started anew."""
    seconds = rounds(6, 60)
    command = ["wrk", "-t1", "-c8", f"-d{seconds}s", "--timeout", "20s", f"{service.url}/v1/search?q=rice"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as wrk:
        for _ in range(rounds(1, 10)):
            server = server_of(service)
            service.process.send_signal(signal.SIGHUP)
            wait_until_gone(server, service.process.pid)
        report, _ = wrk.communicate(timeout=seconds + PATIENCE_S)
    assert re.search(r"[1-9]\d* requests in", report), report
    assert "Non-2xx" not in report
    assert "Socket errors" not in report, report
