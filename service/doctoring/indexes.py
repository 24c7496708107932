"""Whether there is an archive with an index of it that is whole and up to date, and somebody who keeps it so."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Final

from index.archive.store import Store
from index.errors import (
    DamagedGeneration,
    DataFileError,
    GenerationError,
    GenerationVersion,
    IndexingError,
    NoGeneration,
)
from index.generation.publish import held
from index.layout import Generation, Verified, check_files, current
from service.doctoring.clusters import check_cluster
from service.doctoring.findings import Examined, Finding, Sound
from service.indexer_status import find_status
from service.phrasing import counted, in_bytes
from service.wiring import ON_CLUSTER, extractor_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.layout import Reflects
    from service.doctoring.patient import Patient

AREA: Final = "index"
INDEXER: Final = "indexer"
MOST_READ_BYTES: Final = 256 * 1024 * 1024
"""Of an index's files, about so much is compared with what was published; `dateline check` compares all."""


def check_index(patient: Patient) -> Iterator[Examined]:
    """The archive, its current generation, and whether one says what the other does; or the index on the cluster."""
    settings = patient.find_settings()
    if settings is not None and settings.engine == ON_CLUSTER:
        yield from check_cluster(patient, settings)
        return
    try:
        generation = current(patient.data)
        compared = _compare_files(generation)
    except GenerationError as error:
        yield _unusable(patient, error)
        return
    wrong = [*_hold(patient), *_freshness(patient, generation.manifest.reflects)]
    yield from wrong
    if not wrong:
        articles = counted(generation.manifest.articles, "article")
        yield Sound(AREA, f"generation {generation.id} with {articles}, {compared} as published, up to date")


def _unusable(patient: Patient, error: GenerationError) -> Examined:
    """What to say of an index that is not there, or cannot be used."""
    build = f"dateline build {patient.option}"
    match error:
        case NoGeneration() if _is_followed(patient):
            return Sound(AREA, "there is none yet; the indexer makes the first one")
        case NoGeneration():
            what = f"{patient.data.path} has an archive, but no index of it"
            return Finding(AREA, what, "nothing can be searched before there is one", build)
        case GenerationVersion(found=found, expected=expected):
            what = f"the index is another version's (format {found}, this version of Dateline reads {expected})"
            return Finding(AREA, what, "it is not opened, so nothing can be searched", build)
        case DamagedGeneration(path=path, reason=reason):
            why = "an index is used whole or not at all: an older one is served instead, or none"
            return Finding(AREA, f"{path} {reason}", why, f"dateline build --from-store {patient.option}")
        case _:
            return Finding(AREA, str(error), "nothing can be searched", build)


def _compare_files(generation: Generation) -> str:
    """Compare some files with the manifest, all if they are small. Raises `DamagedGeneration`."""
    check_files(generation)
    files = list(generation.manifest.files)
    random.shuffle(files)
    seen, compared = Verified(), 0
    for entry in files:
        if compared and compared + entry.size > MOST_READ_BYTES:
            continue
        path = generation.path / entry.path
        if seen.sha256(path) != entry.sha256:
            raise DamagedGeneration(path, "was altered: its content is not what was published")
        compared += entry.size
    total = sum(entry.size for entry in files)
    return "every byte" if compared == total else f"{in_bytes(compared)} of {in_bytes(total)}"


def _hold(patient: Patient) -> Iterator[Finding]:
    hold = held(patient.data)
    if hold:
        yield Finding(
            AREA,
            f"publishing is held since {hold.since:%Y-%m-%d %H:%M} UTC: {hold.reason}",
            "what is taken in is kept, and cannot be searched until the hold ends",
            f"dateline build {patient.option}",
        )


def _freshness(patient: Patient, reflects: Reflects) -> Iterator[Finding]:
    """What the archive has and the index has not."""
    try:
        with Store.open(patient.data.archive, must_exist=True) as store:
            archive, change = store.id, store.change
    except IndexingError as error:
        yield Finding(AREA, str(error), "the archive is what everything else is made from", "see what is said there")
        return
    try:
        rules = extractor_of(patient.data).fingerprint
    except DataFileError:
        rules = reflects.rules  # what is wrong with those there are is for `check_rules` to say
    if archive != reflects.archive:
        yield Finding(
            AREA,
            "the index is of another archive than archive.sqlite",
            "what is searched is not what was taken in",
            f"dateline build {patient.option}",
        )
    elif rules != reflects.rules:
        yield Finding(
            AREA,
            "the rules by which articles are understood have changed since the index was built",
            "places, dates and topics are still those of the old rules",
            f"dateline build {patient.option}",
        )
    elif change > reflects.change and not _is_followed(patient):
        yield Finding(
            AREA,
            f"the index lacks {counted(change - reflects.change, 'change')} of the archive, and no indexer is at work",
            "what changed cannot be searched yet",
            f"dateline build {patient.option}, or have it done always: dateline index --follow {patient.option}",
        )


def _is_followed(patient: Patient) -> bool:
    status = find_status(patient.data)
    return status is not None and not status.is_silent(patient.now()) and status.failure is None


def check_indexer(patient: Patient) -> Iterator[Examined]:
    """What the indexer says of itself, if one ever ran."""
    status = find_status(patient.data)
    if status is None:
        yield Sound(INDEXER, "none is running; `dateline serve` starts one, `dateline build` does its work once")
    elif status.failure is not None:
        yield Finding(
            INDEXER,
            f"it cannot publish: {status.failure}",
            "what is taken in is kept, but cannot be searched yet; the indexer goes on trying",
            "mend what it says; it needs no restart",
        )
    elif status.is_silent(patient.now()):
        yield Finding(
            INDEXER,
            f"it has said nothing since {status.written:%Y-%m-%d %H:%M:%S} UTC",
            "it was killed or is stuck; what is taken in cannot be searched until it runs again",
            f"start it again: dateline serve, or dateline index --follow {patient.option}",
        )
    else:
        published = counted(status.publishes, "generation")
        waiting = counted(status.changes_behind, "change")
        yield Sound(INDEXER, f"at work: {published} published since its start, {waiting} waiting")
