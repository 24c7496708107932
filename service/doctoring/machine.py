"""The machine: compiled code, clock, open files, shared memory."""

from __future__ import annotations

import datetime as dt
import os
import resource
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from index.errors import IndexingError
from index.layout import current, published
from index.machine_code import is_complete
from service.doctoring.findings import Examined, Finding, Sound
from service.limiting.worker import OTHER_FILES
from service.phrasing import counted, in_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from service.doctoring.patient import Patient

AREA: Final = "machine"
EARLIEST: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""Dateline is younger than that."""

SKEW: Final = dt.timedelta(minutes=5)
LEAST_SHARED_BYTES: Final = 16 * 1024 * 1024


def check_machine(patient: Patient) -> Iterator[Examined]:
    """What the service needs of the machine it runs on, as seen by this user."""
    wrong = [*_clock(patient), *_machine_code(patient), *_open_files(patient), *_shared_memory(patient)]
    yield from wrong
    if not wrong:
        files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        said = "no limit to open files" if files == resource.RLIM_INFINITY else f"{files:,} open files allowed"
        yield Sound(AREA, f"clock, machine code and shared memory are fine; {said}")


def _clock(patient: Patient) -> Iterator[Finding]:
    now = patient.now()
    files = [path for path in (patient.data.archive, patient.data.current) if path.exists()]
    known = [EARLIEST, *(dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC) for path in files)]
    with suppress(IndexingError):  # `indexes` says what is wrong with it
        known.append(current(patient.data).manifest.created)
    newest = max(known)
    if newest > now + SKEW:
        yield Finding(
            AREA,
            f"the clock says {now:%Y-%m-%d %H:%M} UTC, but something here is from {newest:%Y-%m-%d %H:%M}",
            "dates without a year are understood by it, and keys and tokens expire by it",
            "set the clock, best by a time server: timedatectl set-ntp true",
        )


def _machine_code(patient: Patient) -> Iterator[Finding]:
    settings = patient.find_settings()
    if settings and settings.engine == "arrays" and published(patient.data) and not is_complete(patient.data.compiled):
        yield Finding(
            AREA,
            "there is no machine code of the search engine for this machine and this version",
            "each start compiles it anew, which takes about a minute",
            f"dateline build {patient.option}, on the machine that serves",
        )


def _open_files(patient: Patient) -> Iterator[Finding]:
    settings = patient.find_settings()
    if settings is None:
        return
    connections = settings.connections
    wanted = connections + OTHER_FILES
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if allowed != resource.RLIM_INFINITY and allowed < wanted:
        yield Finding(
            AREA,
            f"a process may open {counted(allowed, 'file')}; {connections} connections may need {wanted:,}",
            "when they are used up, connections are closed on readers",
            f"raise it where the service is started (systemd: LimitNOFILE={wanted}; docker: ulimits), or set "
            "DATELINE_CONNECTIONS lower",
        )


def _shared_memory(patient: Patient) -> Iterator[Finding]:
    folder = patient.shared_memory
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        yield Finding(
            AREA,
            f"{folder} is not there, or cannot be written",
            "processes then tell one another that they live by a file on disk, and are killed when the disk is slow",
            f"mount memory there: mount -t tmpfs tmpfs {folder}",
        )
        return
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    if free < LEAST_SHARED_BYTES:
        yield Finding(
            AREA,
            f"only {in_bytes(free)} are free in {folder}",
            "processes of the service share some numbers there",
            "give it more (docker: shm_size; otherwise: mount -o remount,size=64m)",
        )
