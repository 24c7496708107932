"""All checks of a data folder, in the order in which one would mend what they find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from service.doctoring.disk import check_disk
from service.doctoring.findings import Examined, Finding
from service.doctoring.indexes import check_index, check_indexer
from service.doctoring.machine import check_machine
from service.doctoring.permissions import check_permissions
from service.doctoring.rules import check_rules
from service.doctoring.searches import check_searches
from service.doctoring.settings_checks import check_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from service.doctoring.patient import Patient

CHECKS: Final[tuple[Callable[[Patient], Iterator[Examined]], ...]] = (
    check_settings,
    check_permissions,
    check_disk,
    check_rules,
    check_index,
    check_indexer,
    check_searches,
    check_machine,
)


def examine(patient: Patient) -> Iterator[Examined]:
    """Everything that is found. Where there is no archive, that is all there is to say besides the settings."""
    if not patient.data.archive.exists():
        yield from check_settings(patient)
        yield Finding(
            "archive",
            f"there is no archive in {patient.data.path}",
            "there is nothing to search in, or the archive is in another folder",
            f"dateline ingest PATH {patient.option}, or name the folder with --data",
        )
        return
    for check in CHECKS:
        yield from check(patient)
