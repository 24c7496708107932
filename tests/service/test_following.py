"""What is answered from when files are altered, cut short, removed, or put back: what is whole, and /readyz says so."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from index.errors import NoGeneration
from index.layout import DataFolder
from service import following
from service.settings import Settings
from service.wiring import archives_of
from tests.service.made_up import made_up

if TYPE_CHECKING:
    from collections.abc import Iterator

    from index.layout import Generation
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api, LogLines

Publish = Callable[[int], "Generation"]


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    """A data folder in which nothing was published."""
    return DataFolder(tmp_path / "data")


@pytest.fixture
def publish(data: DataFolder, publish_documents: Callable[..., Generation]) -> Publish:
    """Publish a generation of so many articles."""
    return lambda number: publish_documents(data, [made_up(f"article-{serial}") for serial in range(number)])


@pytest.fixture
def archives(data: DataFolder, log_lines: LogLines, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reloading[Archive]]:
    """What follows that folder, and looks at its files each time it is asked."""
    monkeypatch.setattr(following, "LOOK_EVERY_S", 0.0)
    archives = archives_of(Settings(data=data.path, reload_check_ms=0), log_lines)
    yield archives
    archives.close()


@pytest.fixture
def log_lines() -> LogLines:
    """A log."""
    from tests.service.conftest import LogLines  # noqa: PLC0415 - a fixture's class

    return LogLines()


@pytest.fixture
def api(api_of: Callable[..., Api], archives: Reloading[Archive]) -> Api:
    """An API that answers from it."""
    return api_of(archives)


def flip(path: Path) -> None:
    """Turn one bit in the middle of the file itself."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 1]))


def cut(path: Path) -> None:
    """Cut the file itself short."""
    os.truncate(path, path.stat().st_size - 1)


def replace(path: Path) -> None:
    """Put another file in its place."""
    other = path.with_name("other")
    other.write_bytes(b"something else")
    other.replace(path)


def remove(path: Path) -> None:
    """Remove the file."""
    path.unlink()


HARM = [pytest.param(harm, id=harm.__name__) for harm in (flip, cut, replace, remove)]


def files_of(generation: Generation) -> list[Path]:
    """Every file of a generation, its manifest first."""
    return sorted((path for path in generation.path.rglob("*") if path.is_file()), key=lambda path: path.parts)


def a_file_of(generation: Generation) -> Path:
    """The largest file of a generation's index."""
    return max(generation.index.iterdir(), key=lambda path: path.stat().st_size)


@pytest.mark.parametrize("harm", HARM)
def test_every_file_is_watched_while_it_is_served(api: Api, publish: Publish, harm: Callable[[Path], None]) -> None:
    """Whatever happens to any file of the generation served, the one before takes over, and readiness says why."""
    number = len(files_of(publish(3)))
    assert number >= 4
    for which in range(number):
        generation = publish(4)
        path = files_of(generation)[which]
        assert api.get("/readyz").json["status"] == "ready"
        harm(path)
        assert api.get("/v1/search").json["total"] == 3
        ready = api.get("/readyz").json
        assert (ready["status"], ready["articles"]) == ("degraded", 3)
        assert path.relative_to(generation.path.parent.parent).as_posix() in ready["reason"]
        assert "dateline build" in ready["reason"]
        shutil.rmtree(generation.path)  # so that the one before is still kept when the next is published


@pytest.mark.parametrize("harm", [flip, cut])
def test_what_is_altered_in_place_is_served_no_more(api: Api, publish: Publish, harm: Callable[[Path], None]) -> None:
    """With nothing whole left, an archive whose own bytes were changed answers nothing, and says what to do."""
    generation = publish(3)
    assert api.get("/v1/search").json["total"] == 3
    harm(a_file_of(generation))
    for path in ("/v1/search", "/readyz"):
        answer = api.get(path)
        assert answer.status_code == 503
        assert a_file_of(generation).name in answer.json["detail"]
        assert "dateline build" in answer.json["detail"]
        assert str(generation.path.parent) not in answer.text


@pytest.mark.parametrize("harm", [replace, remove])
def test_what_is_open_and_unharmed_is_served_on(api: Api, publish: Publish, harm: Callable[[Path], None]) -> None:
    """A file that lost its name is as it was for whoever has it open: with nothing better, that answers, degraded."""
    generation = publish(3)
    assert api.get("/v1/search").json["total"] == 3
    harm(a_file_of(generation))
    assert api.get("/v1/search").json["total"] == 3
    assert api.get("/readyz").json["status"] == "degraded"


def test_a_new_process_starts_on_what_is_whole(
    data: DataFolder, publish: Publish, log_lines: LogLines, api_of: Callable[..., Api]
) -> None:
    """The newest of those before the current one whose every byte is as published; the log names what is damaged."""
    publish(3)
    second, third = publish(4), publish(5)
    flip(a_file_of(second))
    flip(a_file_of(third))
    archives = archives_of(Settings(data=data.path), log_lines)
    ready = api_of(archives).get("/readyz").json
    assert (ready["status"], ready["articles"]) == ("degraded", 3)
    assert f"generations/{third.id}/index/{a_file_of(third).name}" in ready["reason"]
    [line] = log_lines.lines
    assert line["level"] == "error"
    assert str(a_file_of(third)) in str(line["reason"])
    archives.close()


def test_a_new_generation_ends_it(api: Api, publish: Publish) -> None:
    """Whoever builds anew mends it: readiness is as before."""
    publish(3)
    flip(a_file_of(publish(4)))
    assert api.get("/readyz").json["status"] == "degraded"
    publish(5)
    ready = api.get("/readyz").json
    assert (ready["status"], ready["articles"], ready["reason"]) == ("ready", 5, None)


def test_a_file_that_is_put_back_is_noticed(api: Api, publish: Publish) -> None:
    """From a copy, say."""
    publish(3)
    path = a_file_of(publish(4))
    content = path.read_bytes()
    path.unlink()
    assert api.get("/readyz").json["status"] == "degraded"
    path.write_bytes(content)
    ready = api.get("/readyz").json
    assert (ready["status"], ready["articles"]) == ("ready", 4)


def test_a_lost_pointer_is_no_end(api: Api, data: DataFolder, publish: Publish) -> None:
    """Without CURRENT what is served is served on, and it is said what is missing."""
    publish(3)
    assert api.get("/v1/search").json["total"] == 3
    data.current.unlink()
    assert api.get("/v1/search").json["total"] == 3
    ready = api.get("/readyz").json
    assert ready["status"] == "degraded"
    assert "CURRENT" in ready["reason"]


def test_nothing_published_is_said_to_be_so(archives: Reloading[Archive]) -> None:
    """It is not damage."""
    with pytest.raises(NoGeneration), archives.lease():
        pytest.fail("there is nothing")


def test_a_generation_of_another_version_is_said_to_be_so(
    api: Api, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an update there may be nothing that can be read: the answer says which formats, and what to do."""
    monkeypatch.setattr("index.generation.publish.index_format", lambda: "1.0.0")
    publish(3)
    answer = api.get("/v1/search")
    assert answer.status_code == 503
    assert "is of index format 1.0.0" in answer.json["detail"]


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="this system does not tell what is mapped")
def test_generations_come_and_go_and_files_do_not_add_up(
    api_of: Callable[..., Api], archives: Reloading[Archive], publish: Publish
) -> None:
    """Thirty generations later no more files are open or mapped than after three."""
    api = api_of(archives)
    counts = []
    for number in range(1, 34):
        publish(number)
        assert api.get("/v1/search", {"q": "body"}).json["total"] == number
        api.get("/readyz")
        counts.append((len(list(Path("/proc/self/fd").iterdir())), mapped_files()))
    assert max(counts[3:]) <= counts[2]


def mapped_files() -> int:
    """How many generations' files this process has mapped."""
    maps = Path("/proc/self/maps").read_text(encoding="utf-8").splitlines()
    return sum("/generations/" in line for line in maps)


def test_readers_in_threads_see_whole_answers_while_generations_change(
    archives: Reloading[Archive], api_of: Callable[..., Api], publish: Publish
) -> None:
    """With a thread that follows, totals never go backwards for any reader, and facets agree with totals."""
    publish(1)
    archives.start(wait_s=20)
    api = api_of(archives)
    is_over = threading.Event()
    wrong: list[object] = []

    def read() -> None:
        seen = 0
        while not is_over.is_set():
            answer = api.get("/v1/search", {"facet": "source"}).json
            facet = answer["facets"]["source"]
            counted = sum(value["count"] for value in facet["values"]) + facet["missing"]
            if answer["total"] < seen or counted != answer["total"]:
                wrong.append(answer)
            seen = answer["total"]

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(2, 12):
        publish(number)
    is_over.set()
    for reader in readers:
        reader.join()
    assert wrong == []
