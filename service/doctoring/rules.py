"""Whether the archive's own rules can be read: `topics.toml` and `synonyms.toml`, if it has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from index.errors import DataFileError
from service.doctoring.findings import Examined, Finding, Sound
from service.phrasing import counted
from service.wiring import synonyms_of, topics_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.doctoring.patient import Patient

AREA: Final = "rules"


def check_rules(patient: Patient) -> Iterator[Examined]:
    """Its topics, each held against its own examples, and its synonyms; those that come with Dateline are sound."""
    found = [*_check_topics(patient), *_check_synonyms(patient)]
    yield from (each for each in found if isinstance(each, Finding))
    sound = " and ".join(each.said for each in found if isinstance(each, Sound))
    if sound:
        yield Sound(AREA, f"{sound} can be read")


def _check_topics(patient: Patient) -> Iterator[Examined]:
    try:
        topics = topics_of(patient.data)
    except DataFileError as error:
        yield Finding(
            AREA,
            str(error),
            "what is taken in is kept, and not understood, so it cannot be searched",
            f"mend the file until this is content: dateline topics check {patient.option}",
        )
        return
    broken = sum(len(topic.broken_examples()) for topic in topics)
    if broken:
        yield Finding(
            AREA,
            f"{counted(broken, 'example')} of the topics' own {'does' if broken == 1 else 'do'} not hold",
            "articles have topics that they should not have, or lack some",
            f"dateline topics check {patient.option} says which; mend the rule or the example",
        )
        return
    yield Sound(AREA, counted(len(topics), "topic"))


def _check_synonyms(patient: Patient) -> Iterator[Examined]:
    try:
        yield Sound(AREA, counted(len(synonyms_of(patient.data)), "synonym"))
    except DataFileError as error:
        yield Finding(
            AREA,
            str(error),
            "no service starts with it; one that runs goes on with what it has read",
            f"mend the file until this is content: dateline doctor {patient.option}",
        )
