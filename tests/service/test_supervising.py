"""The process that looks after the others, with small programs in place of the web server and the indexer."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from service.supervising import bound_listener, inherited_listeners

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PATIENCE_S = 20

ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.execve(sys.argv[2], sys.argv[2:], os.environ | {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
"""
"""What systemd does with a service of which it has the socket: the socket is file 3, and two variables say so."""


SERVER = """
import os, signal, socket, sys, time
journal = open(os.environ["JOURNAL"], "a", buffering=1)
def note(*words): print("server", os.getpid(), *words, file=journal)
goes_on = True
def hear(number, frame):
    global goes_on
    note("told", signal.Signals(number).name)
    goes_on = goes_on and number in (signal.SIGUSR1, signal.SIGTTIN)
for name in "TERM INT QUIT USR1 TTIN".split(): signal.signal(signal.Signals["SIG" + name], hear)
assert int(os.environ["LISTEN_PID"]) == os.getpid()
listener = socket.socket(fileno=3)
note("started", os.environ["LISTEN_FDS"], listener.getsockname()[1])
if os.path.exists(os.environ["JOURNAL"] + ".broken"): sys.exit(7)
listener.listen(16)
os.write(int(os.environ["READY_FD"]), b".")
note("listens")
listener.settimeout(0.05)
while goes_on:
    try:
        connection, _ = listener.accept()
    except TimeoutError:
        continue
    connection.settimeout(5)
    if connection.recv(16) == b"crash": os._exit(9)
    connection.sendall(str(os.getpid()).encode())
    connection.close()
"""

INDEXER = """
import os, signal, sys, time
journal = open(os.environ["JOURNAL"], "a", buffering=1)
def finish(number, frame):
    print("indexer", os.getpid(), "told", signal.Signals(number).name, file=journal)
    sys.exit(0)
signal.signal(signal.SIGTERM, finish)
print("indexer", os.getpid(), "started", file=journal)
while not os.path.exists(os.environ["JOURNAL"] + ".stop"): time.sleep(0.02)
os.unlink(os.environ["JOURNAL"] + ".stop")
sys.exit(5)
"""

SUPERVISOR = """
import os, socket, sys, structlog
from service import supervising
from service.logs import configure_logging
configure_logging()
server, indexer, port = sys.argv[1:]
listeners = supervising.inherited_listeners(os.environ) or (supervising.bound_listener("127.0.0.1", int(port)),)
def program(name, source): return supervising.Program(name, (sys.executable, "-c", source), os.environ)
sys.exit(supervising.Supervisor(
    server=program("server", server), indexer=program("indexer", indexer) if indexer else None, listeners=listeners,
    workers=1, stop_s=5.0, log=structlog.get_logger(), first_pause_s=0.1, longest_pause_s=0.3,
).run())
"""


@dataclass
class Supervised:
    """A supervisor that runs, and the journal that its children write."""

    process: subprocess.Popen[str]
    journal: Path
    port: int
    seen: list[str] = field(default_factory=list)

    def lines(self, *words: str) -> list[int]:
        """The processes that wrote just these words after their number, the first of them its name."""
        found = [line.split() for line in self.journal.read_text().splitlines()]
        return [int(line[1]) for line in found if (line[0], *line[2 : 1 + len(words)]) == words]

    def has_started(self, name: str, times: int) -> bool:
        """Whether it was started that often."""
        return len(self.lines(name, "started")) == times

    def wait_for(self, is_so: Callable[[], Any]) -> Any:
        """Ask until there is an answer that is true, and return it."""
        deadline = time.monotonic() + PATIENCE_S
        while not (answer := is_so()):
            assert time.monotonic() < deadline, f"waited in vain:\n{self.journal.read_text()}"
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.01)
        return answer

    def ask(self, words: bytes = b"who") -> int:
        """The number of the server process that answers; 0 if it breaks off."""
        with socket.create_connection(("127.0.0.1", self.port), PATIENCE_S) as connection:
            connection.sendall(words)
            return int(connection.recv(16) or b"0")

    def said(self, beginning: str) -> dict[str, Any]:
        """The next line of its log that begins so. Waits for it; `end` gives those after it."""
        assert self.process.stderr is not None
        return next(
            line
            for line in map(json.loads, iter(self.process.stderr.readline, ""))
            if line["event"].startswith(beginning)
        )

    def tell(self, number: signal.Signals) -> None:
        """Send the supervisor a signal."""
        self.process.send_signal(number)

    def end(self) -> tuple[int, list[dict[str, Any]]]:
        """Wait until it ends: its exit code, and its log."""
        _, errors = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, [json.loads(line) for line in errors.splitlines()]


@pytest.fixture
def supervise(tmp_path: Path) -> Iterator[Callable[..., Supervised]]:
    """Start a supervisor and wait until its server is ready."""
    started: list[Supervised] = []

    def start(*, indexer: str = INDEXER, ready: bool = True, **options: Any) -> Supervised:
        journal = tmp_path / "journal"
        journal.touch()
        with bound_listener("127.0.0.1", 0) as free:
            port = free.getsockname()[1]
        environment = os.environ | {"JOURNAL": str(journal)}
        command = [*options.pop("through", ()), sys.executable, "-c", SUPERVISOR, SERVER, indexer, str(port)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True, **options)
        supervised = Supervised(process, journal, port)
        started.append(supervised)
        last = ("indexer", "started") if indexer else ("server", "listens")
        if ready:
            supervised.wait_for(lambda: supervised.lines(*last))
        return supervised

    yield start
    for supervised in started:
        if supervised.process.poll() is None:
            supervised.process.kill()
            supervised.process.communicate()


def is_alive(pid: int) -> bool:
    """Whether a process is there and not merely waiting to be buried."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as status:  # noqa: PTH123 - no path to speak of
            return status.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_starts_both_and_ends_with_them(supervise: Callable[..., Supervised]) -> None:
    """The server has the socket and answers; SIGTERM is passed on, and the exit code is the server's."""
    supervised = supervise()
    server = supervised.ask()
    assert supervised.lines("server", "started") == [server]
    supervised.tell(signal.SIGTERM)
    assert supervised.end() == (0, [])
    assert supervised.lines("server", "told", "SIGTERM") == [server]
    assert len(supervised.lines("indexer", "told", "SIGTERM")) == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_quick_signals_hurry_the_server_alone(supervise: Callable[..., Supervised], number: signal.Signals) -> None:
    """INT and QUIT reach the server as they are; the indexer finishes what it does."""
    supervised = supervise()
    supervised.tell(number)
    assert supervised.end()[0] == 0
    assert len(supervised.lines("server", "told", number.name)) == 1
    assert len(supervised.lines("indexer", "told", "SIGTERM")) == 1


def test_signals_for_the_server_are_passed_on(supervise: Callable[..., Supervised]) -> None:
    """USR1 and TTIN mean what they mean to the server."""
    supervised = supervise()
    for number in (signal.SIGUSR1, signal.SIGTTIN):
        supervised.tell(number)
        supervised.wait_for(partial(supervised.lines, "server", "told", number.name))


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR2])
def test_a_new_server_takes_over_and_nobody_is_refused(
    supervise: Callable[..., Supervised], number: signal.Signals
) -> None:
    """While servers take turns every connection is answered, and the indexer is started anew."""
    supervised = supervise()
    first = supervised.ask()
    answers: list[int] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            answers.append(supervised.ask())

    asking = threading.Thread(target=ask)
    asking.start()
    supervised.tell(number)
    supervised.wait_for(lambda: supervised.lines("server", "told", "SIGTERM") == [first])
    supervised.wait_for(lambda: answers[-1] != first)
    is_over.set()
    asking.join()
    assert 0 not in answers
    assert set(answers) == set(supervised.lines("server", "started"))
    supervised.wait_for(lambda: len(supervised.lines("indexer", "started")) == 2)


def test_a_new_server_that_does_not_start_leaves_the_old_one(supervise: Callable[..., Supervised]) -> None:
    """What is broken on disk does no harm to what runs; mended, it takes over."""
    supervised = supervise(indexer="")
    first = supervised.wait_for(supervised.ask)
    broken = supervised.journal.with_name("journal.broken")
    broken.touch()
    supervised.tell(signal.SIGHUP)
    supervised.wait_for(lambda: len(supervised.lines("server", "started")) == 2)
    assert supervised.ask() == first
    broken.unlink()
    time.sleep(0.2)
    supervised.tell(signal.SIGHUP)
    supervised.wait_for(lambda: supervised.ask() != first)
    supervised.tell(signal.SIGTERM)
    code, log = supervised.end()
    assert code == 0
    assert [line["code"] for line in log if line["event"].startswith("the new server did not start")] == [7]


def test_a_server_that_never_starts_ends_it(supervise: Callable[..., Supervised], tmp_path: Path) -> None:
    """Bad settings, say: its exit code is the supervisor's, and no indexer is started."""
    (tmp_path / "journal.broken").touch()
    supervised = supervise(ready=False)
    assert supervised.end() == (7, [])
    assert supervised.lines("indexer", "started") == []


def test_a_server_that_dies_is_started_again_on_the_same_socket(supervise: Callable[..., Supervised]) -> None:
    """Who connects meanwhile is not refused, but waits and is answered."""
    supervised = supervise(indexer="")
    first = supervised.wait_for(supervised.ask)
    assert supervised.ask(b"crash") == 0
    second = supervised.ask()
    assert second not in {0, first}
    supervised.tell(signal.SIGTERM)
    code, log = supervised.end()
    assert code == 0
    assert [(line["process"], line["code"]) for line in log] == [("server", 9)]


def test_a_server_that_dies_while_it_starts_is_started_again(supervise: Callable[..., Supervised]) -> None:
    """Where one has served, that the next does not start is no reason to give up: it is tried again and again."""
    supervised = supervise(indexer="")
    first = supervised.wait_for(supervised.ask)
    broken = Path(f"{supervised.journal}.broken")
    broken.touch()
    supervised.ask(b"crash")
    supervised.wait_for(lambda: len([pid for pid in supervised.lines("server", "started") if pid != first]) > 2)
    broken.unlink()
    assert supervised.wait_for(supervised.ask) != first


def test_an_indexer_that_ends_is_started_again(supervise: Callable[..., Supervised]) -> None:
    """However often, after a pause each time; the server is not disturbed."""
    supervised = supervise()
    server = supervised.ask()
    for times in (2, 3):
        supervised.journal.with_name("journal.stop").touch()
        supervised.wait_for(partial(supervised.has_started, "indexer", times))
    assert supervised.ask() == server
    supervised.tell(signal.SIGTERM)
    _, log = supervised.end()
    assert [(line["process"], line["code"]) for line in log] == [("indexer", 5)] * 2
    assert [line["after_s"] for line in log] == [0.1, 0.2]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a process set another's limits")
def test_what_cannot_be_started_now_is_started_later(supervise: Callable[..., Supervised]) -> None:
    """With no file left to open, as with no memory or no process, it says so and waits; it does not end."""
    supervised = supervise(indexer="")
    first = supervised.wait_for(supervised.ask)
    before = resource.prlimit(supervised.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(supervised.process.pid, resource.RLIMIT_NOFILE, (3, before[1]))
    supervised.tell(signal.SIGHUP)
    assert supervised.said("the new server did not start")["error"] == "[Errno 24] Too many open files"
    assert supervised.ask() == first
    assert supervised.ask(b"crash") == 0
    for after_s in (0.2, 0.3):
        told = supervised.said("a process could not be started")
        assert (told["process"], told["error"], told["after_s"]) == (
            "server",
            "[Errno 24] Too many open files",
            after_s,
        )
    resource.prlimit(supervised.process.pid, resource.RLIMIT_NOFILE, before)
    assert supervised.ask() not in {0, first}
    supervised.tell(signal.SIGTERM)
    assert supervised.end()[0] == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent is gone")
def test_killed_it_takes_its_children_along(supervise: Callable[..., Supervised]) -> None:
    """Whatever kills the supervisor, its children are told to finish."""
    supervised = supervise()
    children = [supervised.ask(), *supervised.lines("indexer", "started")]
    supervised.process.kill()
    supervised.process.communicate()
    deadline = time.monotonic() + PATIENCE_S
    while any(map(is_alive, children)):
        assert time.monotonic() < deadline, "they are still there"
        time.sleep(0.01)


def test_a_socket_of_systemd_outlives_it(supervise: Callable[..., Supervised]) -> None:
    """Stopped and started again with a socket that is listened on for it, nobody who connects meanwhile is refused."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        listened = listener.fileno()
        through = (sys.executable, "-c", ACTIVATE, str(listened))
        pids = []
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as early:
                early.sendall(b"who")
                supervised = supervise(indexer="", through=through, pass_fds=(listened,))
                pids.append(int(early.recv(16)))
            supervised.tell(signal.SIGTERM)
            assert supervised.end()[0] == 0
        assert len(set(pids)) == 2


def test_sockets_are_only_taken_from_whom_they_are_meant_for() -> None:
    """The variables of systemd name the process they are for: another's are no business of ours."""
    assert inherited_listeners({}) == ()
    assert inherited_listeners({"LISTEN_PID": "1", "LISTEN_FDS": "1"}) == ()


def test_an_address_that_is_taken_is_an_error() -> None:
    """What somebody listens on cannot be bound."""
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(OSError, match="in use"):
        bound_listener("127.0.0.1", other.getsockname()[1])
