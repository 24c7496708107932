"""Nodes of OpenSearch on this machine's loopback addresses, for tests: started, killed, stopped, and never left behind.

`cluster` starts some, waits until they have found each other, and ends them whatever happens; where the process of the
tests is killed, the system ends them. A `Node` can be stopped, killed and started again; a `Cluster` can be asked how
it is. OpenSearch refuses to run as root, so root starts it as `nobody`. Disks may be as full as they like unless a test
says otherwise.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tests.cluster.server import java, server_home

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PATIENCE_S: Final = 240
"""How long a cluster may take to get somewhere: machines that run tests are busy."""

HOST: Final = "127.0.0.1"
_NOBODY: Final = 65534
_DIE_WITH_PARENT: Final = 1
"""`PR_SET_PDEATHSIG` of `prctl(2)`."""

_COMMON: Final[Mapping[str, object]] = {
    "network.host": HOST,
    "cluster.routing.allocation.disk.threshold_enabled": False,
    "node.max_local_storage_nodes": 1,
    "bootstrap.memory_lock": False,
}


@dataclass(slots=True, kw_only=True)
class Node:
    """One node: where it listens and keeps its data, and its process while it runs."""

    name: str
    home: Path
    folder: Path
    http_port: int
    transport_port: int
    heap_mb: int
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def address(self) -> str:
        """Where it listens, as `host:port`."""
        return f"{HOST}:{self.http_port}"

    @property
    def is_running(self) -> bool:
        """Whether its process is there."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start its process. It takes some seconds until it answers."""
        user = _NOBODY if os.geteuid() == 0 else None
        with (self.folder / "said.txt").open("ab") as said:
            self.process = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self.folder,
                user=user,
                group=user,
                extra_groups=None if user is None else (),
                preexec_fn=_die_with_parent,  # noqa: PLW1509 - one call of the system, before any thread can matter
            )

    def stop(self) -> None:
        """End it as a system that shuts down does, and wait."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once, without a word."""
        self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """Have it stand still, its connections open, until `thaw`."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Have it go on."""
        assert self.process is not None
        self.process.send_signal(signal.SIGCONT)

    def said(self) -> str:
        """The last lines of its log and of its standard error."""
        lines: list[str] = []
        for path in (self.folder / "said.txt", *sorted((self.folder / "logs").glob("*.log"))):
            lines += path.read_text(errors="replace").splitlines()[-20:]
        return "\n".join(lines)

    def _end(self, number: signal.Signals) -> None:
        if self.process is None:
            return
        self.process.send_signal(number)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def _command(self) -> list[str]:
        # The server's own script does the same, having started Java twice more to find out with what options.
        libraries = sorted(str(path) for path in (self.home / "lib").glob("*.jar"))
        return [
            str(java()),
            f"-Xms{self.heap_mb}m",
            f"-Xmx{self.heap_mb}m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-HeapDumpOnOutOfMemoryError",
            "--enable-native-access=ALL-UNNAMED",
            f"-javaagent:{self.home / 'agent' / 'opensearch-agent.jar'}",
            f"-Djava.io.tmpdir={self.folder / 'tmp'}",
            f"-Dopensearch.path.home={self.home}",
            f"-Dopensearch.path.conf={self.folder / 'config'}",
            "-Dopensearch.distribution.type=zip",
            "-Dopensearch.bundled_jdk=false",
            "-cp",
            ":".join(libraries),
            "org.opensearch.bootstrap.OpenSearch",
        ]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Nodes that belong together."""

    nodes: tuple[Node, ...]

    @property
    def url(self) -> str:
        """The addresses of all nodes, as `DATELINE_OPENSEARCH_URL` takes them."""
        return " ".join(f"http://{node.address}" for node in self.nodes)

    def ask(self, path: str, body: object = None, *, method: str | None = None) -> Any:
        """What a node that runs says to a request: JSON. Raises `OSError` if none answers, or it is an error."""
        failure: OSError = ConnectionError("no node runs")
        for node in self.nodes:
            if not node.is_running:
                continue
            try:
                return _asked(f"http://{node.address}{path}", body, method)
            except urllib.error.HTTPError:
                raise
            except OSError as error:
                failure = error
        raise failure

    def wait_until(self, status: str = "green", *, nodes: int | None = None) -> None:
        """Wait until it is as healthy as that, and has so many nodes: all that run unless said."""
        wanted = sum(node.is_running for node in self.nodes) if nodes is None else nodes
        deadline = time.monotonic() + PATIENCE_S
        path = f"/_cluster/health?wait_for_status={status}&wait_for_nodes={wanted}&wait_for_no_relocating_shards=true"
        last: object = None
        while time.monotonic() < deadline:
            try:
                last = self.ask(f"{path}&timeout=5s")
                return
            except OSError as error:
                last = error
            time.sleep(0.2)
            if ended := [node for node in self.nodes if node.process is not None and not node.is_running]:
                raise AssertionError(f"{ended[0].name} ended: {ended[0].said()}")
        raise AssertionError(f"not {status} with {wanted} nodes in time: {last}\n{self.nodes[0].said()}")


@contextmanager
def cluster(name: str, *, nodes: int = 3, heap_mb: int = 320, **settings: object) -> Iterator[Cluster]:
    """A cluster of that name with so many nodes, green; `settings` are more of OpenSearch's own."""
    folder = Path(tempfile.mkdtemp(prefix="dateline-cluster-"))
    settings = {**_COMMON, "cluster.name": name, **settings}
    started = Cluster(tuple(_prepared(folder, server_home(), nodes, heap_mb, settings)))
    try:
        folder.chmod(0o755)
        for node in started.nodes:
            node.start()
        started.wait_until(nodes=nodes)
        yield started
    finally:
        for node in started.nodes:
            node.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _prepared(folder: Path, home: Path, count: int, heap_mb: int, settings: Mapping[str, object]) -> Iterator[Node]:
    """Nodes with their folders and settings, not yet started."""
    ports = _free_ports(2 * count)
    names = [f"node-{number}" for number in range(1, count + 1)]
    together = {
        "discovery.seed_hosts": [f"{HOST}:{port}" for port in ports[count:]],
        "cluster.initial_cluster_manager_nodes": names,
    }
    for number, node_name in enumerate(names):
        own = folder / node_name
        mine = {
            "node.name": node_name,
            "http.port": ports[number],
            "transport.port": ports[count + number],
            "path.data": str(own / "data"),
            "path.logs": str(own / "logs"),
        }
        _lay_out(own, home, {**together, **mine, **settings})
        yield Node(
            name=node_name,
            home=home,
            folder=own,
            http_port=ports[number],
            transport_port=ports[count + number],
            heap_mb=heap_mb,
        )


def _lay_out(folder: Path, home: Path, settings: Mapping[str, object]) -> None:
    """Make a node's folders. JSON is YAML, too."""
    for part in ("config", "data", "logs", "tmp"):
        (folder / part).mkdir(parents=True)
    shutil.copy(home / "config" / "log4j2.properties", folder / "config")
    (folder / "config" / "opensearch.yml").write_text(json.dumps(settings, indent=1))
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY)


def _free_ports(count: int) -> Sequence[int]:
    """Ports that nobody listens on, as far as the system knows now."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [listening.getsockname()[1] for listening in sockets]
    for listening in sockets:
        listening.close()
    return ports


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)


def _asked(address: str, body: object, method: str | None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(  # noqa: S310 - our own address
        address, data, {"Content-Type": "application/json"}, method=method
    )
    with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:  # noqa: S310 - our own address
        return json.load(response)
