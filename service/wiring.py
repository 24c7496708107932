"""Which engine answers, and by which rules articles are understood: the module that puts the concrete parts together.

`open_archive` opens the generation that is current; `archives_of` follows it as new ones are published. `extractor_of`
is what understands articles, `publish_archive` builds the index that the engine reads, and what it takes to read it.

Engines and the index's writer are imported when they are needed: their compiled parts take half a second, and
most commands do without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.build import build
from index.errors import NoGeneration
from index.extract.pipeline import load_extractor
from index.gazetteer import load_gazetteer
from index.layout import DataFolder, Generation, current, current_id, verify
from index.machine_code import is_complete
from index.snapshot import Snapshot
from search.percolate import TopicTagger, load_topics
from search.reloading import Reloading
from search.searcher import Searcher
from service.answer_cache import AnswerCache
from service.archive import Archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from index.build import BuildProgress, BuildReport
    from index.extract.pipeline import Extractor
    from index.fields import Record
    from index.store import Store
    from search.engine import Engine
    from search.percolate import TopicRule
    from service.middleware import Log
    from service.settings import Settings


def import_engine(engine: str = "arrays") -> Callable[[DataFolder, Generation], Engine]:
    """What opens a generation with an engine, by its name in the settings."""
    match engine:
        case "arrays":
            from index.compiled import keep_compiled_in  # noqa: PLC0415 - see above
            from search.engines.arrays import ArraysEngine  # noqa: PLC0415

            def open_arrays(data: DataFolder, generation: Generation) -> Engine:
                keep_compiled_in(data.compiled)
                return ArraysEngine(generation.index, generation.id)

            return open_arrays
        case "whoosh":
            from search.engines.whoosh import WhooshEngine  # noqa: PLC0415 - see above

            return lambda _data, generation: WhooshEngine(generation.index, generation.id)
        case _:
            raise ValueError(engine)


def open_archive(data: DataFolder, *, engine: str = "arrays", answer_cache_bytes: int = 0) -> Archive:
    """Open the current generation, every byte of it verified: an index's files are as trusted as code.

    `engine` is one of `settings.ENGINES`; `answer_cache_bytes` is how many bytes of its answers are kept to be given
    again.

    Raises `NoGeneration` or another `GenerationError`.
    """
    generation = current(data)
    verify(generation)
    snapshot = Snapshot.open(generation.documents)
    try:
        opened = import_engine(engine)(data, generation)
    except BaseException:
        snapshot.close()
        raise
    manifest = generation.manifest
    return Archive(
        searcher=Searcher(opened, snapshot),
        generation=generation.id,
        identity=manifest.reflects.archive,
        created=manifest.created,
        articles=manifest.articles,
        cursor_key=bytes.fromhex(manifest.cursor_key),
        answers=AnswerCache(answer_cache_bytes),
    )


def archives_of(settings: Settings, log: Log) -> Reloading[Archive]:
    """The archive of a data folder, always of its current generation."""
    data = DataFolder(settings.data)

    def report(failure: Exception) -> None:
        if isinstance(failure, NoGeneration):
            log.info("nothing has been built yet", reason=str(failure))
        else:
            log.error("the current index cannot be opened", reason=str(failure), exc_info=failure)

    return Reloading(
        open_current=lambda: open_archive(data, engine=settings.engine, answer_cache_bytes=settings.answer_cache_bytes),
        stamp=lambda: current_id(data),
        check_every_s=settings.reload_check_ms / 1000,
        report=report,
    )


def extractor_of(data: DataFolder) -> Extractor:
    """What understands the articles of a data folder, by its topics.

    Raises `DataFileError` if a rule file is wrong.
    """
    return load_extractor(TopicTagger(topics_of(data)))


def topics_of(data: DataFolder) -> tuple[TopicRule, ...]:
    """The topics of a data folder: its own `topics.toml`, if it has one, else ours. Raises `DataFileError`."""
    own = data.path / "topics.toml"
    return load_topics(load_gazetteer(), own if own.exists() else None)


def publish_archive(
    data: DataFolder, store: Store, *, from_store: bool, progress: Callable[[BuildProgress], None]
) -> BuildReport:
    """Build the index that our engine reads, and publish it. Raises as `index.build.build` does."""
    return build(
        data,
        store,
        extractor_of(data),
        write_index=lambda folder, records: _write_index(data, folder, records),
        check_index=_check_index,
        from_store=from_store,
        progress=progress,
    )


def _write_index(data: DataFolder, folder: Path, records: Iterable[Record]) -> int:
    from index.compiled import keep_compiled_in  # noqa: PLC0415 - see above
    from index.whoosh_index import write_index  # noqa: PLC0415

    keep_compiled_in(data.compiled)
    return write_index(folder, records)


def _check_index(folder: Path) -> None:
    from index.whoosh_index import check_index  # noqa: PLC0415 - see above

    check_index(folder)


def needs_compiling(data: DataFolder) -> bool:
    """Whether `compile_engine` would do anything. Quick."""
    return not is_complete(data.compiled)


def compile_engine(data: DataFolder) -> None:
    """Compile what the engine needs on this machine, and keep it in the data folder for those who will search."""
    from service.warming import compile_all  # noqa: PLC0415 - see above

    compile_all(data.compiled)
