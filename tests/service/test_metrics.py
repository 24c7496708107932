"""Numbers for whoever keeps the archive: right sums over all processes, in a form that Prometheus reads."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.layout import DataFolder
from service.metrics import BOUNDS_S, Metrics
from service.settings import Settings
from service.tally import MOST_NAMES, Board
from service.wiring import archives_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from index.document import Document
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="[^"\\\n]*",?)*)\})? (-?[0-9.e+-]+)')


def samples(lines: Iterable[str]) -> dict[str, float]:
    """The samples of the text format by name and labels; each must be well-formed, and described before."""
    found: dict[str, float] = {}
    types: dict[str, str] = {}
    for line in lines:
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types
            types[name] = kind
        elif not line.startswith("# HELP "):
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            name, labels, value = sample.groups()
            family = re.sub("_(bucket|sum|count)$", "", name)
            assert types.get(family if types.get(family) == "histogram" else name), line
            key = f"{name}{{{labels}}}" if labels else name
            assert key not in found
            found[key] = float(value)
    return found


def scraped(api: Api) -> dict[str, float]:
    """What `/metrics` says."""
    answer = api.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.text.endswith("\n")
    return samples(answer.text.splitlines())


def test_requests_are_counted_by_route_and_status(api: Api) -> None:
    """Every request, good or bad, under the template of its route; a HEAD of it is a request as well."""
    for _ in range(3):
        api.get("/v1/search", {"q": "winter"})
    api.get("/v1/search", {"page": "0"})
    api.get("/v1/articles/none")
    api.get("/nowhere")
    api.request("HEAD", "/metrics")
    found = scraped(api)
    counted = {key: value for key, value in found.items() if key.startswith("dateline_requests_total")}
    assert counted == {
        'dateline_requests_total{route="/v1/search",status="200"}': 3,
        'dateline_requests_total{route="/v1/search",status="400"}': 1,
        'dateline_requests_total{route="/v1/articles/{article_id}",status="404"}': 1,
        'dateline_requests_total{route="(none)",status="404"}': 1,
        'dateline_requests_total{route="/metrics",status="200"}': 1,
    }
    assert found['dateline_request_duration_seconds_count{route="/v1/search"}'] == 4


def test_every_number_is_documented(api: Api) -> None:
    """docs/deploying.md names each of them."""
    page = (Path(__file__).parents[2] / "docs" / "deploying.md").read_text(encoding="utf-8")
    names = re.findall(r"^# TYPE (\w+)", api.get("/metrics").text, re.MULTILINE)
    assert len(names) > 8
    for name in names:
        assert name in page or f"`{name[name.rindex('_', 0, name.rindex('_')) :]}`" in page


def test_nothing_of_what_was_asked_is_in_it(api: Api) -> None:
    """No question, no article, no address, no made-up path or method."""
    headers = {"User-Agent": "agent-secret", "Cookie": "a=secret", "X-Request-Id": "secret"}
    for method, path in (
        ("GET", "/v1/search"),
        ("GET", "/v1/articles/secret"),
        ("GET", "/secret"),
        ("POST", "/v1/search"),
    ):
        api.client.simulate_request(method, path, query_string="q=secret&region=secret", headers=headers)
    assert "secret" not in api.get("/metrics").text


@given(st.lists(st.one_of(st.floats(0, 20), st.sampled_from(BOUNDS_S)), min_size=1))
def test_a_histogram_counts_what_is_at_or_below_each_bound(durations: list[float]) -> None:
    """Buckets are cumulative, bounds inclusive; the last holds all; sum and count are those of the durations."""
    metrics = Metrics()
    for seconds in durations:
        metrics.answered("/x", 200, seconds)
    found = samples(metrics.lines())
    name = "dateline_request_duration_seconds"
    for bound in BOUNDS_S:
        assert found[f'{name}_bucket{{route="/x",le="{bound}"}}'] == sum(seconds <= bound for seconds in durations)
    assert found[f'{name}_bucket{{route="/x",le="+Inf"}}'] == len(durations)
    assert found[f'{name}_count{{route="/x"}}'] == len(durations)
    assert found[f'{name}_sum{{route="/x"}}'] == pytest.approx(sum(durations))


def test_kept_answers_are_counted(
    api_of: Callable[..., Api],
    documents: Sequence[Document],
    publish_documents: Callable[[DataFolder, Sequence[Document]], object],
    tmp_path: Path,
) -> None:
    """Answers given again, answers that had to be worked out, and what they take."""
    data = DataFolder(tmp_path)
    publish_documents(data, documents)
    archives = archives_of(Settings(data=data.path), NoLog())
    api = api_of(archives)
    for question in ("winter", "winter", "bridge", "winter"):
        length = len(api.get("/v1/search", {"q": question}).content)
    found = scraped(api)
    assert (found["dateline_answer_cache_hits_total"], found["dateline_answer_cache_misses_total"]) == (2, 2)
    assert length < found["dateline_answer_cache_bytes"] < 3 * length + 1000
    archives.close()


def test_the_generation_is_told(api: Api, archives: Reloading[Archive]) -> None:
    """Which is served, since when, with how many articles."""
    found = scraped(api)
    with archives.lease() as archive:
        assert found[f'dateline_generation_info{{generation="{archive.generation}"}}'] == 1
        assert found["dateline_generation_created_seconds"] == pytest.approx(archive.created.timestamp())
    assert found["dateline_articles"] == 30
    assert found["dateline_ready"] == 1


def test_before_anything_is_built_there_are_numbers_too(api_of: Callable[..., Api], tmp_path: Path) -> None:
    """Not ready is a number, not an error."""
    archives = archives_of(Settings(data=tmp_path), NoLog())
    found = scraped(api_of(archives))
    assert found["dateline_ready"] == 0
    assert "dateline_articles" not in found
    archives.close()


class NoLog:
    """A log that keeps nothing."""

    def info(self, event: str, **values: object) -> None:
        """Nothing."""

    def error(self, event: str, **values: object) -> None:
        """Nothing."""


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")  # Python 3.12 and later
def test_processes_that_fork_count_together() -> None:
    """Any process tells what all of them counted, those that have ended included."""
    board = Board(3)
    for number in range(2):
        child = os.fork()
        if child == 0:
            metrics = Metrics(board, number)
            for _ in range(number + 4):
                metrics.answered("/x", 200, 0.001)
            metrics.keeps_bytes(1000)
            os._exit(0)
        os.waitpid(child, 0)
    metrics = Metrics(board, 2)
    metrics.answered("/x", 200, 0.001)
    found = samples(metrics.lines())
    assert found['dateline_requests_total{route="/x",status="200"}'] == 4 + 5 + 1
    assert found["dateline_answer_cache_bytes"] == 2000


def test_who_takes_a_part_over_counts_on() -> None:
    """Counts of a process that was replaced stay; its kept answers are gone with it."""
    board = Board(2)
    first = Metrics(board, board.take("first"))
    first.answered("/x", 200, 0.1)
    first.keeps_bytes(500)
    board.give_back("first")
    second = Metrics(board, board.take("second"))
    second.answered("/x", 200, 0.1)
    found = samples(second.lines())
    assert found['dateline_requests_total{route="/x",status="200"}'] == 2
    assert found["dateline_answer_cache_bytes"] == 0


def test_parts_are_given_once() -> None:
    """Two processes never share a part; one that is given back is free; more than there are is an error."""
    board = Board(2)
    assert {board.take("a"), board.take("b")} == {0, 1}
    with pytest.raises(ValueError, match="all 2 parts are taken"):
        board.take("c")
    board.give_back("nobody")
    board.give_back("a")
    assert board.take("c") == 0


def test_a_part_that_is_full_says_so() -> None:
    """There is room for so many names; one more is refused, and those that are there still count."""
    tally = Board().tally()
    for number in range(MOST_NAMES):
        tally.add(f"n {number}", number)
    with pytest.raises(ValueError, match="no room to count another thing: 'one more'"):
        tally.add("one more")
    tally.add("n 7", 1)
    assert tally.read()["n 7"] == 8
    assert len(tally.read()) == MOST_NAMES
    with pytest.raises(ValueError, match="no room"):
        Board().tally().add("x" * 200_000)
