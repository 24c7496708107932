"""A published index is altered on disk: that is noticed before any of it is used, and something whole is served.

Every file of a generation is altered in every way there is. The whole service is asked, as a web worker runs it.
"""

from __future__ import annotations

import itertools
import os
import shutil
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from index.archive.store import Store
from index.errors import DamagedGeneration
from index.generation.publish import create_data_folder
from index.layout import DataFolder, current, current_id, published, verify
from tests.torture.dealings import Ledger, do, publish_now, shown

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from falcon import testing

    from tests.torture.conftest import Serve


def flip(path: Path, rng: random.Random) -> None:
    """Alter one bit, and leave no other trace than the time of the change."""
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    rewrite(path, bytes(content))


def cut_short(path: Path, rng: random.Random) -> None:
    """Take some bytes off its end."""
    rewrite(path, path.read_bytes()[: rng.randrange(path.stat().st_size)])


def lengthen(path: Path, rng: random.Random) -> None:
    """Add a byte at its end."""
    rewrite(path, path.read_bytes() + rng.randbytes(1))


def zero(path: Path, _rng: random.Random) -> None:
    """Have nothing but zeros in it, as after some power cuts."""
    rewrite(path, bytes(path.stat().st_size))


def delete(path: Path, _rng: random.Random) -> None:
    """Remove it."""
    path.unlink()


def become_folder(path: Path, _rng: random.Random) -> None:
    """Put a folder in its place."""
    path.unlink()
    path.mkdir()


def link_elsewhere(path: Path, _rng: random.Random) -> None:
    """Put a link to the same bytes elsewhere in its place."""
    elsewhere = path.parent.parent.parent.parent / "elsewhere"
    shutil.copy(path, elsewhere)
    path.unlink()
    path.symlink_to(elsewhere)


def rewrite(path: Path, content: bytes) -> None:
    """Put other content into a file, and only there: a generation before may share it by a hard link."""
    path.unlink()
    path.write_bytes(content)


DAMAGE: Final[Mapping[str, Callable[[Path, random.Random], None]]] = {
    "flip": flip,
    "cut short": cut_short,
    "lengthen": lengthen,
    "zero": zero,
    "delete": delete,
    "become folder": become_folder,
    "link elsewhere": link_elsewhere,
}


NOTICED_WITHIN_S: Final = 30


@pytest.fixture
def published_archive(quick_folder: Path, rng: random.Random) -> tuple[DataFolder, Ledger]:
    """An archive that was published twice. Nothing is in the store that is not published."""
    data = DataFolder(quick_folder / "data")
    create_data_folder(data)
    ledger = Ledger()
    with Store.open(data.archive) as store:
        for deed in ledger.plan(rng, 8):
            do(store, deed)
            if deed in {ledger.deeds[4], ledger.deeds[7]}:
                publish_now(data)
    return data, ledger


@pytest.fixture
def copies(published_archive: tuple[DataFolder, Ledger], quick_folder: Path) -> Iterator[Callable[[], DataFolder]]:
    """Fresh copies of it, hard links between generations kept."""
    data, _ = published_archive
    copy = quick_folder / "copy"

    def make() -> DataFolder:
        shutil.rmtree(copy, ignore_errors=True)
        copy_with_links(data.path, copy)
        return DataFolder(copy)

    yield make
    shutil.rmtree(copy, ignore_errors=True)


def copy_with_links(source: Path, target: Path) -> None:
    """Copy a folder; files that were one before are one again."""
    copied: dict[int, Path] = {}
    for path in sorted(source.rglob("*")):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        elif path.stat().st_ino in copied:
            os.link(copied[path.stat().st_ino], place)
        else:
            shutil.copy2(path, place)
            copied[path.stat().st_ino] = place


def files_of(data: DataFolder) -> list[str]:
    """Every file of the current generation, by its path within, and CURRENT itself."""
    generation = current(data)
    return [str(path.relative_to(data.path)) for path in sorted(generation.path.rglob("*")) if path.is_file()]


def state_of(client: testing.TestClient) -> dict[str, str]:
    """What searching finds: the titles of all articles by id."""
    answer = client.simulate_get("/v1/search", query_string="per_page=50")
    assert answer.status_code == 200, answer.json
    hits: list[dict[str, Any]] = answer.json["hits"]
    return {hit["id"]: hit["title"] for hit in hits}


@pytest.mark.parametrize("damage", DAMAGE)
def test_any_damage_to_any_file_is_noticed_and_mended(
    copies: Callable[[], DataFolder],
    published_archive: tuple[DataFolder, Ledger],
    served: Serve,
    rng: random.Random,
    damage: str,
) -> None:
    """A damaged generation is never opened: the one before answers, readiness says so, the next build makes it anew.

    The message names the file, and the command that mends it.
    """
    _, ledger = published_archive
    for file in files_of(copies()):
        if damage == "link elsewhere" and file.endswith("manifest.json"):
            continue  # what a manifest says is sealed, wherever it lies
        data = copies()
        newest, before = current_id(data), published(data)[-2]
        DAMAGE[damage](data.path / file, rng)
        with pytest.raises(DamagedGeneration, match=r"Run: dateline|dateline build") as noticed:
            verify(current(data))
        assert str(data.path / file) in str(noticed.value)
        client = served(data)
        readiness = client.simulate_get("/readyz")
        assert (readiness.status_code, readiness.json["status"]) == (200, "degraded"), file
        assert readiness.json["generation"] == before
        assert file.rpartition("/")[2] in readiness.json["reason"]
        assert "dateline build" in readiness.json["reason"]
        assert state_of(client).keys() == ledger.states[5].keys()
        publish_now(data)
        assert current_id(data) != newest
        assert shown(data) == (ledger.numbers[-1], ledger.states[-1])


def test_what_is_altered_in_place_answers_nothing_wrong(
    copies: Callable[[], DataFolder],
    published_archive: tuple[DataFolder, Ledger],
    served: Serve,
    rng: random.Random,
) -> None:
    """A bit that flips on disk is in every generation that shares the file; the newest without it answers, or none.

    The indexer then makes everything anew, from the store.
    """
    _, ledger = published_archive
    for file in files_of(copies()):
        data = copies()
        flip_in_place(data.path / file, rng)
        client = served(data)
        readiness = client.simulate_get("/readyz")
        if readiness.status_code == 200:
            assert readiness.json["status"] == "degraded"
            assert state_of(client).keys() == ledger.states[5].keys()
        else:
            assert readiness.status_code == 503
            assert file.rpartition("/")[2] in readiness.json["detail"]
            assert "dateline build" in readiness.json["detail"]
        publish_now(data)
        assert shown(data) == (ledger.numbers[-1], ledger.states[-1])


def flip_in_place(path: Path, rng: random.Random) -> None:
    """Alter one bit of a file, under all its names."""
    content = bytearray(path.read_bytes())
    content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    with path.open("r+b") as file:
        file.write(content)


def test_damage_is_noticed_while_serving(
    copies: Callable[[], DataFolder], published_archive: tuple[DataFolder, Ledger], served: Serve, rng: random.Random
) -> None:
    """A file altered under a running service is noticed without anything being published or asked for."""
    _, ledger = published_archive
    data = copies()
    client = served(data)
    assert client.simulate_get("/readyz").json["status"] == "ready"
    flip(data.path / files_of(data)[-1], rng)
    until = time.monotonic() + NOTICED_WITHIN_S
    while client.simulate_get("/readyz").json["status"] != "degraded":
        assert time.monotonic() < until
        time.sleep(0.05)
    assert state_of(client).keys() == ledger.states[5].keys()


def test_files_that_were_swapped_are_noticed(
    copies: Callable[[], DataFolder], published_archive: tuple[DataFolder, Ledger]
) -> None:
    """Two files of a generation that have changed places are noticed, also where they are of one size."""
    data, _ = published_archive
    files = [file for file in files_of(data) if not file.endswith("manifest.json")]
    for one, two in itertools.pairwise(files):
        copy = copies()
        first, second = (copy.path / file for file in (one, two))
        contents = first.read_bytes(), second.read_bytes()
        rewrite(first, contents[1])
        rewrite(second, contents[0])
        with pytest.raises(DamagedGeneration):
            verify(current(copy))


def test_files_of_another_generation_are_noticed(copies: Callable[[], DataFolder]) -> None:
    """A manifest, or any other file, of the generation before in the place of this one's is noticed."""
    data = copies()
    other = data.generations / published(data)[-2]
    for file in files_of(data):
        data = copies()
        own = data.path / file
        theirs = other / own.relative_to(current(data).path)
        if theirs.exists() and theirs.read_bytes() != own.read_bytes():
            rewrite(own, theirs.read_bytes())
            with pytest.raises(DamagedGeneration):
                verify(current(data))


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"1-", b"../../elsewhere", b"999-00000000\n", b"\xff\xfe\x00", b"1-00000000\n" * 1000],
    ids=["empty", "blank", "cut short", "elsewhere", "nothing there", "no text", "long"],
)
def test_a_pointer_that_says_nothing_is_noticed_and_mended(
    copies: Callable[[], DataFolder],
    published_archive: tuple[DataFolder, Ledger],
    served: Serve,
    content: bytes,
) -> None:
    """With CURRENT damaged the newest whole generation answers, readiness says so, and the next build sets it right."""
    _, ledger = published_archive
    data = copies()
    data.current.write_bytes(content)
    with pytest.raises(DamagedGeneration):
        current(data)
    client = served(data)
    assert client.simulate_get("/readyz").json["status"] == "degraded"
    assert state_of(client).keys() == ledger.states[-1].keys()
    publish_now(data)
    assert shown(data) == (ledger.numbers[-1], ledger.states[-1])


def test_with_nothing_whole_left_the_service_says_what_to_do(
    copies: Callable[[], DataFolder],
    published_archive: tuple[DataFolder, Ledger],
    served: Serve,
    rng: random.Random,
) -> None:
    """Every generation damaged: 503 with the command that helps, and one build mends it, as all is in the store."""
    _, ledger = published_archive
    data = copies()
    for name in published(data):
        flip(data.generations / name / "manifest.json", rng)
    client = served(data)
    answer = client.simulate_get("/v1/search")
    assert answer.status_code == 503
    assert "dateline" in answer.json["detail"]
    publish_now(data)
    assert shown(data) == (ledger.numbers[-1], ledger.states[-1])
    assert served(data).simulate_get("/readyz").json["status"] == "ready"


def test_a_damaged_store_is_said_and_what_is_published_still_answers(
    copies: Callable[[], DataFolder], served: Serve, rng: random.Random
) -> None:
    """With the store overwritten, searching goes on, and what opens the store says that it is damaged."""
    data = copies()
    data.archive.write_bytes(rng.randbytes(data.archive.stat().st_size))
    with pytest.raises(Exception, match=r"archive\.sqlite") as noticed:
        Store.open(data.archive)
    assert type(noticed.value).__module__ == "index.errors"
    assert served(data).simulate_get("/v1/search").status_code == 200
