"""The command that answers over HTTP: serve."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click
import structlog

import service
from index.errors import NoGeneration
from index.layout import DataFolder, current_id
from service.commands.frame import NotDone, data_option, why_nothing_is_built
from service.logs import configure_logging
from service.settings import environment_from_settings, settings_from_environment
from service.supervising import Program, Supervisor, bound_listener, inherited_listeners
from service.wiring import ON_CLUSTER, prepare_engine

if TYPE_CHECKING:
    import socket
    from collections.abc import Mapping

    from service.middleware import Log
    from service.settings import Settings

_METRICS_HOST: Final = "127.0.0.1"


@click.command("serve")
@click.option("--host", default=None, help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="The port to listen on.  [default: 8000]")
@data_option
def serve_command(host: str | None, port: int | None, data: Path) -> None:
    """Answer over HTTP, and keep the index up to date, until SIGTERM.

    SIGHUP starts everything anew, of the code as it is then, while what is under way finishes. All other settings are
    environment variables (docs/deploying.md).

    \b
    Example:
      dateline serve --data /srv/archive --port 8123
    """
    settings = replace(settings_from_environment(os.environ), data=data)
    settings = replace(settings, host=host or settings.host, port=settings.port if port is None else port)
    configure_logging(settings.log_level)
    prepare_engine(settings)
    if settings.engine != ON_CLUSTER:
        _say_if_nothing_is_built(DataFolder(data))
    log: Log = structlog.get_logger()
    environment = os.environ | environment_from_settings(settings)
    supervisor = Supervisor(
        server=_server(environment),
        indexer=_find_indexer(settings, environment, log),
        listeners=_listeners(settings),
        workers=settings.workers,
        stop_s=settings.stop_timeout_seconds,
        log=log,
    )
    sys.exit(supervisor.run())


def _say_if_nothing_is_built(data: DataFolder) -> None:
    try:
        current_id(data)
    except NoGeneration as error:
        click.echo(
            f"{why_nothing_is_built(error)}\nServing all the same; it will be noticed when there is one.", err=True
        )


def _server(environment: Mapping[str, str]) -> Program:
    configuration = Path(service.__file__).with_name("gunicorn.conf.py")
    return Program("server", (sys.executable, "-m", "gunicorn", "-c", str(configuration)), environment)


def _find_indexer(settings: Settings, environment: Mapping[str, str], log: Log) -> Program | None:
    """What keeps the index up to date, if that is wanted and can be."""
    if not settings.indexer:
        return None
    if settings.data.exists() and not os.access(settings.data, os.W_OK):
        log.info("the data folder cannot be written here: no indexer is started")
        return None
    return Program("indexer", (sys.executable, "-m", "service", "index", "--follow"), environment)


def _listeners(settings: Settings) -> tuple[socket.socket, ...]:
    """What to listen on. Raises `NotDone` if it is taken: gunicorn would try for five seconds."""
    metrics = ((_METRICS_HOST, settings.metrics_port),) if settings.metrics_port else ()
    inherited = inherited_listeners(os.environ)
    known = {listener.getsockname()[1] for listener in inherited}
    wanted = metrics if inherited else ((settings.host, settings.port), *metrics)
    return inherited + tuple(_bound(host, port) for host, port in wanted if port not in known)


def _bound(host: str, port: int) -> socket.socket:
    try:
        return bound_listener(host, port)
    except OSError as error:
        raise NotDone(f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port") from error
