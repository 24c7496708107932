"""Whether the saved searches can be read, each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from service.doctoring.findings import Examined, Finding, Sound
from service.saved.file import SearchesError, read_searches
from service.saved.searches import find_problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.doctoring.patient import Patient

AREA: Final = "searches"


def check_searches(patient: Patient) -> Iterator[Examined]:
    """Their file, and each of them; nothing where there are none."""
    try:
        searches = read_searches(patient.data.path).searches
    except SearchesError as error:
        yield Finding(
            AREA,
            str(error),
            "no saved search is answered, nor any feed or page that shows one",
            f"dateline searches list {patient.option} says when it is mended",
        )
        return
    unreadable = [(search, problem) for search in searches if (problem := find_problem(search))]
    for search, problem in unreadable:
        yield Finding(
            AREA,
            f"the saved search {search.id} cannot be read any more: {problem}",
            "its results and feeds answer 503; the others are not affected",
            f"dateline searches show {search.id} {patient.option}, then add it anew with --replace, or remove it",
        )
    if searches and not unreadable:
        yield Sound(AREA, f"{len(searches)} saved, and each can be read")
