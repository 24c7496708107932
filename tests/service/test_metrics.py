"""Numbers for whoever keeps the archive: right sums over all processes, in a form that Prometheus reads."""

from __future__ import annotations

import datetime as dt
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.layout import DataFolder
from service.access.access import Access
from service.access.keys import Scope, make_key
from service.access.register import changing_register
from service.access.rules import Rules
from service.indexer_status import Reporting, find_status
from service.limiting.limiter import Limiter
from service.limiting.rates import Rate
from service.limiting.requests import RateLimits
from service.metrics import BOUNDS_S, Metrics, leave
from service.problems import TurnedAway
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


class Connection:
    """A connection that came in at a port."""

    def __init__(self, port: int) -> None:
        self._port = port

    def getsockname(self) -> tuple[str, int]:
        """Its end on our side."""
        return "127.0.0.1", self._port


PORT = 9108
NUMBERS_PORT = {"gunicorn.socket": Connection(PORT)}


@pytest.fixture(name="api")
def api_with_port(archives: Reloading[Archive], api_of: Callable[..., Api]) -> Api:
    """The API of the published archive, which tells numbers at a port."""
    return api_of(archives, metrics_port=PORT)


def scraped(api: Api) -> dict[str, float]:
    """What `/metrics` says."""
    answer = api.get("/metrics", extras=NUMBERS_PORT)
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
    api.request("HEAD", "/metrics", extras=NUMBERS_PORT)
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
    names = re.findall(r"^# TYPE (\w+)", api.get("/metrics", extras=NUMBERS_PORT).text, re.MULTILINE)
    assert len(names) > 15
    assert [name for name in names if f"`{name}`" not in page] == []


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
    assert "secret" not in api.get("/metrics", extras=NUMBERS_PORT).text


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
    api = api_of(archives, metrics_port=PORT)
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
    found = scraped(api_of(archives, metrics_port=PORT))
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


def test_what_all_show_is_what_the_last_shows() -> None:
    """Who answers nobody yet is not waited for, nor who has ended; who answers and has nothing to show, is."""
    board = Board(3)
    one, two, three = (Metrics(board, board.take(name)) for name in ("one", "two", "three"))
    assert three.shown_by_all() is None
    one.shows(0)
    assert three.shown_by_all() == 0
    one.shows(9)
    two.shows(7)
    assert [process.shown_by_all() for process in (one, two, three)] == [7, 7, 7]
    leave(board, 1)
    assert three.shown_by_all() == 9
    one.shows(4)  # after a rollback
    assert three.shown_by_all() == 4
    one.answers()
    assert three.shown_by_all() == 4
    three.answers()
    assert one.shown_by_all() == 0
    three.shows(5)
    assert one.shown_by_all() == 4


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


@pytest.mark.parametrize(
    ("extras", "headers", "status"),
    [
        pytest.param({}, {}, 401, id="a stranger"),
        pytest.param({}, {"Authorization": "Bearer wrong"}, 401, id="a wrong key"),
        pytest.param({"gunicorn.socket": Connection(8000)}, {}, 401, id="the public port"),
        pytest.param({"gunicorn.socket": Connection(8000)}, {"Host": f"127.0.0.1:{PORT}"}, 401, id="a made-up Host"),
        pytest.param({"SERVER_PORT": str(PORT)}, {}, 401, id="a made-up port"),
        pytest.param(NUMBERS_PORT, {}, 200, id="this machine's own port"),
    ],
)
def test_numbers_are_not_for_everybody(api: Api, extras: dict[str, Any], headers: dict[str, str], status: int) -> None:
    """Only a connection to the port for them, or a key for them, gets them: nothing that a request says."""
    answer = api.client.simulate_get("/metrics", extras=extras, headers=headers)
    assert answer.status_code == status
    assert ("dateline_requests_total" in answer.text) is (status == 200)


@pytest.mark.parametrize(
    ("scope", "status"),
    [(Scope.METRICS, 200), (Scope.ADMIN, 200), (Scope.READ, 403), (Scope.WRITE, 403)],
)
def test_a_key_for_numbers_gets_them(
    api_of: Callable[..., Api], archives: Reloading[Archive], tmp_path: Path, scope: Scope, status: int
) -> None:
    """One with the scope `metrics`, or for everything; no other. Without a port for them, too."""
    text, key = make_key(scopes=(scope,), now=dt.datetime.now(dt.UTC))
    with changing_register(tmp_path) as change:
        change.register = msgspec.structs.replace(change.register, keys=(key,))
    api = api_of(archives, access=Access(Rules(tmp_path)))
    answer = api.client.simulate_get("/metrics", headers={"Authorization": f"Bearer {text}"})
    assert answer.status_code == status


def test_without_a_port_for_them_a_connection_to_port_0_is_nothing_special(
    api_of: Callable[..., Api], archives: Reloading[Archive]
) -> None:
    """0 means none, not any."""
    answer = api_of(archives).client.simulate_get("/metrics", extras={"gunicorn.socket": Connection(0)})
    assert answer.status_code == 401


def test_a_unix_socket_is_no_port(api: Api) -> None:
    """Its address is a path, or nothing."""
    for address in ("/run/dateline.sock", ""):
        connection = Connection(PORT)
        connection.getsockname = lambda address=address: address  # type: ignore[method-assign,misc] # a socket of another family
        assert api.client.simulate_get("/metrics", extras={"gunicorn.socket": connection}).status_code == 401


def test_prometheus_reads_it(api: Api) -> None:
    """By its own parser: every family has a type and a help, and no sample is lost."""
    parser = pytest.importorskip("prometheus_client.parser", reason="needs prometheus-client")
    for question in ("winter", "smuggl*"):
        api.get("/v1/search", {"q": question})
    text = api.get("/metrics", extras=NUMBERS_PORT).text
    families = list(parser.text_string_to_metric_families(text))
    assert all(family.documentation and family.type in {"counter", "gauge", "histogram"} for family in families)
    assert sum(len(family.samples) for family in families) == sum(
        not line.startswith("#") for line in text.splitlines()
    )


def test_what_a_question_costs_the_engine_is_told_by_route(api: Api) -> None:
    """Of requests that asked the engine; others are not among them, and each counts what it asked only."""
    for path in ("/v1/search", "/v1/feed.atom"):
        api.get(path, {"q": "winter"})
    for _ in range(3):
        api.get("/healthz")
    found = scraped(api)
    name = "dateline_engine_seconds"
    assert {key for key in found if key.startswith(f"{name}_count")} == {
        f'{name}_count{{route="/v1/search"}}',
        f'{name}_count{{route="/v1/feed.atom"}}',
    }
    whole = found['dateline_request_duration_seconds_sum{route="/v1/search"}']
    assert 0 < found[f'{name}_sum{{route="/v1/search"}}'] < whole
    assert found['dateline_requests_total{route="/healthz",status="200"}'] == 3


def test_what_is_turned_away_is_counted_by_why(
    api_of: Callable[..., Api], archives: Reloading[Archive], tmp_path: Path
) -> None:
    """Too many from an address, wrong keys, too many of those."""
    api = api_of(
        archives,
        metrics_port=PORT,
        limits=RateLimits(rate=Rate(60, 60, 2)),
        access=Access(Rules(tmp_path), limiter=Limiter()),
    )
    for _ in range(5):
        api.client.simulate_get("/v1/search", remote_addr="203.0.113.7")
    wrong = {"Authorization": "Bearer dl_00000000_" + "A" * 43}
    statuses = [api.client.simulate_get("/metrics", headers=wrong).status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    found = scraped(api)
    told = {reason: found[f'dateline_refused_total{{reason="{reason}"}}'] for reason in get_args(TurnedAway)}
    assert told == {"rate": 3, "site-rate": 0, "wrong-key": 5, "key-rate": 2, "busy": 0}


def test_what_is_going_on_is_told(api: Api) -> None:
    """Requests under way (the one that asks), what waits, memory, generations that are open."""
    api.serving.metrics.waiting(3)
    api.get("/healthz")
    found = scraped(api)
    assert found["dateline_requests_in_progress"] == 1
    assert found["dateline_requests_waiting"] == 3
    assert found["dateline_resident_bytes"] > 1_000_000
    assert found["dateline_open_generations"] >= 1
    assert scraped(api)["dateline_requests_in_progress"] == 1


def test_what_the_indexer_says_is_told(
    api_of: Callable[..., Api], archives: Reloading[Archive], tmp_path: Path
) -> None:
    """How much it published, how long that took, how far behind what is served is; whether it is alive."""
    data = DataFolder(tmp_path)
    api = api_of(archives, metrics_port=PORT, indexer=lambda: find_status(data))
    assert "dateline_indexer_alive" not in scraped(api)
    indexer = Reporting(data)
    indexer.published("2-00000000", 5, 0.5)
    indexer.failed("the disk is full")
    indexer.published("3-00000000", 8, 0.25)
    found = scraped(api)
    with archives.lease() as archive:
        assert found["dateline_changes_behind"] == 8 - archive.change
        assert found["dateline_generation_change"] == archive.change
    assert found["dateline_indexer_alive"] == 1
    assert found["dateline_publishes_total"] == 2
    assert found["dateline_publish_seconds_total"] == 0.75
    assert found["dateline_publish_failures_total"] == 1
    later = api_of(
        archives,
        metrics_port=PORT,
        indexer=lambda: find_status(data),
        now=lambda: dt.datetime.now(dt.UTC) + dt.timedelta(minutes=2),
    )
    assert scraped(later)["dateline_indexer_alive"] == 0
    assert scraped(later)["dateline_generation_age_seconds"] >= 120
