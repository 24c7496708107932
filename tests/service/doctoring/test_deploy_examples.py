"""The examples in docs/deploy: their own tools accept them, and a service behind them passes `dateline doctor --url`.

Also, readers stay safe behind them: what is asked is in no file that the proxy writes, nor is who asked. Where a tool
is not installed its tests are left out.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from service.doctoring import address
from service.doctoring.address import Visitor, check_address
from service.doctoring.findings import Finding
from service.settings import setting_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from search.reloading import Reloading
    from service.archive import Archive
    from service.limiting.requests import RateLimits
    from tests.service.conftest import Api

EXAMPLES = Path(__file__).parents[3] / "docs" / "deploy"
CANARY = "zqcanary"
ADDRESS = "127.0.0.77"
PATIENCE_S = 20


class Server(ThreadingMixIn, WSGIServer):
    """Answers several at once."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing."""


def tool(name: str) -> str:
    """Where a program is; skips if it is nowhere."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin:/usr/local/sbin")
    if not path:
        pytest.skip(f"needs {name}")
    return path


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on."""
    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(socket.socket()) for _ in range(number)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]


@contextlib.contextmanager
def served(app: Any) -> Iterator[int]:
    """The application at a port of this machine."""
    server = make_server("127.0.0.1", 0, app, Server, Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    """A proxy that answers at a port, its output in `folder`; stopped in the end whatever happens."""
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "XDG_DATA_HOME": str(folder)}
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, env=environment)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert process.poll() is None, (folder / "output").read_text()
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def nginx_command(folder: Path, certificate: Path, service: int, port: int, plain: int) -> list[str]:
    """How nginx is started with our example, at these ports."""
    example = (EXAMPLES / "nginx.conf").read_text(encoding="utf-8")
    for pattern, text in (
        (r"listen \[::\].*;", ""),
        (r"listen 80;", f"listen 127.0.0.1:{plain};"),
        (r"listen 443 ", f"listen 127.0.0.1:{port} "),
        (r"server_name .*;", "server_name localhost;"),
        (r"return 301 .*;", f"return 301 https://localhost:{port}$request_uri;"),
        (r"127\.0\.0\.1:8000", f"127.0.0.1:{service}"),
        (r"proxy_set_header Host \$host;", "proxy_set_header Host $http_host;"),
        (r"(ssl_certificate(_key)?) .*;", rf"\1 {certificate};"),
        (r"/var/log/nginx/", f"{folder}/"),
    ):
        example, found = re.subn(pattern, text, example)
        assert found, pattern
    (folder / "site.conf").write_text(example)
    temporary = " ".join(f"{kind}_temp_path {folder}/{kind};" for kind in ("proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log stderr; events {{}}\n"
        f"http {{ client_body_temp_path {folder}/body; {temporary} include {folder}/site.conf; }}\n"
    )
    return [tool("nginx"), "-c", str(folder / "nginx.conf"), "-p", str(folder)]


def caddy_command(folder: Path, certificate: Path, service: int, port: int, plain: int) -> list[str]:
    """How Caddy is started with our example, at these ports."""
    example = (EXAMPLES / "Caddyfile").read_text(encoding="utf-8")
    for old, new in (
        ("\n{\n", f"\n{{\n\tadmin off\n\thttp_port {plain}\n\thttps_port {port}\n"),
        ("\nsearch.example.org {\n", f"\nhttps://localhost:{port} {{\n\ttls {certificate} {certificate}\n"),
        ("127.0.0.1:8000", f"127.0.0.1:{service}"),
    ):
        assert old in example
        example = example.replace(old, new)
    (folder / "Caddyfile").write_text(example)
    return [tool("caddy"), "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


@pytest.mark.parametrize("command_of", [nginx_command, caddy_command], ids=["nginx", "Caddy"])
def test_behind_the_example_all_is_well(  # noqa: PLR0913, PLR0917 - fixtures
    command_of: Callable[[Path, Path, int, int, int], list[str]],
    archives: Reloading[Archive],
    api_of: Callable[..., Api],
    limits_behind: Callable[[int], RateLimits],
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """The doctor finds nothing, `/metrics` is nobody's, and nothing of what is asked is in any file of the proxy's."""
    monkeypatch.setattr(address, "is_near", lambda _host: False)  # this machine stands for strangers
    monkeypatch.setattr("service.limiting.requests._is_near", lambda _address: False)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_name("public.pem")))
    folder = tmp_path / "proxy"
    folder.mkdir(mode=0o755)
    port, plain = free_ports(2)
    url = f"https://localhost:{port}"
    app = api_of(archives, limits=limits_behind(1), public_url=url).client.app
    with served(app) as service, running(command_of(folder, certificate, service, port, plain), folder, port):
        examined = check_address(url, lambda: dt.datetime.now(dt.UTC))
        assert [each for each in examined if isinstance(each, Finding)] == []
        visitor = Visitor(url)
        assert visitor.ask("/metrics").status == 404
        assert ask_canaries(port)[:5] == [200, 200, 404, 404, 200]
        redirected = Visitor(f"http://localhost:{plain}").ask(f"/v1?q={CANARY}")
        assert redirected.status in {301, 308}
    with running(command_of(folder, certificate, free_ports(1)[0], port, plain), folder, port):
        assert set(ask_canaries(port)[:5]) == {502}
    for path in folder.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path
            assert ADDRESS.encode() not in path.read_bytes(), path


def ask_canaries(port: int) -> list[int]:
    """Ask with a word in every place, from an address that can be told from others. The statuses."""
    headers = {"User-Agent": CANARY, "Referer": f"https://{CANARY}.example", "Cookie": CANARY, f"X-{CANARY}": CANARY}
    statuses = []
    for path in ("/v1/search?q=", "/?q=", "/v1/articles/", "/", "/v1/export?q=", f"/v1/search?q={CANARY * 2000}"):
        connection = http.client.HTTPSConnection(
            "localhost", port, timeout=PATIENCE_S, source_address=(ADDRESS, 0), context=ssl.create_default_context()
        )
        connection.request("GET", path + CANARY, headers=headers)
        statuses.append(connection.getresponse().status)
        connection.close()
    return statuses


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """Both units, with a program that is there; and they leave little open."""
    analyze = tool("systemd-analyze")
    service = (EXAMPLES / "dateline.service").read_text(encoding="utf-8")
    assert "\nExecStart=/opt/dateline/.venv/bin/dateline serve" in service
    (tmp_path / "dateline.service").write_text(service.replace("/opt/dateline/.venv/bin/dateline", "/bin/true"))
    shutil.copy(EXAMPLES / "dateline.socket", tmp_path)
    units = [str(tmp_path / name) for name in ("dateline.service", "dateline.socket")]
    checked = subprocess.run([analyze, "verify", *units], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, "")
    exposed = subprocess.run(
        [analyze, "security", "--offline=yes", "--threshold=20", units[0]], capture_output=True, text=True, check=False
    )
    assert exposed.returncode == 0, exposed.stdout


@pytest.mark.parametrize(
    "example", sorted(path for path in EXAMPLES.rglob("*") if path.is_file()), ids=lambda path: path.name
)
def test_examples_name_settings_there_are(example: Path) -> None:
    """A setting in an example is one of ours."""
    known = {row.variable for row in setting_rows()}
    assert set(re.findall(r"DATELINE_\w+", example.read_text(encoding="utf-8"))) <= known
