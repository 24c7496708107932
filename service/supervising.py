"""`dateline serve`: one process that looks after the others, the web server and the indexer.

`Supervisor` owns the sockets that are listened on and hands them to the server, so a server can end and another begin
and no client notices: who connects meanwhile waits in the socket's queue. It starts the server, and when that is ready
the indexer; one that ends is started again, after a pause that grows while it keeps ending. Only a first server that is
never ready ends it all. Signals:

- TERM, INT, QUIT: the server is told to finish (INT and QUIT: to leave requests unfinished), then all end.
- HUP, USR2: a new server is started beside, of the code as it is on disk by then; when it is ready the old one is told
  to finish. If the new one does not start, the old one stays. The indexer is started anew.
- USR1, TTIN, TTOU: passed on to the server.

`bound_listener` makes a socket; `inherited_listeners` are those that systemd listens on for us, and goes on to while
nothing of us runs. On Linux, children are told to finish if the supervisor is killed.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import selectors
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from service.middleware import Log

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST_LISTENER_FD: Final = 3
"""Where a server finds its sockets, by number: systemd's protocol, which gunicorn speaks (`LISTEN_FDS`)."""

READY: Final = "READY_FD"
"""The variable that says where a server is to write a byte for each of its workers that is ready."""

LIVED_LONG_S: Final = 60.0
"""Who ends after that long is started again as if for the first time."""

KILL_AFTER_S: Final = 5.0
"""How much longer than it was given to finish a process may take to end."""

_STOPPING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)
_RENEWING: Final = (signal.SIGHUP, signal.SIGUSR2)
_PASSED_ON: Final = (signal.SIGUSR1, signal.SIGTTIN, signal.SIGTTOU)
_SET_PARENT_DEATH_SIGNAL: Final = 1
_NOT_EXECUTABLE: Final = 126


@dataclass(frozen=True, slots=True)
class Program:
    """What to run: its name for the log, its arguments (the first is a path) and its environment."""

    name: str
    arguments: Sequence[str]
    environment: Mapping[str, str]


def inherited_listeners(environment: Mapping[str, str]) -> tuple[socket.socket, ...]:
    """The sockets that systemd listens on for this process, if it does."""
    if environment.get("LISTEN_PID") != str(os.getpid()):
        return ()
    numbers = range(FIRST_LISTENER_FD, FIRST_LISTENER_FD + int(environment.get("LISTEN_FDS", "0")))
    return tuple(socket.socket(fileno=number) for number in numbers)


def bound_listener(host: str, port: int) -> socket.socket:
    """A socket bound to an address. Raises `OSError`.

    It does not listen yet: until there is somebody to answer, it is better to be refused than to wait.
    """
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


@dataclass(slots=True, eq=False)
class _Child:
    """A process that was started. `awaited` bytes have to come from `ready` until it is ready."""

    program: Program
    pid: int
    started: float
    ready: int = -1
    awaited: int = 0

    @property
    def is_ready(self) -> bool:
        return self.awaited <= 0


@dataclass(slots=True, eq=False)
class Supervisor:
    """Runs a server on some sockets, and an indexer beside it if there is one.

    The server is ready when `workers` of its processes are. Processes have `stop_s` seconds to finish. Who ends is
    started again after `first_pause_s` seconds, then after twice as long each time, at most after `longest_pause_s`.
    """

    server: Program
    indexer: Program | None
    listeners: Sequence[socket.socket]
    workers: int
    stop_s: float
    log: Log
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    clock: Callable[[], float] = time.monotonic
    _current: _Child | None = None
    _next: _Child | None = None
    _leaving: list[_Child] = field(default_factory=list)
    _indexer: _Child | None = None
    _due: dict[str, float] = field(default_factory=dict)
    _pauses: dict[str, float] = field(default_factory=dict)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _code: int = 0
    _kill_at: float = float("inf")
    _is_stopping: bool = False
    _has_served: bool = False
    _is_to_renew: bool = False

    def run(self) -> int:
        """Start everything and look after it until told to stop. Returns the exit code: the server's own."""
        with _caught((*_STOPPING, *_RENEWING, *_PASSED_ON, signal.SIGCHLD)) as (caught, wakeup):
            self._selector.register(wakeup, selectors.EVENT_READ)
            self._current = self._start_server()
            while self._children() or not self._is_stopping:
                self._wait(wakeup)
                while caught:
                    self._obey(signal.Signals(caught.popleft()))
                self._bury()
                self._do_what_is_due()
        self._selector.close()
        return self._code

    def _children(self) -> list[_Child]:
        return [child for child in (self._current, self._next, self._indexer, *self._leaving) if child]

    def _wait(self, wakeup: socket.socket) -> None:
        """Until a signal comes, a server says that it is ready, or something is due."""
        due = min((*self._due.values(), self._kill_at))
        timeout = max(0.0, due - self.clock()) if due < float("inf") else None
        for key, _ in self._selector.select(timeout):
            if key.fileobj is wakeup:
                with suppress(BlockingIOError):
                    wakeup.recv(4096)
            else:
                self._hear(key.data)

    def _hear(self, child: _Child) -> None:
        """Count the workers that said they are ready; when all are, this server is the one."""
        said = os.read(child.ready, 64)
        child.awaited -= len(said)
        if said and not child.is_ready:
            return
        self._selector.unregister(child.ready)
        os.close(child.ready)
        child.ready = -1
        if not said:
            return  # it ended
        self._has_served = True
        if child is self._next:
            self._leave(self._current)
            self._current, self._next = child, None
        _tell_systemd("READY=1")
        if self._is_to_renew:
            self._renew()
        if self._indexer is None:
            self._due.setdefault("indexer", self.clock())

    def _obey(self, number: signal.Signals) -> None:
        if number in _STOPPING:
            self._stop(number)
        elif number in _RENEWING and not self._is_stopping:
            self._renew()
        elif number in _PASSED_ON and self._current:
            _send(self._current, number)

    def _stop(self, number: signal.Signals) -> None:
        if not self._is_stopping:
            _tell_systemd("STOPPING=1")
            self._is_stopping = True
            self._due.clear()
            self._kill_at = self.clock() + self.stop_s + KILL_AFTER_S
        for child in self._children():
            _send(child, signal.SIGTERM if child is self._indexer else number)

    def _renew(self) -> None:
        if self._next or not self._current:
            self._is_to_renew = True  # once that one has started: it may have been begun too early
            return
        self._is_to_renew = False
        self.log.info("a new server is started beside the one that serves")
        try:
            self._next = self._start_server()
        except OSError as error:
            self._next_failed(error=str(error))
            return
        if self._indexer:
            self._pauses.pop("indexer", None)
            self._leave(self._indexer)
            self._indexer = None
            self._due["indexer"] = self.clock()

    def _leave(self, child: _Child | None) -> None:
        """Have a child finish; nobody minds when it has ended."""
        if child:
            _send(child, signal.SIGTERM)
            self._leaving.append(child)

    def _bury(self) -> None:
        """Take note of children that ended; as process 1 of a container, also of others'."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            code = os.waitstatus_to_exitcode(status)
            for child in self._children():
                if child.pid == pid:
                    self._ended(child, code)

    def _ended(self, child: _Child, code: int) -> None:
        if child.ready >= 0:
            self._selector.unregister(child.ready)
            os.close(child.ready)
        if child in self._leaving:
            self._leaving.remove(child)
        elif child is self._next:
            self._next = None
            self._next_failed(code=code)
        elif child is self._indexer:
            self._indexer = None
            self._again(child, code)
        else:
            self._current = None
            self._server_ended(child, code)

    def _server_ended(self, child: _Child, code: int) -> None:
        if self._is_stopping or not self._has_served:
            self._code = code if code >= 0 else 128 - code
            if not self._is_stopping:
                self._stop(signal.SIGTERM)
        elif self._next:
            self._current, self._next = self._next, None
        else:
            self._again(child, code)

    def _again(self, child: _Child, code: int) -> None:
        """Have a child that ended started again, in a while."""
        if self._is_stopping:
            return
        name = child.program.name
        if self.clock() - child.started >= LIVED_LONG_S:
            self._pauses.pop(name, None)
        self._put_off(name, "a process ended and is started again", code=code)

    def _put_off(self, name: str, why: str, **told: object) -> None:
        """Have a process started in a while, each time after twice as long, and say why."""
        pause = self._pauses.get(name, self.first_pause_s)
        self._pauses[name] = min(2 * pause, self.longest_pause_s)
        self._due[name] = self.clock() + pause
        self.log.error(why, process=name, after_s=pause, **told)

    def _next_failed(self, **told: object) -> None:
        self.log.error("the new server did not start: the one before goes on", **told)

    def _do_what_is_due(self) -> None:
        now = self.clock()
        for name in [name for name, due in self._due.items() if due <= now]:
            del self._due[name]
            try:
                if name == self.server.name:
                    self._current = self._start_server()
                else:
                    self._start_indexer()
            except OSError as error:  # no memory, or no process more: just when others are ended for want of it
                self._put_off(name, "a process could not be started", error=str(error))
        if self._kill_at <= now:
            self._kill_at = float("inf")
            for child in self._children():
                _send(child, signal.SIGKILL)

    def _start_indexer(self) -> None:
        if self.indexer and not self._is_stopping and not self._leaving_indexer():
            self._indexer = _start(self.indexer, self.indexer.environment, (), self.clock())

    def _leaving_indexer(self) -> bool:
        """Whether the one before has not ended yet; then this one waits a little longer."""
        is_leaving = any(child.program is self.indexer for child in self._leaving)
        if is_leaving:
            self._due["indexer"] = self.clock() + 0.1
        return is_leaving

    def _start_server(self) -> _Child:
        """Start a server that has the sockets, and says when it is ready. Raises `OSError`."""
        ready, says = os.pipe()
        files = [*(listener.fileno() for listener in self.listeners), says]
        ready_at = FIRST_LISTENER_FD + len(self.listeners)
        environment = {**self.server.environment, "LISTEN_FDS": str(len(self.listeners)), READY: str(ready_at)}
        try:
            child = _start(self.server, environment, files, self.clock())
        except OSError:
            os.close(ready)
            raise
        finally:
            os.close(says)
        child.ready, child.awaited = ready, self.workers
        self._selector.register(ready, selectors.EVENT_READ, child)
        return child


def _start(program: Program, environment: Mapping[str, str], files: Sequence[int], now: float) -> _Child:
    """Start a program that has these files open, numbered from 3. Raises `OSError`."""
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return _Child(program, pid, now)
    try:
        _become(program, environment, files, parent)
    except OSError as error:
        os.write(sys.stderr.fileno(), f"{program.arguments[0]} cannot be run: {error}\n".encode())
    finally:
        os._exit(_NOT_EXECUTABLE)


def _become(program: Program, environment: Mapping[str, str], files: Sequence[int], parent: int) -> None:
    """In the child: its own group, so that the terminal's Ctrl-C is ours to pass on; its files; its end with ours."""
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for number in (*_STOPPING, *_RENEWING, *_PASSED_ON, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    _die_with(parent)
    out_of_the_way = [fcntl.fcntl(file, fcntl.F_DUPFD, FIRST_LISTENER_FD + len(files)) for file in files]
    for place, file in enumerate(out_of_the_way, start=FIRST_LISTENER_FD):
        os.dup2(file, place)
        os.close(file)
    own = {name: value for name, value in environment.items() if name != "NOTIFY_SOCKET"}
    if "LISTEN_FDS" in own:
        own["LISTEN_PID"] = str(os.getpid())
    os.execve(program.arguments[0], list(program.arguments), own)  # noqa: S606 - no shell is wanted


def _die_with(parent: int) -> None:
    """Get SIGTERM when the parent is gone, where the system can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(_NOT_EXECUTABLE)


def _send(child: _Child, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(child.pid, number)


@contextmanager
def _caught(numbers: Sequence[int]) -> Iterator[tuple[deque[int], socket.socket]]:
    """Signals that came, in order, and a socket that can be read when one has."""
    caught: deque[int] = deque()
    read, write = socket.socketpair()
    read.setblocking(False)
    write.setblocking(False)
    before = {number: signal.signal(number, lambda heard, _frame: caught.append(heard)) for number in numbers}
    wakeup = signal.set_wakeup_fd(write.fileno(), warn_on_full_buffer=False)
    try:
        yield caught, read
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        read.close()
        write.close()


def _tell_systemd(state: str) -> None:
    """Tell the service manager, if it asked to be told."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel, suppress(OSError):
            channel.connect("\0" + address[1:] if address.startswith("@") else address)
            channel.sendall(state.encode())
