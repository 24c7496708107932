"""Why something else than what is published is answered from, or nothing is: in words that any reader may be told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from index.errors import DamagedGeneration, GenerationError, GenerationVersion, NoGeneration

if TYPE_CHECKING:
    from pathlib import Path

    from index.layout import DataFolder


class NotAsPublished(GenerationError):
    """What is published is not what is answered from. `told` says why and what to do, without a path of this machine.

    `served` is the id of the generation that is answered from instead, None if there is none.
    """

    def __init__(self, data: DataFolder, cause: GenerationError, served: str | None) -> None:
        self.cause, self.served = cause, served
        instead = f"generation {served} is served instead" if served else "there is no other to serve instead"
        remedy = "The indexer builds it anew; so does, on the server: dateline build --from-store --data DIR"
        self.told = f"{_told(data, cause)}; {instead}. {remedy}"
        super().__init__(f"{cause}; {instead}")


def _told(data: DataFolder, cause: GenerationError) -> str:
    """What is wrong, with paths within the data folder only."""
    match cause:
        case DamagedGeneration(path=path, reason=reason):
            return f"{_within(data, path)}: {reason}"
        case GenerationVersion(path=path, expected=expected, found=found):
            return f"{_within(data, path)} is of index format {found}, and this version of Dateline reads {expected}"
        case NoGeneration():
            return "CURRENT is missing, which names the index to answer from"
        case _:
            return "the index that was published last cannot be opened; the log says why"


def _within(data: DataFolder, path: Path) -> str:
    return path.relative_to(data.path).as_posix() if path.is_relative_to(data.path) else path.name
