"""Whether the cluster of the settings answers, and its index says what the archive says."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Final

from index.archive.store import Store
from index.errors import GenerationError, IndexingError
from service.doctoring.findings import Examined, Finding, Sound
from service.phrasing import counted
from service.settings import SettingsError
from service.wiring import archive_from_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.doctoring.patient import Patient
    from service.settings import Settings

AREA: Final = "cluster"


def check_cluster(patient: Patient, settings: Settings) -> Iterator[Examined]:
    """Open the index as a web service does, and compare it with the archive."""
    try:
        with closing(archive_from_settings(settings)) as archive, Store.open(patient.data.archive) as store:
            name, behind = store.id, store.change - archive.change
            identity, articles, there = archive.identity, archive.articles, store.count
    except (GenerationError, SettingsError) as error:
        yield Finding(AREA, str(error), "nothing can be searched", "see what is said there")
        return
    except IndexingError as error:
        yield Finding(AREA, str(error), "the archive is what everything else is made from", "see what is said there")
        return
    again = f"dateline migrate --to opensearch {patient.option}"
    if identity != name or behind < 0 or (not behind and articles != there):
        what = f"the index has {counted(articles, 'article')} of another archive, or of another state of this one"
        yield Finding(AREA, what, "what is searched is not what was taken in", again)
    elif behind:
        yield Finding(
            AREA,
            f"the index is {counted(behind, 'change')} behind the archive",
            "what changed cannot be searched yet",
            f"have it done always: dateline index --follow {patient.option}",
        )
    else:
        yield Sound(AREA, f"generation {archive.generation} with {counted(articles, 'article')}, up to date")
