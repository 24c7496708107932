"""Commands that write the archive or look after it: ingest, build, check."""

from __future__ import annotations

import os
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from index.archive.store import Store
from index.document import Document
from index.errors import IndexingError, UnreadableInput
from index.generation.publish import create_data_folder, held
from index.ingest.ingestion import IngestProgress, ingest, preview
from index.layout import DataFolder, current, verify
from index.read.formats import FORMATS
from index.read.reading import Passed
from search.errors import SearchError
from service import terminal
from service.commands.frame import SOMETHING_WRONG, data_option, no_archive
from service.commands.watching import watch_folders
from service.comparing import described, difference, questions
from service.phrasing import counted
from service.saved.file import SearchesError, read_searches
from service.saved.searches import find_problem
from service.settings import settings_from_environment
from service.terminal import say
from service.wiring import (
    ON_CLUSTER,
    archive_from_settings,
    compile_engine,
    extractor_of,
    needs_compiling,
    open_archive,
    publish_archive,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from index.indexing.build import BuildProgress
    from index.read.reading import UnknownFields
    from service.settings import Settings


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("--dry-run", is_flag=True, help="Show what each article would be understood as; write nothing.")
@click.option("--map", "mapped", multiple=True, metavar="THEIRS=OURS", help="A field or column of theirs that is ours.")
@click.option(
    "--format",
    "format_name",
    type=click.Choice(list(FORMATS)),
    help="What it is, where its name and content do not tell.",
)
@click.option("--watch", is_flag=True, help="Go on, taking in what comes to these folders, until SIGTERM.")
@click.option(
    "--settle",
    "settle_s",
    type=click.FloatRange(0, 3600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: how long a file must not have changed.",
)
@data_option
def ingest_command(  # noqa: PLR0913 - what can be chosen, by name
    paths: tuple[Path, ...],
    mapped: tuple[str, ...],
    format_name: str | None,
    settle_s: float,
    data: Path,
    *,
    dry_run: bool,
    watch: bool,
) -> None:
    """Take in articles: files, folders, patterns, or - for standard input.

    Text, Markdown, HTML, JSONL, CSV, RSS and Atom, and WordPress exports are told apart; any of them may be gzipped.

    The same article twice is one article, a changed one is an update; an interrupted run goes on when run again.

    \b
    Examples:
      dateline ingest seeds/
      dateline ingest export.jsonl.gz --map text=body --map places=region
      curl -s https://example.org/feed | dateline ingest -
      dateline ingest --watch /srv/incoming
    """
    fields = _field_mapping(mapped)
    if watch:
        if dry_run:
            raise click.UsageError("--watch and --dry-run do not go together")
        watch_folders(paths, data, fields=fields, format_name=format_name, settle_s=settle_s)
        return
    extractor = extractor_of(DataFolder(data))
    if dry_run:
        _preview(preview(paths, extractor, fields=fields, format_name=format_name))
        return
    started = time.monotonic()
    create_data_folder(DataFolder(data))
    with Store.open(DataFolder(data).archive) as store, terminal.progress_bar("articles") as bar:

        def hear(progress: IngestProgress) -> None:
            bar("reading", progress.bytes_done, progress.bytes_total, progress.articles)

        report = ingest(paths, store, extractor, fields=fields, format_name=format_name, progress=hear)
    terminal.print_ingest(report, seconds=time.monotonic() - started)
    if report.problem_count:
        sys.exit(SOMETHING_WRONG)


def _field_mapping(mapped: tuple[str, ...]) -> Mapping[str, str]:
    pairs = [pair.partition("=") for pair in mapped]
    for theirs, _, ours in pairs:
        if not theirs or not ours:
            raise click.BadParameter("write THEIRS=OURS, for example --map text=body", param_hint="--map")
    return {theirs: ours for theirs, _, ours in pairs}


def _preview(items: Iterable[Document | UnreadableInput | UnknownFields | Passed]) -> None:
    refused = 0
    for item in items:
        match item:
            case Document():
                terminal.print_document(item)
                say("─" * 40, style="dim")
            case Passed(path, reason):
                say(f"{path}: {reason}")
            case _:
                refused += isinstance(item, UnreadableInput)
                say(str(item))
    if refused:
        sys.exit(SOMETHING_WRONG)


@click.command("build")
@click.option("--from-store", is_flag=True, help="Rebuild everything, even if nothing has changed.")
@data_option
def build_command(data: Path, *, from_store: bool) -> None:
    """Build the index of the archive and publish it. Does nothing if nothing has changed.

    \b
    Example:
      dateline build --from-store
    """
    folder = DataFolder(data)
    with Store.open(folder.archive, must_exist=True):
        _compile(folder)
    started = time.monotonic()
    with Store.open(folder.archive, must_exist=True) as store, terminal.progress_bar("articles") as bar:

        def hear(progress: BuildProgress) -> None:
            bar(progress.stage, progress.done, progress.total, progress.done)

        report = publish_archive(folder, store, from_store=from_store, progress=hear)
    articles = counted(report.articles, "article")
    if report.reunderstood:
        say(f"{counted(report.reunderstood, 'article')} understood anew, {report.revised:,} of them differently")
    if report.skipped:
        say(f"Nothing has changed: generation {report.generation.id} with {articles} stands")
    else:
        say(f"Published generation {report.generation.id} with {articles} in {time.monotonic() - started:.1f} s")


def _compile(folder: DataFolder) -> None:
    """Before anything is published, so that whoever serves it finds everything compiled."""
    if needs_compiling(folder):
        say("Compiling the search engine for this machine; it takes about a minute, once …")
        compile_engine(folder)


@click.command("check")
@click.option("--sample", type=click.IntRange(min=0), default=0, metavar="N", help="Ask N questions of both engines.")
@data_option
def check_command(data: Path, sample: int) -> None:
    """See that archive and index are whole and agree, and saved searches can be read; say what to do if not.

    With --sample, questions made of the archive's own words are asked of both engines, whose answers must be the same.

    \b
    Examples:
      dateline check --data /srv/archive
      dateline check --sample 200
    """
    folder = DataFolder(data)
    settings = replace(settings_from_environment(os.environ), data=data)
    checks: list[tuple[str, Callable[[DataFolder], str]]] = [("archive", _check_store)]
    if settings.engine == ON_CLUSTER:
        checks.append(("cluster", lambda _folder: _check_cluster(settings)))
    else:
        checks += [("index", _check_generation), ("freshness", _check_freshness)]
    checks.append(("searches", _check_searches))
    if sample:
        checks.append(("engines", lambda folder: _check_engines(folder, sample)))
    if not (folder.archive.exists() or folder.current.exists()):
        del checks[1:]  # there is nothing else to look at, and no remedy for it would work
    sound = [_check(name, check, folder) for name, check in checks]
    if not all(sound):
        sys.exit(SOMETHING_WRONG)


def _check(name: str, check: Callable[[DataFolder], str], folder: DataFolder) -> bool:
    try:
        said, is_sound = check(folder), True
    except (IndexingError, SearchError, SearchesError) as error:
        said, is_sound = str(error), False
    say(f"{'ok   ' if is_sound else 'WRONG'}  {name:<10} {said}")
    return is_sound


def _check_store(folder: DataFolder) -> str:
    if not folder.archive.exists():
        raise IndexingError(no_archive(folder.path))
    with Store.open(folder.archive, must_exist=True) as store:
        problems = store.problems()
        if problems:
            raise IndexingError(f"{folder.archive} is damaged ({problems[0]}); restore it from a backup")
        return f"{counted(store.count, 'article')}, change {store.change}"


def _check_generation(folder: DataFolder) -> str:
    generation = current(folder)
    verify(generation)
    with closing(open_archive(folder)) as archive:
        return f"generation {archive.generation} with {counted(archive.articles, 'article')}, every file as published"


def _check_searches(folder: DataFolder) -> str:
    searches = read_searches(folder.path).searches
    wrong = [f"{search.id}: {problem}" for search in searches if (problem := find_problem(search))]
    if wrong:
        remedy = f"Add them anew: dateline searches add … --replace --data {folder.path}"
        raise SearchesError(f"{len(wrong)} of {len(searches)} cannot be read any more ({'; '.join(wrong)}). {remedy}")
    return f"{len(searches) or 'none'} saved{', and each can be read' if searches else ''}"


def _check_cluster(settings: Settings) -> str:
    with closing(archive_from_settings(settings)) as archive, Store.open(DataFolder(settings.data).archive) as store:
        behind = store.change - archive.change
        if archive.identity != store.id or behind < 0 or (not behind and archive.articles != store.count):
            raise IndexingError(
                "the index on the cluster was made of another archive, or of another state of this one. Make it anew: "
                f"dateline migrate --to opensearch --data {settings.data}"
            )
        shown = f"generation {archive.generation} with {counted(archive.articles, 'article')}"
        return (
            f"{shown}, {counted(behind, 'change')} behind: where no indexer runs, run: dateline index"
            if behind
            else shown
        )


def _check_engines(folder: DataFolder, sample: int) -> str:
    with closing(open_archive(folder)) as archive, closing(open_archive(folder, engine="whoosh")) as other:
        asked = list(questions(archive.searcher, sample))
        for request in asked:
            said = difference(archive.searcher, other.searcher, request)
            if said is not None:
                raise IndexingError(f"arrays and whoosh differ on {described(request)}: {said}. Please report this")
    return f"arrays and whoosh give the same answers to {counted(len(asked), 'question')}"


def _check_freshness(folder: DataFolder) -> str:
    """What the index shows of the archive. That some changes are not in it yet is no damage: it is told."""
    remedy = f"Run: dateline build --data {folder.path}"
    reflects = current(folder).manifest.reflects
    with Store.open(folder.archive, must_exist=True) as store:
        behind, is_of_this = store.change - reflects.change, reflects.archive == store.id
    if not is_of_this or behind < 0:
        raise IndexingError(f"the index was made of another archive, or of a later state of this one. {remedy}")
    if reflects.rules != extractor_of(folder).fingerprint:
        raise IndexingError(f"the index was made by other rules than those of today. {remedy}")
    hold = held(folder)
    if hold:
        return f"{counted(behind, 'change')} behind: publishing is held since {hold.since:%Y-%m-%d}. To go on: {remedy}"
    if behind:
        return f"{counted(behind, 'change')} behind: where no indexer runs, {remedy[0].lower()}{remedy[1:]}"
    return "the index says what the archive says"
