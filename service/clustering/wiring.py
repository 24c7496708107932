"""What `service.wiring` is, for an archive on a cluster: the module that puts the concrete parts together.

To be imported only where there is a cluster: most services do without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.layout import DataFolder
from index.opensearch.alone import INDEXER, made_alone
from index.opensearch.client import Cluster
from index.opensearch.following import ClusterBuilder
from index.opensearch.indexing import ClusterEvent, ClusterIndexer
from index.opensearch.view import generation_of, open_view
from search.engines.opensearch import OpenSearchEngine
from search.engines.opensearch_articles import KnownNames, OpenSearchArticles
from search.engines.opensearch_vocabulary import OpenSearchVocabulary
from search.searcher import Searcher
from service.answer_cache import AnswerCache
from service.archive import Archive
from service.clustering.following import ClusterFollowing
from service.clustering.settings import connection_from_settings
from service.measuring import MeasuredEngine
from service.wiring import extractor_of, rules_stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from index.archive.store import Store
    from index.indexing.build import BuildProgress
    from index.ingest.ingestion import Understanding
    from index.opensearch.view import View
    from service.settings import Settings


def open_cluster(settings: Settings) -> Cluster:
    """The cluster of the settings; nothing is asked of it yet. Raises `SettingsError` or `ClientMissing`."""
    return Cluster(connection_from_settings(settings))


def open_on_cluster(
    cluster: Cluster,
    name: str,
    *,
    known: KnownNames | None = None,
    answer_cache_bytes: int = 0,
    query_budget_ms: int = 0,
) -> Archive:
    """Open the index that a name or an alias stands for on a cluster. Raises `ClusterError`.

    `known` is what is known of names from what was opened before.
    """
    view = open_view(cluster, name)
    articles = _articles_of(view, known)
    engine = MeasuredEngine(OpenSearchEngine(view, budget_ms=query_budget_ms))
    return Archive(
        searcher=Searcher(engine, articles, vocabulary=OpenSearchVocabulary(view)),
        generation=view.generation,
        identity=view.state.reflects.archive,
        change=view.state.reflects.change,
        created=view.state.created,
        articles=articles.count,
        cursor_key=bytes.fromhex(view.state.cursor_key),
        answers=AnswerCache(answer_cache_bytes),
    )


def articles_on_cluster(cluster: Cluster, name: str) -> OpenSearchArticles:
    """The articles of the index that a name stands for, as they are now. Raises `ClusterError`."""
    return _articles_of(open_view(cluster, name))


def _articles_of(view: View, known: KnownNames | None = None) -> OpenSearchArticles:
    """The articles of a view, which is closed with them, and where they cannot be counted."""
    try:
        return OpenSearchArticles(view, known)
    except BaseException:
        view.close()
        raise


def cluster_following(settings: Settings) -> ClusterFollowing:
    """What is answered from, on the cluster of the settings. Raises `SettingsError` or `ClientMissing`."""
    cluster, name, known = open_cluster(settings), settings.opensearch_index, KnownNames()

    def open_one() -> Archive:
        return open_on_cluster(
            cluster,
            name,
            known=known,
            answer_cache_bytes=settings.answer_cache_bytes,
            query_budget_ms=settings.query_budget_ms,
        )

    return ClusterFollowing(lambda: generation_of(cluster, name), open_one)


def cluster_indexer(settings: Settings, report: Callable[[ClusterEvent], None]) -> ClusterIndexer:
    """What keeps the index on the cluster up to date. Raises `SettingsError` or `ClientMissing`."""
    data, make_builder = DataFolder(settings.data), cluster_builder(settings, open_cluster(settings))
    return ClusterIndexer(
        data,
        make_builder=make_builder,
        load_rules=lambda: extractor_of(data),
        rules_stamp=lambda: rules_stamp(data),
        report=report,
    )


def cluster_builder(
    settings: Settings, cluster: Cluster
) -> Callable[[Store, Understanding, Callable[[BuildProgress], None]], ClusterBuilder]:
    """What makes a builder of the index on the cluster, of a store by some rules, which tells how far it is."""

    def make(store: Store, rules: Understanding, progress: Callable[[BuildProgress], None]) -> ClusterBuilder:
        return ClusterBuilder(
            cluster,
            settings.opensearch_index,
            store,
            rules,
            shards=settings.opensearch_shards,
            replicas=settings.opensearch_replicas,
            progress=progress,
            alone=lambda: made_alone(DataFolder(settings.data), INDEXER),
        )

    return make
