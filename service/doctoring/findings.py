"""What an examination finds: `Sound` or `Finding`, each about one area.

Written for people who did not write Dateline.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Sound:
    """Something is as it should be, and what that is."""

    area: str
    said: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is wrong: what, why it matters, and what to do (commands, where a command does it)."""

    area: str
    what: str
    why: str
    mend: str


Examined: TypeAlias = Sound | Finding
