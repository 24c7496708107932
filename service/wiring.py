"""Which engine answers, and by which rules articles are understood: the module that puts the concrete parts together.

`open_archive` opens the generation that is current; `archives_of` follows it (`service.following`) as new ones are
published. `extractor_of` is what understands articles, `publish_archive` builds the index that the engine reads, and
what it takes to read it.

Engines and the index's writer are imported when they are needed: their compiled parts take half a second, and
most commands do without.
"""

from __future__ import annotations

import functools
import gc
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from index.errors import GenerationError, GenerationGone, NoClusterIndex, NoGeneration
from index.extract.pipeline import load_extractor
from index.gazetteer import load_gazetteer
from index.generation.opening import ATTEMPTS, pinned
from index.generation.publish import held
from index.generation.snapshot import Snapshot
from index.indexing.build import IndexMaker, build
from index.layout import DataFolder, Generation, current_id, verify
from index.machine_code import is_complete
from index.memory import give_back
from search.budget import Budgeted
from search.errors import Withdrawn
from search.percolate import TopicTagger, load_topics
from search.reloading import Reloading
from search.searcher import Searcher
from search.thesaurus import Entry, Lexicon, load_synonyms
from service import wire
from service.answer_cache import AnswerCache
from service.archive import Archive
from service.clustering.told import NotAsOnCluster
from service.following import Following
from service.kept_file import file_stamp
from service.measuring import MeasuredEngine
from service.settings import PAIRS

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable
    from pathlib import Path

    from index.archive.store import Store
    from index.extract.pipeline import Extractor
    from index.fields import Record
    from index.indexing.build import BuildProgress, BuildReport
    from search.engine import Engine
    from search.percolate import TopicRule
    from search.spelling import Vocabulary
    from service.clustering.following import ClusterFollowing
    from service.middleware import Log
    from service.settings import Settings


ON_CLUSTER: Final = "opensearch"
"""The engine whose index is on a cluster rather than in the data folder."""

OWN_TOPICS: Final = "topics.toml"
"""What a data folder calls topics of its own."""

OWN_SYNONYMS: Final = "synonyms.toml"
"""What it calls synonyms of its own."""

PUBLISHING_PATIENCE_S: Final = 30.0
"""How long a build waits while the indexer publishes."""


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


def prepare_engine(settings: Settings) -> None:
    """Import what answers, and see that its settings are sound, before there are processes that need it.

    Raises `SettingsError` or `ClusterError`.
    """
    if settings.engine == ON_CLUSTER:
        from service.clustering.wiring import open_cluster  # noqa: PLC0415 - see above

        open_cluster(settings).close()
    else:
        import_engine(settings.engine)


def archive_from_settings(settings: Settings) -> Archive:
    """Open what the settings say: the current generation of the data folder, or what is on the cluster.

    Raises `GenerationError` or `SettingsError`.
    """
    if settings.engine == ON_CLUSTER:
        from service.clustering.wiring import open_cluster, open_on_cluster  # noqa: PLC0415 - see above

        return open_on_cluster(open_cluster(settings), settings.opensearch_index)
    return open_archive(DataFolder(settings.data), engine=settings.engine)


def open_archive(data: DataFolder, *, engine: str = "arrays", answer_cache_bytes: int = 0) -> Archive:
    """Open the current generation, every byte of it verified.

    `engine` is one of `settings.ENGINES`; `answer_cache_bytes` is how many bytes of its answers are kept to be given
    again.

    Raises `NoGeneration` or another `GenerationError`.
    """
    for _ in range(ATTEMPTS):
        with suppress(GenerationGone), pinned(data.generations / current_id(data)) as generation:
            verify(generation)
            return open_generation(data, generation, engine=engine, answer_cache_bytes=answer_cache_bytes)
    raise GenerationError(f"{data.path}: generations are removed faster than they can be opened; try again")


def open_generation(
    data: DataFolder, generation: Generation, *, engine: str, answer_cache_bytes: int, query_budget_ms: int = 0
) -> Archive:
    """Open a generation of this data folder that was verified. Raises `GenerationError`.

    A question may take `query_budget_ms` of processor time; 0 is as long as it takes.
    """
    snapshot = Snapshot.open(generation.documents)
    try:
        opened = import_engine(engine)(data, generation)
        vocabulary = _open_vocabulary(generation)
    except BaseException:
        snapshot.close()
        raise
    manifest = generation.manifest
    measured: Engine = MeasuredEngine(opened)
    return Archive(
        searcher=Searcher(
            _budgeted(measured, query_budget_ms) if query_budget_ms else measured, snapshot, vocabulary=vocabulary
        ),
        generation=generation.id,
        identity=manifest.reflects.archive,
        change=manifest.reflects.change,
        created=manifest.created,
        articles=manifest.articles,
        cursor_key=bytes.fromhex(manifest.cursor_key),
        answers=AnswerCache(answer_cache_bytes),
    )


def _open_vocabulary(generation: Generation) -> Vocabulary:
    from search.engines.vocabulary import IndexVocabulary  # noqa: PLC0415 - see above

    return IndexVocabulary(generation.index)


def _budgeted(engine: Engine, budget_ms: int) -> Engine:
    """An engine of which a question may take so much; what it takes to compile the engine is no question's fault."""
    from index.compiled import working_time  # noqa: PLC0415 - see above

    return Budgeted(engine, budget_ms, working_time)


def archives_of(
    settings: Settings, log: Log, *, shows: Callable[[int], None] = lambda _change: None
) -> Reloading[Archive]:
    """The archive that the settings name, always as it was published last, or the newest that is whole.

    `shows` is told up to which change it is shown from now on.
    """

    def report(failure: Exception) -> None:
        match failure:
            case NoGeneration() | NotAsOnCluster(cause=NoClusterIndex()):
                log.info("nothing has been built yet", reason=str(failure))
            case Withdrawn():
                log.info("an old index was taken from readers who took too long", reason=str(failure))
            case _:
                log.error("the current index cannot be opened", reason=str(failure), exc_info=failure)

    following = _following(settings)
    return Reloading(
        open_current=following.open_current,
        stamp=following.stamp,
        check_every_s=settings.reload_check_ms / 1000,
        report=report,
        after_open=lambda archive: shows(archive.change),
        after_close=_let_go,
    )


def _following(settings: Settings) -> Following | ClusterFollowing:
    if settings.engine == ON_CLUSTER:
        from service.clustering.wiring import cluster_following  # noqa: PLC0415 - see above

        return cluster_following(settings)
    data = DataFolder(settings.data)

    def open_one(generation: Generation) -> Archive:
        return open_generation(
            data,
            generation,
            engine=settings.engine,
            answer_cache_bytes=settings.answer_cache_bytes,
            query_budget_ms=settings.query_budget_ms,
        )

    return Following(data, open_one)


def _let_go() -> None:
    """Close the files of what was closed, which would stay open for long as it refers to itself; give memory back."""
    gc.collect()
    give_back()


def hold_of(data: DataFolder) -> wire.Held | None:
    """Whether and why nothing newer is published in a data folder."""
    hold = held(data)
    return wire.Held(since=hold.since, reason=hold.reason) if hold else None


def extractor_of(data: DataFolder) -> Extractor:
    """What understands the articles of a data folder, by its topics.

    Raises `DataFileError` if a rule file is wrong.
    """
    return load_extractor(TopicTagger(topics_of(data)))


def rules_stamp(data: DataFolder) -> Hashable:
    """Changes when the rules of a data folder do. Quick."""
    return file_stamp(data.path / OWN_TOPICS)


def lexicon_of(data: DataFolder) -> Lexicon:
    """The places, and the synonyms of a data folder: its own `synonyms.toml`, if it has one, else ours.

    Raises `DataFileError`.
    """
    return Lexicon.of(load_gazetteer(), synonyms_of(data))


@functools.cache
def lexicon_for_good(data: DataFolder) -> Lexicon:
    """`lexicon_of`, read once in a process and those that are forked from it."""
    return lexicon_of(data)


def prepare_rules(settings: Settings) -> None:
    """Read places and synonyms before there are workers: each of them has these, whenever it begins.

    An analyser of Korean words does not survive a fork, so where one is used they are read to see that they can be, and
    by each worker again. Raises `DataFileError`.
    """
    if settings.korean == PAIRS:
        lexicon_for_good(DataFolder(settings.data))
    else:
        synonyms_of(DataFolder(settings.data))


def synonyms_of(data: DataFolder) -> tuple[Entry, ...]:
    """The synonyms of a data folder, as `lexicon_of` takes them. Quick. Raises `DataFileError`."""
    own = data.path / OWN_SYNONYMS
    return load_synonyms(own if own.exists() else None)


def topics_of(data: DataFolder) -> tuple[TopicRule, ...]:
    """The topics of a data folder: its own `topics.toml`, if it has one, else ours. Raises `DataFileError`."""
    own = data.path / OWN_TOPICS
    return load_topics(load_gazetteer(), own if own.exists() else None)


def publish_archive(
    data: DataFolder, store: Store, *, from_store: bool, progress: Callable[[BuildProgress], None]
) -> BuildReport:
    """Build the index that our engine reads, and publish it. Raises as `index.indexing.build.build` does."""
    return build(
        data,
        store,
        extractor_of(data),
        index=index_maker(data),
        from_store=from_store,
        patience_s=PUBLISHING_PATIENCE_S,
        progress=progress,
    )


def index_maker(data: DataFolder) -> IndexMaker:
    """What makes the index that our engine reads."""

    def write(folder: Path, records: Iterable[Record]) -> int:
        from index.compiled import keep_compiled_in  # noqa: PLC0415 - see above
        from index.whoosh_index import write_index  # noqa: PLC0415

        keep_compiled_in(data.compiled)
        return write_index(folder, records)

    def update(folder: Path, upserts: Iterable[Record], deletes: Iterable[int], *, most_merged: float) -> int:
        from index.compiled import keep_compiled_in  # noqa: PLC0415 - see above
        from index.whoosh_index import update_index  # noqa: PLC0415

        keep_compiled_in(data.compiled)
        return update_index(folder, upserts, deletes, most_merged=most_merged)

    def check(folder: Path, unchanged: frozenset[str]) -> None:
        from index.whoosh_index import check_index  # noqa: PLC0415 - see above

        check_index(folder, unchanged)

    return IndexMaker(write=write, update=update, check=check)


def load_engine(data: DataFolder) -> None:
    """Import the engine and load its machine code, so that the first question doesn't wait for that."""
    from index.compiled import load_compiled  # noqa: PLC0415 - see above

    import_engine()
    load_compiled(data.compiled)
    gc.freeze()  # it is there to stay: looking through it each time would hold up answers


def load_index_writer(data: DataFolder) -> None:
    """The same of what makes the index that our engine reads, so that the first publish doesn't."""
    import index.whoosh_index  # noqa: F401, PLC0415 - see above; it is imported for the kernels it declares
    from index.compiled import load_compiled  # noqa: PLC0415

    load_compiled(data.compiled)
    gc.freeze()


def needs_compiling(data: DataFolder) -> bool:
    """Whether `compile_engine` would do anything. Quick."""
    return not is_complete(data.compiled)


def compile_engine(data: DataFolder) -> None:
    """Compile what the engine needs on this machine, and keep it in the data folder for those who will search."""
    from service.warming import compile_all  # noqa: PLC0415 - see above

    compile_all(data.compiled)
