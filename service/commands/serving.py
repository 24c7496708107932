"""The command that answers over HTTP: serve."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

import service
from index.errors import NoGeneration
from index.layout import DataFolder, current_id
from service.commands.frame import NotDone, data_option
from service.settings import environment_from_settings, settings_from_environment

if TYPE_CHECKING:
    from service.settings import Settings


@click.command("serve")
@click.option("--host", default=None, help="The address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="The port to listen on.  [default: 8000]")
@data_option
def serve_command(host: str | None, port: int | None, data: Path) -> None:
    """Answer over HTTP until SIGTERM. All other settings are environment variables (docs/deploying.md).

    \b
    Example:
      dateline serve --data /srv/archive --port 8123
    """
    settings = replace(settings_from_environment(os.environ), data=data)
    settings = replace(settings, host=host or settings.host, port=settings.port if port is None else port)
    try:
        current_id(DataFolder(data))
    except NoGeneration as error:
        click.echo(f"{error}\nServing all the same; it will be noticed when there is one.", err=True)
    _refuse_taken(settings.host, settings.port)
    _become_gunicorn(settings)


def _refuse_taken(host: str, port: int) -> None:
    """Say at once, and in a sentence, if the address cannot be listened on: gunicorn would try for five seconds."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise NotDone(
                f"cannot listen on {host} port {port}: {error.strerror}; choose another with --port"
            ) from error


def _become_gunicorn(settings: Settings) -> None:
    """Replace this process, so that signals reach gunicorn and its exit code is ours."""
    sys.stdout.flush()
    configuration = Path(service.__file__).with_name("gunicorn.conf.py")
    environment = os.environ | environment_from_settings(settings)
    arguments = [sys.executable, "-m", "gunicorn", "-c", str(configuration)]
    os.execve(sys.executable, arguments, environment)  # noqa: S606 - no shell is wanted
