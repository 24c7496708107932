"""Settings that are unknown, impossible, or contradict one another."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from service.access.keys import Scope
from service.access.register import AccessError, read_register
from service.doctoring.findings import Examined, Finding, Sound
from service.settings import PREFIX, SettingsError, setting_rows, settings_from_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from service.doctoring.patient import Patient
    from service.settings import Settings

AREA: Final = "settings"


def check_settings(patient: Patient) -> Iterator[Examined]:
    """Every setting by itself, then those that contradict one another."""
    try:
        settings = settings_from_environment(patient.environment)
    except SettingsError as error:
        for problem in error.problems:
            yield Finding(
                AREA,
                problem,
                "the service refuses to start with a setting it does not understand",
                "correct or remove it where the service is started; docs/deploying.md lists all of them",
            )
        return
    wrong = [finding for check in _CONTRADICTIONS for finding in check(settings)]
    wrong += _unreadable(patient, settings)
    yield from wrong
    if not wrong:
        yield Sound(AREA, _summary(patient, settings))


def _summary(patient: Patient, settings: Settings) -> str:
    known = {row.variable for row in setting_rows()}
    chosen = sorted(name.removeprefix(PREFIX) for name in patient.environment if name in known)
    said = f"chosen here: {', '.join(chosen)}" if chosen else "all are the defaults, as seen from this shell"
    return said if settings.source_safety else f"{said}. Source safety is off: the log tells of questions and networks"


def _proxies(settings: Settings) -> Iterator[Finding]:
    if bool(settings.trusted_hops) != bool(settings.trusted_proxies):
        there, missing = ("DATELINE_TRUSTED_HOPS", "DATELINE_TRUSTED_PROXIES")[:: 1 if settings.trusted_hops else -1]
        yield Finding(
            AREA,
            f"{there} is set and {missing} is not",
            "both are needed to tell readers behind a proxy apart; with one alone, all of them count as the proxy",
            "for one proxy on this machine: DATELINE_TRUSTED_HOPS=1 DATELINE_TRUSTED_PROXIES=127.0.0.1",
        )


def _ports(settings: Settings) -> Iterator[Finding]:
    if settings.metrics_port and settings.metrics_port == settings.port:
        yield Finding(
            AREA,
            f"DATELINE_METRICS_PORT is the port of the service, {settings.port}",
            "what is meant for this machine alone would be told to everybody, and only one of them can listen there",
            "choose another: DATELINE_METRICS_PORT=9108",
        )


def _public_url(settings: Settings) -> Iterator[Finding]:
    parts = urlsplit(settings.public_url)
    if parts.scheme == "http" and not is_near(parts.hostname or ""):
        yield Finding(
            AREA,
            f"DATELINE_PUBLIC_URL={settings.public_url} is not encrypted",
            "whoever is between a reader and this machine sees what is asked; for readers at risk that is the danger",
            "have a proxy end TLS (docs/deploying.md has examples) and set DATELINE_PUBLIC_URL to the https address",
        )


def _slowness(settings: Settings) -> Iterator[Finding]:
    if settings.worker_timeout_seconds <= settings.stop_timeout_seconds:
        yield Finding(
            AREA,
            "DATELINE_WORKER_TIMEOUT_SECONDS is not longer than DATELINE_STOP_TIMEOUT_SECONDS",
            "a process that is finishing its last requests would be killed for being slow",
            "make the first the longer one; 30 and 10 are the defaults",
        )


_CONTRADICTIONS: Final[tuple[Callable[[Settings], Iterator[Finding]], ...]] = (_proxies, _ports, _public_url, _slowness)


def _unreadable(patient: Patient, settings: Settings) -> list[Finding]:
    """A private archive that nobody has a key for."""
    if settings.public:
        return []
    try:
        keys = read_register(patient.data.path).keys
    except AccessError:
        return []  # `permissions` says what is wrong with that file
    now = patient.now()
    if any(key.allows(Scope.READ) and not key.has_expired(now) for key in keys):
        return []
    return [
        Finding(
            AREA,
            "DATELINE_PUBLIC=0, and there is no key that may read",
            "nobody can read the archive, whoever they are",
            f"dateline keys create --scope read {patient.option}",
        )
    ]


def is_near(host: str) -> bool:
    """Whether a name or address is of this machine or a private network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal", ".onion")) or "." not in host
    return address.is_private or address.is_loopback
