"""What `dateline ingest --watch` does: it takes in what comes to some folders, until it is told to stop.

It logs as the service does, one JSON object a line: what was taken in, what could not be, and when the archive cannot
be written. SIGTERM and SIGINT end it at once, and cleanly: what was not kept yet is read again the next time.
"""

from __future__ import annotations

import hashlib
import json
import signal
import threading
from typing import TYPE_CHECKING

import structlog

from index.generation.publish import create_data_folder
from index.ingest.at_rest import FileWatch, Look
from index.ingest.watching import Took, Trouble, Watcher
from index.layout import DataFolder
from index.read.files import STANDARD_INPUT, find_inputs
from index.read.rows import check_fields
from service.commands.frame import NotDone
from service.logs import configure_logging
from service.wiring import extractor_of
from service.writing.rules import CurrentRules

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from index.errors import DataFileError
    from index.ingest.file_memory import FileRead
    from index.ingest.watching import Told
    from service.middleware import Log

_LISTED = 20


def watch_folders(
    paths: tuple[Path, ...], data: Path, *, fields: Mapping[str, str], format_name: str | None, settle_s: float
) -> None:
    """Take in what is at `paths` and what will be, until SIGTERM. Raises `IndexingError` for what cannot be at all."""
    if STANDARD_INPUT in paths:
        raise NotDone("standard input cannot be watched; name folders")
    check_fields(fields)
    find_inputs((), format_name)
    folder = DataFolder(data)
    create_data_folder(folder)
    configure_logging()
    log: Log = structlog.get_logger().bind()
    rules = _rules(folder, log)
    options = _options(fields, format_name)

    def make(known: Mapping[str, FileRead]) -> FileWatch:
        return FileWatch(paths, known, format_name=format_name, options=options, settle_s=settle_s)

    watcher = Watcher(folder.archive, make, rules=rules.current, fields=fields, tell=lambda told: _tell(told, log))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    log.info("watching", folders=[str(path) for path in paths])
    watcher.run(stop)
    log.info("stopped")


def _rules(folder: DataFolder, log: Log) -> CurrentRules:
    def report(error: DataFileError) -> None:
        log.error("the topics cannot be read; the ones before them go on", reason=str(error))

    rules = CurrentRules(lambda: extractor_of(folder), folder.path / "topics.toml", report)
    rules.current()  # if they are wrong now, that is better said at once
    return rules


def _options(fields: Mapping[str, str], format_name: str | None) -> str:
    """Names how files are read: read otherwise, they are other files."""
    if not fields and format_name is None:
        return ""
    return hashlib.sha256(json.dumps([sorted(fields.items()), format_name]).encode()).hexdigest()[:8]


def _tell(told: Told, log: Log) -> None:
    match told:
        case Took():
            _tell_taken(told, log)
        case Trouble(error, retry_s):
            log.error("the archive cannot be written", reason=str(error), retry_seconds=retry_s)
        case Look(_, long_written, problems, passed):
            for path in long_written:
                log.info("waiting for a file that is still open for writing", at=path)
            for problem in problems:
                log.error("cannot be watched", at=problem.path, reason=problem.reason)
            for item in passed[:_LISTED]:
                log.info("passed over", at=item.path, reason=item.reason)


def _tell_taken(took: Took, log: Log) -> None:
    report = took.report
    log.info(
        "taken in",
        files=took.files,
        added=report.added,
        updated=report.updated,
        unchanged=report.unchanged,
        change=took.change,
        seconds=round(took.seconds, 2),
    )
    for replaced in report.replaced[:_LISTED]:
        log.info("arrived twice", article=replaced.id, at=replaced.origin)
    for unknown in report.unknown_fields[:_LISTED]:
        log.info("fields that were not used", at=unknown.path, fields=dict(unknown.counts))
    for problem in report.problems[:_LISTED]:
        log.error("could not be taken", at=problem.path, line=problem.line, reason=problem.reason)
    if len(report.problems) > _LISTED:
        log.error("more could not be taken", count=len(report.problems) - _LISTED)
