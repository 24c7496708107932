"""kill -9 at random moments: what was acknowledged is kept, what was not is there whole or not at all."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING

from index.generation.publish import create_data_folder
from index.layout import DataFolder
from tests.torture import programs
from tests.torture.dealings import Ledger, leftovers, recover

if TYPE_CHECKING:
    import random
    from pathlib import Path

    from tests.torture.conftest import Rounds
    from tests.torture.nursery import Nursery

LONGEST_S = 0.12
"""How long a process lives at most: enough for some deeds and some publishes."""

DEEDS = 60


def last_number(path: Path) -> int:
    """The last number of a file of lines; 0 if there is none. A line that was not finished does not count."""
    with suppress(FileNotFoundError):
        return int((["0", *path.read_text().rpartition("\n")[0].split()])[-1])
    return 0


def test_killed_writers_and_indexers_lose_nothing(
    nursery: Nursery, quick_folder: Path, rng: random.Random, rounds: Rounds
) -> None:
    """A writer and an indexer are killed, each at a moment of its own, and started again on what they left.

    Every acknowledged write is in the store, which opens and is sound; a batch is in the store, and in what is
    published, whole or not at all; what was published opens and every byte is verified; nothing is left lying about.
    """
    data = DataFolder(quick_folder / "data")
    create_data_folder(data)
    ledger = Ledger()
    writes = publishes = 0
    for number in range(rounds(60, 1000)):
        acknowledged, followed = quick_folder / f"acknowledged-{number}", quick_folder / f"followed-{number}"
        deeds = [asdict(deed) for deed in ledger.plan(rng, DEEDS, first=number * DEEDS)]
        indexer = nursery.start(programs.follow, data=str(data.path), acknowledged=str(followed))
        writer = nursery.start(programs.write, data=str(data.path), deeds=deeds, acknowledged=str(acknowledged))
        deaths = sorted((rng.random() * LONGEST_S, child.pid, child) for child in (writer, indexer))
        started = time.monotonic()
        for after, _, child in deaths:
            time.sleep(max(0.0, started + after - time.monotonic()))
            child.kill()
        for child in (writer, indexer):
            nursery.wait(child)
        done = last_number(acknowledged)
        shown = last_number(followed)
        assert shown in {0, *ledger.numbers}
        found = recover(data, ledger, least=done, most=min(done + 1, DEEDS), shown_least=shown)
        writes, publishes = writes + done, publishes + (shown > 0)
        ledger = Ledger(ledger.states[found], ledger.numbers[found])
        assert leftovers(data) == []
    assert writes > 0
    assert publishes > 0
