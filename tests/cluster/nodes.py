"""Nodes of OpenSearch on this machine's loopback addresses, for tests: started, killed, stopped, and never left behind.

`cluster` starts some, waits until they have found each other, and ends them whatever happens; where the process of the
tests is killed, the system ends them. A `Node` can be stopped, killed and started again, and made to hang; a `Cluster`
can be asked how it is. OpenSearch refuses to run as root, so root starts it as `nobody`. Disks may be as full as they
like unless a test says otherwise.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from tests.cluster.server import PLAIN, SECURE, Edition

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S: Final = 600
"""How long a cluster may take to get somewhere: machines that run tests are busy."""

HOST: Final = "127.0.0.1"
_NOBODY: Final = 65534
_DESCRIBED: Final = Path(__file__).parents[2] / "docs" / "deploy" / "cluster"
USERS: Final = ("indexer", "web")
_DIE_WITH_PARENT: Final = 1
"""`PR_SET_PDEATHSIG` of `prctl(2)`."""

QUICK_TO_START: Final = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
"""Options of Java that make a node start sooner, and then run slower."""

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
    edition: Edition
    folder: Path
    http_port: int
    transport_port: int
    heap_mb: int
    environment: Mapping[str, str]
    java_options: Sequence[str] = QUICK_TO_START
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
                env={**os.environ, **self.environment},
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

    def pause(self) -> None:
        """Have it hang: its connections stay, and it says nothing until `resume`."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Have it go on."""
        self._send(signal.SIGCONT)

    def said(self) -> str:
        """The last lines of its log and of its standard error."""
        lines: list[str] = []
        for path in (self.folder / "said.txt", *sorted((self.folder / "logs").glob("*.log"))):
            lines += path.read_text(errors="replace").splitlines()[-20:]
        return "\n".join(lines)

    def _send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

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
        home = self.edition.home()
        libraries = sorted(str(path) for path in (home / "lib").glob("*.jar"))
        agent = home / "agent" / "opensearch-agent.jar"
        if agent.exists():
            options = [f"-javaagent:{agent}", "--enable-native-access=ALL-UNNAMED"]
        else:
            options = ["-Djava.security.manager=allow"]
        return [
            str(self.edition.java()),
            f"-Xms{self.heap_mb}m",
            f"-Xmx{self.heap_mb}m",
            *self.java_options,
            "-XX:-HeapDumpOnOutOfMemoryError",
            *options,
            f"-Djava.io.tmpdir={self.folder / 'tmp'}",
            f"-Dopensearch.path.home={home}",
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
    secrets: Secrets | None = None

    @property
    def url(self) -> str:
        """The addresses of all nodes, as `DATELINE_OPENSEARCH_URL` takes them."""
        return " ".join(self._address(node) for node in self.nodes)

    def _address(self, node: Node) -> str:
        return f"{'https' if self.secrets else 'http'}://{node.address}"

    def ask(self, path: str, body: object = None, *, method: str | None = None) -> Any:
        """What a node that runs says to a request: JSON. Raises `OSError` if none answers, or it is an error."""
        failure: OSError = ConnectionError("no node runs")
        for node in self.nodes:
            if not node.is_running:
                continue
            try:
                return _asked(f"{self._address(node)}{path}", body, method, self.secrets)
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


@dataclass(frozen=True, slots=True)
class Secrets:
    """What `docs/deploy/cluster/prepare.sh` made: certificates, and the passwords of two users."""

    folder: Path

    @property
    def ca_file(self) -> Path:
        """Who vouches for the nodes."""
        return self.folder / "ca.pem"

    def password_file(self, user: str) -> Path:
        """The file with a user's password."""
        return self.folder / f"{user}.password"

    def password(self, user: str) -> str:
        """A user's password."""
        return self.password_file(user).read_text().strip()


@contextmanager
def cluster(
    name: str,
    *,
    nodes: int = 3,
    heap_mb: int = 320,
    is_secure: bool = False,
    java_options: Sequence[str] = QUICK_TO_START,
    **settings: object,
) -> Iterator[Cluster]:
    """A cluster of that name with so many nodes, green; `settings` are more of OpenSearch's own.

    One that is secure is as docs/deploy/cluster describes it, and is asked as the indexer.
    """
    folder = Path(tempfile.mkdtemp(prefix="dateline-cluster-"))
    settings = {**_COMMON, "cluster.name": name, **settings}
    try:
        secrets = _made_secrets(folder / "secrets") if is_secure else None
        started = Cluster(tuple(_prepared(folder, nodes, heap_mb, settings, secrets)), secrets)
    except BaseException:
        shutil.rmtree(folder)
        raise
    try:
        folder.chmod(0o755)
        for node in started.nodes:
            node.java_options = java_options
            node.start()
        started.wait_until(nodes=nodes)
        yield started
    finally:
        for node in started.nodes:
            node.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _prepared(
    folder: Path, count: int, heap_mb: int, settings: Mapping[str, object], secrets: Secrets | None
) -> Iterator[Node]:
    """Nodes with their folders and settings, not yet started."""
    edition = SECURE if secrets else PLAIN
    ports = _free_ports(2 * count)
    names = [f"node-{number}" for number in range(1, count + 1)]
    together = {
        **(_secure_settings() if secrets else {}),
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
        _lay_out(own, edition, {**together, **mine, **settings}, secrets)
        yield Node(
            name=node_name,
            edition=edition,
            folder=own,
            http_port=ports[number],
            transport_port=ports[count + number],
            heap_mb=heap_mb,
            environment={f"{user.upper()}_PASSWORD": secrets.password(user) for user in USERS} if secrets else {},
        )


def _lay_out(folder: Path, edition: Edition, settings: Mapping[str, object], secrets: Secrets | None) -> None:
    """Make a node's folders. JSON is YAML, too."""
    for part in ("config", "data", "logs", "tmp"):
        (folder / part).mkdir(parents=True)
    shutil.copy(edition.home() / "config" / "log4j2.properties", folder / "config")
    (folder / "config" / "opensearch.yml").write_text(json.dumps(settings, indent=1))
    if secrets:
        shutil.copytree(secrets.folder, folder / "config" / "cluster")
        shutil.copytree(_DESCRIBED / "security", folder / "config" / "opensearch-security")
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY)


def _made_secrets(folder: Path) -> Secrets:
    subprocess.run([_DESCRIBED / "prepare.sh", folder, HOST], check=True)
    return Secrets(folder)


def _secure_settings() -> dict[str, object]:
    """What is described of security; the rest of that is for machines with names."""
    described = yaml.safe_load((_DESCRIBED / "opensearch.yml").read_text())
    return {name: value for name, value in described.items() if name.startswith("plugins.security.")}


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


def _asked(address: str, body: object, method: str | None, secrets: Secrets | None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    context = None
    if secrets:
        context = ssl.create_default_context(cafile=secrets.ca_file)
        headers["Authorization"] = "Basic " + b64encode(f"indexer:{secrets.password('indexer')}".encode()).decode()
    request = urllib.request.Request(address, data, headers, method=method)  # noqa: S310 - our own address
    with urllib.request.urlopen(request, timeout=PATIENCE_S, context=context) as response:  # noqa: S310 - likewise
        return json.load(response)
