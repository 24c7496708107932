"""Where compiled kernels are kept on disk, and for which versions. Knows nothing of Numba, whose import takes a while.

Machine code is kept in a folder of its own for each version of our kernels, of Python and of the compiler, and for each
kind of processor. So whatever changes one of them starts an empty one, and nothing stale is ever run. `is_complete`
says whether all of them are there, `discard_outdated` removes folders that nobody is likely to use any more.

What lies there is run as it is: it is to be trusted as our own code is.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import time
from contextlib import suppress
from functools import cache
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Final

OUTDATED_AFTER_S: Final = 7 * 24 * 3600
"""How long other versions are kept: an older Dateline may still be serving."""

VERSIONS_KEPT: Final = 4
"""How many other versions are kept at most."""

_PACKAGES: Final = ("index/codec", "search/engines")
"""Where kernels are declared. All of it counts: a kernel's code holds that of the kernels it calls."""

_CONSTANTS: Final = "search/engine.py"
"""Where constants are that kernels have compiled into them."""

_COMPLETE: Final = "complete"

_VERSION: Final = re.compile("[0-9a-f]{16}")

_PROCESSOR: Final = Path("/proc/cpuinfo")


@cache
def code_version() -> str:
    """The version of what machine code is made from, by and for, as 16 hex digits."""
    made_by = (platform.python_version(), *map(version_of, ("numba", "llvmlite", "numpy")))
    digest = hashlib.sha256(repr((made_by, _processor())).encode())
    root = Path(__file__).parent.parent
    declaring = (path for package in _PACKAGES for path in sorted((root / package).glob("*.py")))
    for source in (*declaring, root / _CONSTANTS):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


def _processor() -> str:
    """The machine's kind of processor, with what it can do where the system says so."""
    try:
        lines = _PROCESSOR.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    told = [line for line in lines if line.startswith(("model name", "flags", "Features", "CPU part"))]
    return "\n".join((platform.machine(), platform.processor(), *sorted(set(told))))


def place_of(folder: Path) -> Path:
    """Where this version's machine code is: in this folder, or in `NUMBA_CACHE_DIR`, which all that use Numba heed."""
    return Path(os.environ.get("NUMBA_CACHE_DIR") or folder) / code_version()


def is_complete(folder: Path) -> bool:
    """Whether all kernels of this version are there, ready to be loaded."""
    return (place_of(folder) / _COMPLETE).exists()


def mark_complete(folder: Path) -> None:
    """Say so. Does nothing where nothing can be written."""
    own = place_of(folder)
    with suppress(OSError):
        own.mkdir(parents=True, exist_ok=True)
        (own / _COMPLETE).touch()


def discard_outdated(folder: Path, *, now: float | None = None) -> None:
    """Remove other versions that were made more than a week ago, and all but the latest few."""
    limit = (time.time() if now is None else now) - OUTDATED_AFTER_S
    own = place_of(folder)
    if not own.parent.exists():
        return
    versions = (path for path in own.parent.iterdir() if _VERSION.fullmatch(path.name) and path != own)
    others = [(path.stat().st_mtime, path) for path in versions]
    for place, (made, path) in enumerate(sorted(others, reverse=True)):
        if made < limit or place >= VERSIONS_KEPT:
            shutil.rmtree(path, ignore_errors=True)
