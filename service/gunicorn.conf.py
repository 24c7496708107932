# ruff: noqa: N999 - gunicorn's customary name for this file
"""gunicorn's settings, made from Dateline's. To run: `gunicorn -c service/gunicorn.conf.py`.

A worker (`service.limiting.worker`) answers `threads` requests at a time and keeps whatever waits for a client out of
its threads' way. Each opens the archive itself: nothing is opened before the fork. But what takes a while is done
before, for all of them: importing the engine, compiling it if `dateline build` has not done so on this machine, loading
its machine code, and reading places and synonyms (`service.wiring.prepare_rules`). So a worker that takes another's
place starts by the same rules, be the file spoilt by then; but not by morphemes, where each reads them.
Limits are small because no request of this API needs more.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Any

from gunicorn import util

from index.errors import ClusterError, DataFileError
from index.layout import DataFolder, published
from index.memory import keep_giving_back, share_one_heap
from service import metrics
from service.limiting.requests import join as join_limiter
from service.limiting.requests import shared_limiter
from service.limiting.worker import worker_of
from service.logs import ServerLog
from service.refusals import LONGEST_HEADER_BYTES, LONGEST_LINE_BYTES, MOST_HEADERS, refuse
from service.settings import SettingsError, settings_from_environment
from service.supervising import READY
from service.tally import Board
from service.wiring import compile_engine, load_engine, needs_compiling, prepare_engine, prepare_rules

MOST_WORKERS = 256
"""Of which at most 64 are asked for; there are more while those of old settings finish. Memory unused costs nothing."""

share_one_heap()
try:
    _settings = settings_from_environment(os.environ)
    prepare_engine(_settings)
    prepare_rules(_settings)
except SettingsError as error:
    sys.exit(f"Dateline cannot start with these settings:\n{error}")
except (ClusterError, DataFileError) as error:
    sys.exit(f"Dateline cannot start: {error}")

_data = DataFolder(_settings.data)
if _settings.engine == "arrays" and published(_data):
    if needs_compiling(_data):
        sys.stdout.write("Compiling the search engine for this machine; it takes about a minute …\n")
        sys.stdout.flush()
        compile_engine(_data)  # where it can't be kept, workers have it from this process all the same
    load_engine(_data)

wsgi_app = "service.app:application()"
bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
if _settings.metrics_port:
    # There /metrics needs no key (`service.exposition.came_in_at`).
    bind = [bind, f"127.0.0.1:{_settings.metrics_port}"]
proc_name = "dateline"

if _settings.source_safety:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a crash would write what is asked to the disk
worker_class = worker_of(_settings)
worker_connections = _settings.connections
workers = _settings.workers
threads = _settings.threads
timeout = _settings.worker_timeout_seconds
graceful_timeout = _settings.stop_timeout_seconds
keepalive = _settings.keepalive_seconds

limit_request_line = LONGEST_LINE_BYTES
limit_request_fields = MOST_HEADERS
limit_request_field_size = LONGEST_HEADER_BYTES
util.write_error = refuse  # what is answered to a request that is not HTTP, which gunicorn has no setting for
header_map = "refuse"
forwarded_allow_ips = ""  # nothing here depends on what a proxy says of the client, so nobody is believed
forwarder_headers = ""

control_socket_disable = True  # a way in that nothing here uses
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - a heartbeat must not wait for a disk

logger_class = ServerLog
loglevel = "warning" if _settings.log_level == "info" else _settings.log_level
errorlog = "-"
accesslog = None  # service.middleware logs requests, without what was asked and by whom


_board = Board(MOST_WORKERS)
_limiter = shared_limiter()


def _heed_end() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})


os.register_at_fork(after_in_parent=_heed_end)


def pre_fork(_server: Any, worker: Any) -> None:  # noqa: ANN401 - gunicorn is untyped
    """Give a worker that is to be its part of the numbers that all workers count together.

    Until `post_fork` it hears no SIGTERM: before it has begun, gunicorn would lose it, wait in vain, and in the end
    kill the worker with the requests that it has by then.
    """
    worker.dateline_part = _board.take(worker)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def post_fork(_server: Any, worker: Any) -> None:  # noqa: ANN401 - gunicorn is untyped
    """In the worker: count there, and when told to end before it has begun, do so."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: setattr(worker, "alive", False))
    _heed_end()
    metrics.join(_board, worker.dateline_part)
    join_limiter(_limiter)


def post_worker_init(_worker: Any) -> None:  # noqa: ANN401 - gunicorn is untyped
    """In the worker: tell `service.supervising`, if that is what started the server, that it is ready."""
    keep_giving_back()
    if READY in os.environ:
        with suppress(OSError):  # who listened is satisfied, or gone
            os.write(int(os.environ[READY]), b".")


def child_exit(_server: Any, worker: Any) -> None:  # noqa: ANN401 - gunicorn is untyped
    """A worker is gone; its part is for the next, who counts on from there."""
    metrics.leave(_board, worker.dateline_part)
    _board.give_back(worker)


def when_ready(server: Any) -> None:  # noqa: ANN401 - gunicorn is untyped
    """Say where it can be reached, and one thing to try."""
    for listener in server.LISTENERS:
        host, port = listener.getsockname()[:2]
        if port == _settings.metrics_port:
            continue
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared, not bound
        address = f"http://{shown}:{port}"
        sys.stdout.write(f"Dateline is serving on {address}\n")
        sys.stdout.write(f"Try: curl '{address}/v1/search?q=smuggl*&facet=region'\n")
        sys.stdout.flush()
