"""A process that has everything imported and compiled, and forks one that does as told in a few milliseconds.

`Nursery.start` has it fork; what to do is a function of a module, named, with arguments that JSON can hold. The child
is a process like any other: it can be killed. The nursery itself has one thread and does nothing else, so forking it is
sound, which forking the tests' own process would not be. `calls_watched` starts it with the library of `disk_calls`.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

ROOT: Final = Path(__file__).parent.parent.parent

RAISED: Final = 70
"""The exit status of a child whose function raised; its standard error says what."""


@dataclass(frozen=True, slots=True)
class Child:
    """A process that was forked, and the file its standard error goes to."""

    pid: int
    said: Path

    def kill(self) -> None:
        """End it as the system would: without a word, at once."""
        os.kill(self.pid, signal.SIGKILL)


class Nursery:
    """A running nursery. Use it as a context manager; when it ends, so do its children."""

    def __init__(self, warm_up: str, *, library: Path | None = None, folder: Path) -> None:
        """`warm_up` is a `module:function` to call before the first fork, `folder` a place for what children say."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DATELINE_")}
        if library is not None:
            environment["LD_PRELOAD"] = str(library)
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.torture.nursery", warm_up],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env=environment,
            text=True,
        )
        self._started = 0
        try:
            self._receive()
        except BaseException:
            self._end()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _end(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()

    def start(self, function: Callable[..., None], **arguments: Any) -> Child:
        """Fork a process that calls a function of a module and exits."""
        self._started += 1
        said = self._folder / f"child-{self._started % 8}.txt"
        name = f"{function.__module__}:{function.__qualname__}"
        return Child(int(self._ask({"call": name, "with": arguments, "said": str(said)})), said)

    def wait(self, child: Child) -> int:
        """Wait for its end: its exit status, or minus the signal that ended it.

        Raises `RuntimeError` with the trace if its function raised.
        """
        status = int(self._ask({"wait": child.pid}))
        if status == RAISED:
            raise RuntimeError(child.said.read_text(encoding="utf-8"))
        return status

    def run(self, function: Callable[..., None], **arguments: Any) -> int:
        """`start` and `wait`."""
        return self.wait(self.start(function, **arguments))

    def _ask(self, order: dict[str, Any]) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._receive()

    def _receive(self) -> str:
        assert self._process.stdout is not None
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the nursery ended with status {self._process.wait()}; its standard error says why")
        return answer.strip()


def _named(name: str) -> Callable[..., None]:
    module, _, function = name.partition(":")
    found: Callable[..., None] = getattr(import_module(module), function)
    return found


def _serve(warm_up: str) -> None:
    """Obey orders, one a line, until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what anybody prints must not be taken for an answer
    _named(warm_up)()
    answers.write("ready\n")
    answers.flush()
    children: set[int] = set()
    for line in iter(sys.stdin.readline, ""):  # no reading ahead: a child must not inherit orders
        order = json.loads(line)
        if "wait" in order:
            _pid, status = os.waitpid(order["wait"], 0)
            children.discard(order["wait"])
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = _forked(_named(order["call"]), order["with"], order["said"])
            children.add(answer)
        answers.write(f"{answer}\n")
        answers.flush()
    for child in children:
        os.kill(child, signal.SIGKILL)


def _forked(function: Callable[..., None], arguments: dict[str, Any], said: str) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = RAISED
    try:
        os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        function(**arguments)
        status = 0
    except BaseException:  # noqa: BLE001 - the child's outermost frame: nothing may reach the nursery's own
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _serve(sys.argv[1])
