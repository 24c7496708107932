"""What measurements leave behind: one JSON file for each archive and one for the service, and nothing else is reported.

`Comparison` holds what was measured on one archive: `Written` indexes, `Footprint`s of opened ones, questions `Asked`.
`Service` holds what was measured over HTTP. Each has its `Machine`. `keep` writes one, `read_comparisons` and
`find_service` read a folder of them. Times are in seconds or milliseconds, as their names say.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from benchmarks.machine import Machine

T = TypeVar("T")

RESULTS: Final = Path(__file__).with_name("results")
SERVICE: Final = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An index as written. `is_alone`: with one thread or process of work, rather than as the library does by default.

    `seconds` are wall clock, without the time it took to make the articles; `cpu_seconds` are of all threads and
    processes. Both are medians of `runs`. `bytes` are those on disk, no article's text among them.
    """

    peer: str
    is_alone: bool
    seconds: float
    cpu_seconds: float
    runs: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """A fresh process that opens an index and answers 100 mixed questions.

    `imported_mb` is its private (anonymous) memory before it opens, `private_mb` after the last answer; `mapped_mb` are
    pages of files, which all processes share.
    """

    peer: str
    open_ms: float
    first_ms: float
    imported_mb: float
    private_mb: float
    mapped_mb: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One question to one library: medians over all rounds.

    `number` tells questions of a class apart, `query` is how people would type it. `postings` is how many articles its
    words are in, added up over the words. `agrees_on_facets` is None where nothing was to compare.
    """

    peer: str
    kind: str
    number: int
    query: str
    is_faceted: bool
    total: int
    postings: int
    cpu_ms: float
    wall_ms: float
    agrees_on_facets: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything measured on one archive. `peers` were asked for; `missing` of them were not installed."""

    machine: Machine
    corpus: str
    title: str
    articles: int
    mean_words: float
    peers: tuple[str, ...]
    missing: tuple[str, ...]
    written: tuple[Written, ...]
    footprints: tuple[Footprint, ...]
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One run of a load generator: `connections` kept busy for `seconds`.

    `requests_per_cpu_second` is by the processor time of the workers alone, so what one core of theirs could do.
    """

    name: str
    connections: int
    seconds: float
    requests: int
    errors: int
    p50_ms: float
    p90_ms: float
    p99_ms: float
    requests_per_second: float
    requests_per_cpu_second: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What was measured over HTTP."""

    machine: Machine
    generator: str
    articles: int
    workers: int
    questions: int
    ready_seconds: float
    worker_private_mb: float
    loads: tuple[Load, ...]


def keep(result: Comparison | Service, folder: Path) -> Path:
    """Write a result into a folder of them, in place of an older one of the same; return the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{result.corpus if isinstance(result, Comparison) else SERVICE}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    return path


def read_comparisons(folder: Path) -> tuple[Comparison, ...]:
    """What a folder holds about archives, smaller ones first. Raises `msgspec.ValidationError` for a strange file."""
    found = (_read(path, Comparison) for path in folder.glob("*.json") if path.stem != SERVICE)
    return tuple(sorted(found, key=lambda comparison: (comparison.articles, comparison.corpus)))


def find_service(folder: Path) -> Service | None:
    """What a folder holds about the service."""
    path = folder / f"{SERVICE}.json"
    return _read(path, Service) if path.exists() else None


def _read(path: Path, kind: type[T]) -> T:
    return msgspec.json.decode(path.read_bytes(), type=kind)
