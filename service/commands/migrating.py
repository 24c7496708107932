"""The command that moves an archive between its index on disk and one on a cluster: migrate."""

from __future__ import annotations

import datetime as dt
import os
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from index.archive.store import Store
from index.errors import GenerationError
from index.generation.publish import held
from index.generation.snapshot import Snapshot
from index.layout import DataFolder
from service.commands.frame import NotDone, data_option
from service.comparing import questions
from service.phrasing import counted
from service.settings import settings_from_environment
from service.terminal import progress_bar, say
from service.wiring import ON_CLUSTER, extractor_of, open_generation, publish_archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from index.indexing.build import BuildProgress
    from index.layout import Generation
    from index.opensearch.client import Cluster
    from index.opensearch.following import ClusterBuilder
    from service.settings import Settings

_EMBEDDED: Final = "embedded"
_SAMPLE: Final = 200


@click.command("migrate")
@click.option("--to", "target", type=click.Choice([ON_CLUSTER, _EMBEDDED]), required=True, help="Where the index goes.")
@click.option(
    "--sample", type=click.IntRange(0, 100_000), default=_SAMPLE, show_default=True, help="Questions asked of both."
)
@data_option
def migrate_command(target: str, sample: int, data: Path) -> None:
    """Move an archive's index to an OpenSearch cluster, or back, while the service answers.

    The articles stay in the data folder in any case. On the cluster an index is made beside what is searched there,
    compared with the one on disk, article by article and in its answers, and only then switched to. Broken off, it goes
    on where it was when it is run again. Where the cluster is say the settings (docs/scaling.md).

    \b
    Examples:
      DATELINE_OPENSEARCH_URL=http://search-1:9200 dateline migrate --to opensearch
      dateline migrate --to embedded
    """
    settings = replace(settings_from_environment(os.environ), data=data)
    folder = DataFolder(data)
    hold = held(folder)
    if hold:
        reason = f"publishing is held since {hold.since:%Y-%m-%d %H:%M} UTC: {hold.reason}"
        raise NotDone(f"{reason}. To go on: dateline build --data {data}")
    with Store.open(folder.archive, must_exist=True) as store:
        if target == ON_CLUSTER:
            _to_cluster(settings, store, sample)
        else:
            _to_disk(folder, store)


def _to_cluster(settings: Settings, store: Store, sample: int) -> None:
    from index.opensearch.alone import MIGRATE, made_alone  # noqa: PLC0415 - only where there is a cluster
    from service.clustering.wiring import open_cluster  # noqa: PLC0415 - likewise

    folder = DataFolder(settings.data)
    with made_alone(folder, MIGRATE), closing(open_cluster(settings)) as cluster:
        name = _index_beside(settings, cluster, store)
        generation = _publish(folder, store)
        _align(cluster, name, store, generation)
        _compare(settings, cluster, name, generation, sample)
        _switch(settings, cluster, name, store)


def _index_beside(settings: Settings, cluster: Cluster, store: Store) -> str:
    """Make an index of all articles on the cluster, or go on with one; its name."""
    started = time.monotonic()
    with progress_bar("articles") as bar:

        def hear(progress: BuildProgress) -> None:
            bar(progress.stage, progress.done, progress.total, progress.done)

        builder = _builder(settings, cluster, store, hear)
        builder.refuse_other()
        report = builder.build_beside()
    articles, seconds = counted(report.articles, "article"), time.monotonic() - started
    say(f"Indexed {articles} on the cluster, {report.changed:,} of them now, in {seconds:.1f} s: {report.name}")
    return report.name


def _builder(
    settings: Settings,
    cluster: Cluster,
    store: Store,
    hear: Callable[[BuildProgress], None] = lambda _progress: None,
) -> ClusterBuilder:
    from service.clustering.wiring import cluster_builder  # noqa: PLC0415 - see above

    return cluster_builder(settings, cluster)(store, extractor_of(DataFolder(settings.data)), hear)


def _publish(folder: DataFolder, store: Store) -> Generation:
    """The index on disk, up to date."""
    return publish_archive(folder, store, from_store=False, progress=lambda _progress: None).generation


def _align(cluster: Cluster, name: str, store: Store, generation: Generation) -> None:
    from index.opensearch.writing import open_writer  # noqa: PLC0415 - see above
    from service.clustering.migrating import align  # noqa: PLC0415

    writer = open_writer(cluster, name)
    with Snapshot.open(generation.documents) as snapshot:
        written = align(writer, store, snapshot, generation.manifest.reflects, dt.datetime.now(dt.UTC))
    if written:
        say(f"Indexed {counted(written, 'article')} that came or changed meanwhile")


def _compare(settings: Settings, cluster: Cluster, name: str, generation: Generation, sample: int) -> None:
    """See that the two say the same. Raises `NotTheSame`."""
    from service.clustering.migrating import compare_answers, compare_articles  # noqa: PLC0415 - see above
    from service.clustering.wiring import articles_on_cluster, open_on_cluster  # noqa: PLC0415

    with (
        closing(articles_on_cluster(cluster, name)) as articles,
        Snapshot.open(generation.documents) as snapshot,
        progress_bar("articles") as bar,
    ):
        digest = compare_articles(
            snapshot,
            lambda after, most: articles.texts(after=after, most=most),
            lambda done: bar("comparing", done, snapshot.count, done),
        )
        said = counted(snapshot.count, "article")
    say(f"Every one of {said} is there, and the same: SHA-256 {digest}")
    folder = DataFolder(settings.data)
    with (
        closing(open_generation(folder, generation, engine="arrays", answer_cache_bytes=0)) as on_disk,
        closing(open_on_cluster(cluster, name)) as on_cluster,
    ):
        asked = questions(on_disk.searcher, sample)
        agreement = compare_answers(on_disk.searcher, on_cluster.searcher, asked)
    say(
        f"Totals and facets of {counted(agreement.questions - agreement.refused, 'question')} are the same, and so are "
        f"{agreement.overlap:.0%} of the ten best matches"
    )
    if agreement.refused:
        say(f"{counted(agreement.refused, 'question')} cannot be asked of a cluster, which says so (docs/scaling.md)")


def _switch(settings: Settings, cluster: Cluster, name: str, store: Store) -> None:
    """Have the index searched, with what came while it was compared: that may have taken hours."""
    from index.opensearch.state import swap_alias  # noqa: PLC0415 - see above

    written = _builder(settings, cluster, store).bring_up_to_date(name).changed
    if written:
        say(f"Indexed {counted(written, 'article')} that came or changed while it was compared")
    swap_alias(cluster, settings.opensearch_index, name, now=dt.datetime.now(dt.UTC))
    say(f"{settings.opensearch_index} is now {name}, and follows the archive from the next start with these settings:")
    say(f"DATELINE_ENGINE={ON_CLUSTER}, and those of the cluster that this command had", indent=2)


def _to_disk(folder: DataFolder, store: Store) -> None:
    try:
        generation = _publish(folder, store)
    except GenerationError as error:
        raise NotDone(f"{error}. What is on the cluster answers as before") from error
    articles = counted(generation.manifest.articles, "article")
    say(f"Generation {generation.id} with {articles} is on disk, and answers from the next start with these settings:")
    say("DATELINE_ENGINE=arrays", indent=2)
    say("The index on the cluster stays as it is until you delete it.")
