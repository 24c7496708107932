"""Which engine answers, and by which rules articles are understood: the module that puts the concrete parts together.

`open_archive` opens the generation that is current; `archives_of` follows it as new ones are published. `extractor_of`
is what understands articles, `publish_archive` builds the index that the engine reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.build import build
from index.errors import NoGeneration
from index.extract.pipeline import load_extractor
from index.gazetteer import load_gazetteer
from index.layout import DataFolder, current, current_id, verify
from index.snapshot import Snapshot
from index.whoosh_index import check_index, write_index
from search.engines.whoosh import WhooshEngine
from search.percolate import TopicTagger, load_topics
from search.reloading import Reloading
from search.searcher import Searcher
from service.archive import Archive

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.build import BuildProgress, BuildReport
    from index.extract.pipeline import Extractor
    from index.store import Store
    from search.percolate import TopicRule
    from service.middleware import Log
    from service.settings import Settings


def open_archive(data: DataFolder) -> Archive:
    """Open the current generation, every byte of it verified: Whoosh's files are as trusted as code.

    Raises `NoGeneration` or another `GenerationError`.
    """
    generation = current(data)
    verify(generation)
    snapshot = Snapshot.open(generation.documents)
    try:
        engine = WhooshEngine(generation.index, generation.id)
    except BaseException:
        snapshot.close()
        raise
    manifest = generation.manifest
    return Archive(
        searcher=Searcher(engine, snapshot),
        generation=generation.id,
        created=manifest.created,
        articles=manifest.articles,
        cursor_key=bytes.fromhex(manifest.cursor_key),
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
        open_current=lambda: open_archive(data),
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
        write_index=write_index,
        check_index=check_index,
        from_store=from_store,
        progress=progress,
    )
