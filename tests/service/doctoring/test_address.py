"""`dateline doctor --url`: the service behind proxies that each do one thing wrong."""

from __future__ import annotations

import datetime as dt
import gzip
import ssl
import threading
from contextlib import contextmanager
from email.utils import format_datetime
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from service.doctoring import address
from service.doctoring.address import check_address
from service.doctoring.findings import Finding, Sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from search.reloading import Reloading
    from service.archive import Archive
    from service.limiting.requests import RateLimits
    from tests.service.conftest import Api

Headers = list[tuple[str, str]]


class Server(ThreadingMixIn, WSGIServer):
    """Answers several at once."""

    daemon_threads = True


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing."""


class Proxy:
    """Asks the application what it is asked, and does something to the answer."""

    def __init__(self, app: Any, alter: Any, *, packs: bool) -> None:
        self._app, self._alter, self._packs = app, alter, packs

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        """Answer."""
        kept: dict[str, Any] = {}
        say_client(environ)

        def start(status: str, headers: Headers, _failure: object = None) -> None:
            kept.update(status=status, headers=headers)

        body = b"".join(self._app(environ, start))
        status, headers, body = self._alter(environ, kept["status"], kept["headers"], body)
        if self._packs and "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
            headers, body = [*headers, ("Content-Encoding", "gzip")], gzip.compress(body)
        start_response(status, [*without(headers, "Content-Length"), ("Content-Length", str(len(body)))])
        return [body]


def without(headers: Headers, name: str) -> Headers:
    """Headers but for those of one name."""
    return [(key, value) for key, value in headers if key.lower() != name.lower()]


def unchanged(_environ: dict[str, Any], status: str, headers: Headers, body: bytes) -> tuple[str, Headers, bytes]:
    """What a good proxy does to an answer."""
    return status, headers, body


def say_client(environ: dict[str, Any]) -> None:
    """What a good proxy does to a request: say whom it is from, after what the client says."""
    said = environ.get("HTTP_X_FORWARDED_FOR")
    environ["HTTP_X_FORWARDED_FOR"] = f"{said}, 203.0.113.5" if said else "203.0.113.5"


@contextmanager
def behind(app: Any, alter: Any = unchanged, *, packs: bool = True, certificate: Path | None = None) -> Iterator[str]:
    """The application behind a proxy, and its address."""
    server = make_server("127.0.0.1", 0, Proxy(app, alter, packs=packs), Server, Quiet)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if certificate else 'http'}://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def app_behind(
    archives: Reloading[Archive], api_of: Callable[..., Api], limits_behind: Callable[[int], RateLimits]
) -> Callable[..., Any]:
    """Make the application, told of so many proxies on this machine."""
    return lambda hops, **options: api_of(archives, limits=limits_behind(hops), **options).client.app


@pytest.fixture
def app(app_behind: Callable[..., Any]) -> Any:
    """The application, told of one."""
    return app_behind(1)


def now() -> dt.datetime:
    """The time."""
    return dt.datetime.now(dt.UTC)


def found(url: str) -> list[str]:
    """What is wrong at an address."""
    examined = list(check_address(url, now))
    assert examined
    assert all(each.area == "address" for each in examined)
    return [each.what for each in examined if isinstance(each, Finding)]


def test_a_good_proxy_is_sound(app: Any) -> None:
    """It compresses, says who asks, and changes nothing else."""
    with behind(app) as url:
        (sound,) = check_address(url, now)
    assert sound == Sound("address", f"{url} leads here, and what is in between changes nothing")


def drops_policy(_environ: dict[str, Any], status: str, headers: Headers, body: bytes) -> tuple[str, Headers, bytes]:
    """Keep a header to itself."""
    return status, without(headers, "Content-Security-Policy"), body


def doubles_nosniff(_environ: dict[str, Any], status: str, headers: Headers, body: bytes) -> tuple[str, Headers, bytes]:
    """Add what is there."""
    return status, [*headers, ("X-Content-Type-Options", "nosniff")], body


def sets_cookie(_environ: dict[str, Any], status: str, headers: Headers, body: bytes) -> tuple[str, Headers, bytes]:
    """Recognise readers."""
    return status, [*headers, ("Set-Cookie", "sticky=1")], body


def repeats_origin(_environ: dict[str, Any], status: str, headers: Headers, body: bytes) -> tuple[str, Headers, bytes]:
    """Let every site in, as the service does already."""
    return status, [*headers, ("Access-Control-Allow-Origin", "*")], body


def lives_in_the_past(
    environ: dict[str, Any], status: str, headers: Headers, body: bytes
) -> tuple[str, Headers, bytes]:
    """Have a clock that is wrong."""
    del environ
    return status, [("Date", format_datetime(now() - dt.timedelta(hours=2), usegmt=True)), *headers], body


class Keeps:
    """Keep every answer, whatever it says."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, Headers, bytes]] = {}

    def __call__(
        self, environ: dict[str, Any], status: str, headers: Headers, body: bytes
    ) -> tuple[str, Headers, bytes]:
        """The first answer at each address."""
        return self._kept.setdefault(environ["PATH_INFO"], (status, headers, body))


def tells_numbers(environ: dict[str, Any], status: str, headers: Headers, body: bytes) -> tuple[str, Headers, bytes]:
    """Lead to the port that is meant for this machine alone."""
    return ("200 OK" if environ["PATH_INFO"] == "/metrics" else status), headers, body


@pytest.mark.parametrize(
    ("alter", "what"),
    [
        pytest.param(drops_policy, "drops, changes or doubles Content-Security-Policy", id="a header less"),
        pytest.param(doubles_nosniff, "drops, changes or doubles X-Content-Type-Options", id="a header twice"),
        pytest.param(sets_cookie, "sets a cookie (sticky)", id="a cookie"),
        pytest.param(repeats_origin, "Access-Control-Allow-Origin is there twice", id="CORS twice"),
        pytest.param(Keeps(), "keeps answers that say Cache-Control: no-store", id="kept"),
        pytest.param(tells_numbers, "/metrics is told to everybody", id="numbers"),
        pytest.param(lives_in_the_past, "its clock says", id="clock"),
    ],
)
def test_what_a_proxy_does_wrong_is_found(app: Any, alter: Any, what: str) -> None:
    """Each by itself."""
    with behind(app, alter) as url:
        (said,) = found(url)
    assert what in said


def test_answers_that_are_not_compressed_are_found(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Readers wait for the rest, unless they are near."""
    with behind(app, packs=False) as url:
        assert found(url) == []
        monkeypatch.setattr(address, "is_near", lambda _host: False)
        assert [what for what in found(url) if "encrypted" not in what] == ["answers are not compressed"]


def test_a_name_that_is_not_readers_is_found(app_behind: Callable[..., Any]) -> None:
    """Where the service does not know the address that it is read at."""
    with behind(app_behind(1, public_url="https://other.example")) as url:
        (finding,) = [each for each in check_address(url, now) if isinstance(each, Finding)]
    assert "takes its address for https://other.example" in finding.what
    assert finding.mend.startswith(f"DATELINE_PUBLIC_URL={url}")


def test_readers_who_are_not_counted_are_found(app_behind: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the proxy is what the service sees; nothing else is amiss but that this test is not encrypted."""
    monkeypatch.setattr(address, "is_near", lambda _host: False)
    with behind(app_behind(0)) as url:
        assert [what for what in found(url) if "encrypted" not in what] == [
            "requests are not counted by who makes them"
        ]


def test_counting_that_can_be_evaded_is_found(app_behind: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more proxies are trusted than there are, what a client makes up is believed."""
    monkeypatch.setattr(address, "is_near", lambda _host: False)
    with behind(app_behind(2)) as url:
        assert any("is counted as somebody else" in what for what in found(url))


def test_counting_that_cannot_be_evaded_is_sound(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a client makes up stands left of what the proxy says."""
    monkeypatch.setattr(address, "is_near", lambda _host: False)
    with behind(app) as url:
        assert [what for what in found(url) if "encrypted" not in what] == []


def test_what_is_not_encrypted_is_found(app: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """At an address that strangers use."""
    monkeypatch.setattr(address, "is_near", lambda _host: False)
    with behind(app) as url:
        assert f"{url} is not encrypted" in found(url)


def test_a_certificate_that_nobody_knows_is_found(app: Any, certificate: Path) -> None:
    """And that is what readers get."""
    with behind(app, certificate=certificate) as url:
        (finding,) = check_address(url, now)
    assert isinstance(finding, Finding)
    assert "does not answer" in finding.what
    assert "certificate that browsers know" in finding.mend


def test_encryption_that_is_not_kept_to_is_found(app: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No word that it is always to be used; with it, all is well."""
    monkeypatch.setattr(address, "is_near", lambda _host: False)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.with_name("public.pem")))

    def strict(_environ: dict[str, Any], status: str, headers: Headers, body: bytes) -> tuple[str, Headers, bytes]:
        return status, [*headers, ("Strict-Transport-Security", "max-age=63072000")], body

    with behind(app, certificate=certificate) as url:
        assert "there is no Strict-Transport-Security" in found(url)
    with behind(app, strict, certificate=certificate) as url:
        assert "there is no Strict-Transport-Security" not in found(url)


def test_another_service_is_no_dateline() -> None:
    """A redirect, or any page."""

    def elsewhere(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("301 Moved Permanently", [("Location", "https://else.example/"), ("Content-Length", "0")])
        return [b""]

    with behind(elsewhere) as url:
        assert found(url) == [f"what answers at {url} is not Dateline (status 301, leads to https://else.example/)"]


def test_nobody_there_is_found() -> None:
    """With what to look at."""
    (finding,) = check_address("http://127.0.0.1:1", now)
    assert isinstance(finding, Finding)
    assert "does not answer" in finding.what
