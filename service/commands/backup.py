"""Commands that carry an archive away and bring it back: backup, restore."""

from __future__ import annotations

import shutil
import signal
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from index.archive.backup import write_backup
from index.archive.restore import restore
from index.archive.store import Store
from index.layout import DataFolder
from service import terminal
from service.asking import VERSION
from service.commands.frame import NotDone, data_option
from service.phrasing import counted
from service.terminal import say
from service.wiring import compile_engine, needs_compiling, publish_archive

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from index.archive.backup import BackupManifest
    from index.indexing.build import BuildProgress

_STANDARD_OUTPUT = Path("-")


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), metavar="FILE")
@data_option
def backup_command(file: Path, data: Path) -> None:
    """Write all that cannot be made again to one file: articles, topics, keys and sites. - is standard output.

    Others may write and search meanwhile. What was acknowledged before the start is in it. A file of that name is
    replaced, at the end, in one step. It holds what keys are checked by: keep it as you keep keys.

    \b
    Examples:
      dateline backup /backups/archive-$(date +%F).zip --data /srv/archive
      dateline backup - | ssh elsewhere 'cat > archive.zip'
    """
    folder = DataFolder(data)
    if file != _STANDARD_OUTPUT:
        with _interrupted_by_signals():
            manifest = write_backup(folder, file, made_by=VERSION)
        _say(manifest, f"Backed up to {file}")
        return
    if sys.stdout.isatty():
        raise NotDone("a backup is no text: name a file, or send it to another program")
    with _interrupted_by_signals(), TemporaryDirectory(prefix="dateline-backup-") as aside:
        written = Path(aside) / "backup.zip"
        write_backup(folder, written, made_by=VERSION)
        output = sys.stdout.fileno()  # not its buffer: what that could not write, Python would try again at the end
        try:
            with written.open("rb") as backup, open(output, "wb", closefd=False) as out:
                shutil.copyfileobj(backup, out)
        except OSError as error:
            raise NotDone(f"standard output cannot be written: {error.strerror}") from error


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@click.option("--no-build", is_flag=True, help="Leave the index to be built later.")
@data_option
def restore_command(file: Path, data: Path, *, no_build: bool) -> None:
    """Restore a backup into a folder that is empty or new, and build its index.

    Everything is verified before anything counts: a file that is damaged leaves no archive behind.

    \b
    Example:
      dateline restore /backups/archive-2026-01-31.zip --data /srv/archive
    """
    folder = DataFolder(data)
    with _interrupted_by_signals():
        manifest = restore(file, folder)
    _say(manifest, f"Restored to {data}")
    if no_build:
        say(f"There is no index yet. Run: dateline build --data {data}")
        return
    if needs_compiling(folder):
        say("Compiling the search engine for this machine; it takes about a minute, once …")
        compile_engine(folder)
    with Store.open(folder.archive, must_exist=True) as store, terminal.progress_bar("articles") as bar:

        def hear(progress: BuildProgress) -> None:
            bar(progress.stage, progress.done, progress.total, progress.done)

        report = publish_archive(folder, store, from_store=True, progress=hear)
    say(f"Published generation {report.generation.id} with {counted(report.articles, 'article')}")


@contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end what is done here as ^C does, so that no copy of the archive is left half made."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    heard = [number for number, handler in before.items() if handler is not signal.SIG_IGN]  # nohup's is

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        for number in heard:
            signal.signal(number, signal.SIG_IGN)  # a second one would end the clearing up
        raise KeyboardInterrupt

    for number in heard:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in heard:
            signal.signal(number, before[number])


def _say(manifest: BackupManifest, done: str) -> None:
    held = [counted(manifest.articles, "article"), *(member.name for member in manifest.members[1:])]
    say(f"{done}: {', '.join(held)}; change {manifest.change}, of {manifest.created:%Y-%m-%d %H:%M:%S} UTC")
