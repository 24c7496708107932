"""Commands that keep the index what the archive says, or go back to what it said: index, rollback."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click
import structlog

from index.archive.store import Store
from index.errors import DamagedGeneration, DataFileError, GenerationError
from index.generation.publish import Hold, held, roll_back
from index.indexing.indexer import Event, Holding, Indexer
from index.indexing.stepping import Failed, Looked, Published
from index.layout import DataFolder, current_id, published, read_generation
from index.memory import share_one_heap
from service.commands.frame import SOMETHING_WRONG, data_option
from service.indexer_status import Reporting
from service.logs import configure_logging
from service.phrasing import counted
from service.settings import settings_from_environment
from service.terminal import say
from service.wiring import (
    ON_CLUSTER,
    PUBLISHING_PATIENCE_S,
    compile_engine,
    extractor_of,
    index_maker,
    load_index_writer,
    needs_compiling,
    rules_stamp,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from index.fields import Record
    from index.indexing.build import BuildReport, IndexMaker
    from index.opensearch.following import ClusterReport
    from index.opensearch.indexing import ClusterEvent, ClusterIndexer
    from service.middleware import Log
    from service.settings import Settings

COMPILING = "compiling the search engine for this machine; it takes about a minute, once"

_REFUSED_LISTED: Final = 20
"""Articles that a line of the log names; all are counted."""


@click.command("index")
@click.option("--follow", is_flag=True, help="Go on until SIGTERM: publish what changes, as it changes.")
@data_option
def index_command(data: Path, *, follow: bool) -> None:
    """Publish what changed in the archive since the last time.

    `dateline serve` does this by itself (--follow), and so does the container `indexer`.

    \b
    Example:
      dateline index --follow --data /srv/archive
    """
    settings = replace(settings_from_environment(os.environ), data=data)
    if follow:
        _follow(settings)
    elif settings.engine == ON_CLUSTER:
        _index_on_cluster_once(settings)
    else:
        _index_once(DataFolder(data))


def _index_on_cluster_once(settings: Settings) -> None:
    with Store.open(DataFolder(settings.data).archive, must_exist=True):
        pass  # or there is nothing to index, and that is a message
    with _cluster_indexer(settings, lambda _event: None) as indexer:
        done = indexer.step()
    if done is None:
        say("Nothing has changed: the index on the cluster says what the archive says")
    else:
        _say_published(done.report, done.seconds)


def _index_once(folder: DataFolder) -> None:
    with Store.open(folder.archive, must_exist=True):
        pass  # or there is nothing to index, and that is a message
    hold = held(folder)
    if hold:
        say(f"Publishing is held since {hold.since:%Y-%m-%d %H:%M} UTC: {hold.reason}. To go on: dateline build")
        sys.exit(SOMETHING_WRONG)
    compile_first = _compiler(folder, lambda: say(f"{COMPILING.capitalize()} …"))
    with _indexer(folder, compile_first, lambda _event: None, merges_beside=False) as indexer:
        done = indexer.step()
    if done is None:
        say(f"Nothing has changed: generation {current_id(folder)} stands")
    else:
        _say_published(done.report, done.seconds)


def _say_published(report: BuildReport | ClusterReport, seconds: float) -> None:
    articles, took = counted(report.articles, "article"), f"{report.changed:,} written in {seconds:.1f} s"
    say(f"Published generation {report.generation_id} with {articles}: {took}")


def _follow(settings: Settings) -> None:
    share_one_heap()
    configure_logging(settings.log_level)
    folder = DataFolder(settings.data)
    log: Log = structlog.get_logger()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    reporting = Reporting(folder)
    hear = _Teller(log, reporting)
    if settings.engine == ON_CLUSTER:
        with reporting.beating(), _cluster_indexer(settings, hear) as indexer:
            indexer.run(stop)
    else:
        _follow_folder(folder, stop, hear, reporting, log)
    reporting.ended()


def _follow_folder(folder: DataFolder, stop: threading.Event, hear: _Teller, reporting: Reporting, log: Log) -> None:
    compile_first = _compiler(folder, lambda: log.info(COMPILING))
    with _indexer(folder, compile_first, hear) as indexer:
        load_index_writer(folder)
        indexer.load_rules()
        with reporting.beating():
            if published(folder):
                compile_first()  # somebody may be waiting for it, who can't keep it
            indexer.run(stop)


class _Teller:
    """Tells the log, a line for each event, and the status file."""

    def __init__(self, log: Log, reporting: Reporting) -> None:
        self._log = log
        self._reporting = reporting

    def __call__(self, event: Event | ClusterEvent) -> None:
        match event:
            case Looked(change, generation_id):
                self._reporting.saw(change)
                if generation_id:
                    self._reporting.stands(generation_id, change)
            case Published(report, seconds):
                self._reporting.published(report.generation_id, report.reflects.change, seconds)
                self._log.info(
                    "published",
                    generation=report.generation_id,
                    change=report.reflects.change,
                    changed=report.changed,
                    articles=report.articles,
                    is_difference=report.is_difference,
                    ms=round(seconds * 1000),
                )
                if report.refused:
                    self._log.error(
                        "a rule failed on these articles; they stay as they were understood before",
                        articles=len(report.refused),
                        ids=report.refused[:_REFUSED_LISTED],
                    )
            case Failed(error, retry_s):
                self._reporting.failed(str(error))
                # A file that its owner got wrong is named with the place; where that was noticed helps nobody.
                found = None if isinstance(error, DataFileError) else error
                self._log.error("could not publish", reason=str(error), retry_s=retry_s, exc_info=found)
            case Holding(Hold() as hold):
                self._log.info("publishing is held", since=hold.since.isoformat(), reason=hold.reason)
            case Holding():
                self._log.info("publishing goes on")


def _compiler(folder: DataFolder, tell: Callable[[], object]) -> Callable[[], None]:
    """What compiles everything that is not compiled yet, saying so."""

    def compile_first() -> None:
        if needs_compiling(folder):
            tell()
            compile_engine(folder)

    return compile_first


def _cluster_indexer(settings: Settings, report: Callable[[ClusterEvent], None]) -> ClusterIndexer:
    from service.clustering.wiring import cluster_indexer  # noqa: PLC0415 - only where there is a cluster

    return cluster_indexer(settings, report)


def _indexer(
    folder: DataFolder,
    compile_first: Callable[[], None],
    report: Callable[[Event], None],
    *,
    merges_beside: bool = True,
) -> Indexer:
    """An indexer of this folder, by its rules as they are by then."""
    return Indexer(
        folder,
        index=_compiled_first(folder, compile_first),
        load_rules=lambda: extractor_of(folder),
        rules_stamp=lambda: rules_stamp(folder),
        report=report,
        merges_beside=merges_beside,
    )


def _compiled_first(folder: DataFolder, compile_first: Callable[[], None]) -> IndexMaker:
    """What makes indexes, having compiled everything before, so that whoever serves them finds it compiled."""
    maker = index_maker(folder)

    def write(path: Path, records: Iterable[Record]) -> int:
        compile_first()
        return maker.write(path, records)

    def update(path: Path, upserts: Iterable[Record], deletes: Iterable[int], *, most_merged: float) -> int:
        compile_first()
        assert maker.update is not None  # noqa: S101 - ours has one
        return maker.update(path, upserts, deletes, most_merged=most_merged)

    return replace(maker, write=write, update=update)


@click.command("rollback")
@click.argument("generation", required=False)
@click.option("--list", "lists", is_flag=True, help="Only list the generations there are.")
@data_option
def rollback_command(generation: str | None, data: Path, *, lists: bool) -> None:
    """Have the service answer from an older index: the one before, or the GENERATION named.

    Nothing newer is published until `dateline build` is run. The archive itself stays as it is.

    \b
    Examples:
      dateline rollback --list
      dateline rollback
      dateline rollback 41-1b2c3d4e
    """
    folder = DataFolder(data)
    if lists:
        _list(folder)
        return
    went_to = roll_back(folder, generation, patience_s=PUBLISHING_PATIENCE_S)
    say(f"The service answers from generation {went_to.id} of {went_to.manifest.created:%Y-%m-%d %H:%M} UTC.")
    say(f"Nothing newer is published until you run: dateline build --data {data}")


def _list(folder: DataFolder) -> None:
    serving, now = "", time.time()
    try:
        serving = current_id(folder)
    except DamagedGeneration as error:
        say(f"{error}")
    for name in reversed(published(folder)):
        try:
            manifest = read_generation(folder.generations / name).manifest
        except GenerationError as error:
            say(f"  {name}  cannot be read: {error}")
            continue
        hours = (now - manifest.created.timestamp()) / 3600
        mark = "*" if name == serving else " "
        articles = counted(manifest.articles, "article")
        say(f"{mark} {name}  {manifest.created:%Y-%m-%d %H:%M} UTC, {hours:.0f} h ago, {articles}")
    hold = held(folder)
    if hold:
        say(f"Publishing is held since {hold.since:%Y-%m-%d %H:%M} UTC: {hold.reason}")
