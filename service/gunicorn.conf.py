# ruff: noqa: N999 - gunicorn's customary name for this file
"""gunicorn's settings, made from Dateline's. To run: `gunicorn -c service/gunicorn.conf.py`.

A gthread worker answers `threads` requests at a time and keeps idle connections out of its threads' way. Each opens the
archive itself: nothing is opened before the fork. But what takes a while is done before, for all of them: importing
the engine, and compiling it if `dateline build` has not done so on this machine. Limits are small because no request of
this API needs more.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

from index.layout import DataFolder, published
from service import metrics
from service.logs import ServerLog
from service.settings import SettingsError, settings_from_environment
from service.tally import Board
from service.wiring import compile_engine, import_engine, needs_compiling

MOST_WORKERS = 256
"""Of which at most 64 are asked for; there are more while those of old settings finish. Memory unused costs nothing."""

try:
    _settings = settings_from_environment(os.environ)
except SettingsError as error:
    sys.exit(f"Dateline cannot start with these settings:\n{error}")

_data = DataFolder(_settings.data)
import_engine(_settings.engine)
if _settings.engine == "arrays" and published(_data) and needs_compiling(_data):
    sys.stdout.write("Compiling the search engine for this machine; it takes about a minute …\n")
    sys.stdout.flush()
    compile_engine(_data)  # where it can't be kept, workers have it from this process all the same

wsgi_app = "service.app:application()"
bind = f"[{_settings.host}]:{_settings.port}" if ":" in _settings.host else f"{_settings.host}:{_settings.port}"
proc_name = "dateline"

worker_class = "gthread"
workers = _settings.workers
threads = _settings.threads
timeout = _settings.worker_timeout_seconds
graceful_timeout = _settings.stop_timeout_seconds
keepalive = _settings.keepalive_seconds

limit_request_line = 8190  # a question of 256 Korean letters and fifty filters still fits
limit_request_fields = 50
limit_request_field_size = 8190
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


def pre_fork(_server: Any, worker: Any) -> None:  # noqa: ANN401 - gunicorn is untyped
    """Give a worker that is to be its part of the numbers that all workers count together."""
    worker.dateline_part = _board.take(worker)


def post_fork(_server: Any, worker: Any) -> None:  # noqa: ANN401 - gunicorn is untyped
    """In the worker: count there."""
    metrics.join(_board, worker.dateline_part)


def post_worker_init(_worker: Any) -> None:  # noqa: ANN401 - gunicorn is untyped
    """What is loaded by now stays: keep the collector of cycles from walking all of it while somebody waits.

    Requests leave next to no cycles behind, and walking what engine and rules hold takes longer than most of them.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


def child_exit(_server: Any, worker: Any) -> None:  # noqa: ANN401 - gunicorn is untyped
    """A worker is gone; its part is for the next, who counts on from there."""
    _board.give_back(worker)


def when_ready(server: Any) -> None:  # noqa: ANN401 - gunicorn is untyped
    """Say where it can be reached, and one thing to try."""
    for listener in server.LISTENERS:
        host, port = listener.getsockname()[:2]
        shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104 - compared, not bound
        address = f"http://{shown}:{port}"
        sys.stdout.write(f"Dateline is serving on {address}\n")
        sys.stdout.write(f"Try: curl '{address}/v1/search?q=smuggl*&facet=region'\n")
        sys.stdout.flush()
