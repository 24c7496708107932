"""A writer keeps at it while a cluster is busy, and says which article it will not take."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from index.errors import ArticleRefused, ClusterBusy, ClusterError, ClusterFull, ClusterUnreachable
from index.layout import Reflects
from index.opensearch import writing
from index.opensearch.schema import INDEX_FORMAT, entry_from_record
from index.opensearch.state import State
from index.opensearch.writing import Gone, IndexWriter
from tests.contract.archives import a_record

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from index.opensearch.client import Answer
    from index.opensearch.schema import Entry

NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
REFLECTS = Reflects(archive="a" * 16, change=7, rules="rules")
STATE = State(format=INDEX_FORMAT, token="0" * 8, reflects=REFLECTS, last_serial=0, created=NOW, cursor_key="")
FULL = {"type": "cluster_block_exception", "reason": "blocked: disk usage exceeded flood-stage watermark"}


def refusal(status: int, **error: str) -> dict[str, Any]:
    """What is answered of an item that was not written."""
    return {"status": status, "error": error}


class FakeCluster:
    """Keeps what is sent in bulk. `outcomes` says by an item's id how it fares at each attempt; else it is written.

    `failures` are raised by the first requests. A clock goes on by what is slept.
    """

    def __init__(
        self, outcomes: Mapping[str, Sequence[dict[str, Any]]] | None = None, failures: Sequence[ClusterError] = ()
    ) -> None:
        self.outcomes = {key: list(several) for key, several in (outcomes or {}).items()}
        self.failures = list(failures)
        self.requests: list[list[dict[str, Any]]] = []
        self.asked: list[tuple[str, str]] = []
        self.states: list[dict[str, Any]] = []
        self.time = 0.0

    def ask(self, method: str, path: str, body: Any = None, **_options: object) -> Answer:
        """Answer as a cluster does."""
        self.asked.append((method, path))
        if self.failures:
            raise self.failures.pop(0)
        if path == "/_bulk":
            return self._bulk([json.loads(line) for line in body.splitlines()])
        if path.endswith("_mapping"):
            self.states.append(body["_meta"]["dateline"])
        return {"acknowledged": True, "_shards": {"total": 6, "failed": 0}}

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self.time += seconds

    def _bulk(self, lines: list[dict[str, Any]]) -> Answer:
        heads = [line for line in lines if set(line) & {"index", "create", "delete"}]
        self.requests.append(heads)
        items = [{operation: self._outcome(to["_id"])} for head in heads for operation, to in head.items()]
        return {"errors": any("error" in next(iter(item.values())) for item in items), "items": items}

    def _outcome(self, item: str) -> dict[str, Any]:
        several = self.outcomes.get(item)
        return several.pop(0) if several else {"status": 201}

    def written(self) -> list[str]:
        """The ids of articles in each request, in order."""
        return [to["_id"] for heads in self.requests for head in heads for name, to in head.items() if name != "create"]


def entry(serial: int, text: str = "") -> Entry:
    """An article."""
    return entry_from_record(a_record(serial, body=text), f"article-{serial}", "{}")


def writer(cluster: FakeCluster) -> IndexWriter:
    """A writer that waits without waiting."""
    return IndexWriter(cluster, "news-1", STATE, sleep=cluster.sleep, clock=lambda: cluster.time)  # type: ignore[arg-type]  # a fake


def test_articles_are_written_with_the_change_they_are_of() -> None:
    """Each under its serial, with the change as its version; a deletion too."""
    cluster = FakeCluster()
    assert writer(cluster).write([entry(1), Gone(2)], change=9) == 2
    version = {"_index": "news-1", "version": 9, "version_type": "external"}
    assert cluster.requests == [[{"index": {"_id": "1", **version}}, {"delete": {"_id": "2", **version}}]]


def test_what_the_cluster_is_too_busy_for_is_sent_again_alone() -> None:
    """Only the items that were turned away, later each time, until they are taken."""
    busy = refusal(429, type="rejected", reason="queue is full")
    cluster = FakeCluster({"2": [busy, refusal(503, type="unavailable", reason="no shard")]})
    writer(cluster).write([entry(1), entry(2), entry(3)], change=9)
    assert cluster.written() == ["1", "2", "3", "2", "2"]
    assert cluster.time > 0


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(ClusterBusy("503"), id="busy"),
        pytest.param(ClusterUnreachable(("http://one",), "refused"), id="not reached"),
    ],
)
def test_a_cluster_that_is_away_for_a_moment_loses_nothing(failure: ClusterError) -> None:
    """The whole request is sent again."""
    cluster = FakeCluster(failures=[failure, failure])
    writer(cluster).write([entry(1)], change=9)
    assert cluster.written() == ["1"]


def test_a_cluster_that_stays_away_is_an_error() -> None:
    """After a minute it is told, and nothing goes on as if it were written."""
    cluster = FakeCluster(failures=[ClusterUnreachable(("http://one",), "refused")] * 1000)
    with pytest.raises(ClusterUnreachable):
        writer(cluster).write([entry(1)], change=9)
    assert 30 < cluster.time <= writing.PATIENCE_S


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(refusal(409, type="version_conflict_engine_exception", reason="newer"), id="written before"),
        pytest.param({"status": 404, "result": "not_found"}, id="deleted before"),
    ],
)
def test_what_was_done_before_is_done(outcome: dict[str, Any]) -> None:
    """An item that is there in this state or a newer one is no error, and is not sent again."""
    cluster = FakeCluster({"1": [outcome], "3": [refusal(429)]})
    writer(cluster).write([Gone(1) if outcome["status"] == 404 else entry(1), entry(3)], change=9)
    assert cluster.written() == ["1", "3", "3"]


@pytest.mark.parametrize(
    ("outcome", "expected", "words"),
    [
        pytest.param(
            refusal(400, type="mapper_parsing_exception", reason="too long"),
            ArticleRefused,
            "article article-1: mapper_parsing_exception: too long",
            id="an article it cannot take",
        ),
        pytest.param({"status": 429, "error": FULL}, ClusterFull, "news-1 takes no more articles", id="a full disk"),
    ],
)
def test_what_will_not_be_written_is_told(outcome: dict[str, Any], expected: type[ClusterError], words: str) -> None:
    """At once, with the article's id or what to do."""
    cluster = FakeCluster({"1": [outcome]})
    with pytest.raises(expected, match=words):
        writer(cluster).write([entry(1)], change=9)
    assert cluster.time == 0


def test_the_cluster_sets_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request ends when it is large enough, and articles are read only as they are sent."""
    monkeypatch.setattr(writing, "BYTES_AT_ONCE", 1000)
    cluster = FakeCluster()
    read: list[int] = []

    def articles() -> Any:
        for serial in range(1, 10):
            read.append(len(cluster.requests))
            yield entry(serial, "word " * 100)

    writer(cluster).write(articles(), change=9)
    assert len(cluster.requests) > 3
    assert read == sorted(read)
    assert read[-1] >= 3


def test_each_word_is_sent_once_until_a_request_fails() -> None:
    """Words that are in the index are not sent again; after a failure it isn't known whether they are."""
    cluster = FakeCluster()
    writing_to = writer(cluster)

    def words() -> list[str]:
        return [head["create"]["_id"] for head in cluster.requests[-1] if "create" in head]

    writing_to.write([entry(1, "rice prices"), entry(2, "rice")], change=9)
    assert words() == ["price", "rice"]
    writing_to.write([entry(3, "rice market")], change=10)
    assert words() == ["market"]
    cluster.failures = [ClusterError("no")]
    with pytest.raises(ClusterError):
        writing_to.write([entry(4, "market")], change=11)
    writing_to.write([entry(4, "market")], change=11)
    assert words() == ["market"]


def test_the_index_says_what_it_reflects_only_when_it_can_be_searched() -> None:
    """Before a change is made searchable the index says that it is under way, and afterwards what it reflects."""
    cluster = FakeCluster()
    writing_to = writer(cluster)
    writing_to.write([entry(5)], change=8)
    reflects = Reflects(archive="a" * 16, change=8, rules="rules")
    state = writing_to.publish(reflects, now=NOW)
    assert [path for _, path in cluster.asked[1:]] == [
        "/news-1/_mapping",
        "/news-1-words/_refresh",
        "/news-1/_refresh",
        "/news-1/_mapping",
    ]
    assert [(told["is_pending"], told["reflects"]["change"]) for told in cluster.states] == [(True, 7), (False, 8)]
    assert (state.reflects, state.last_serial) == (reflects, 5)


def test_what_is_gone_does_not_say_how_far_articles_are_written() -> None:
    """A build that is broken off goes on behind the last article that was written, whatever was deleted beyond it."""
    writing_to = writer(FakeCluster())
    writing_to.write([entry(5), Gone(9)], change=8)
    assert writing_to.publish(REFLECTS, now=NOW).last_serial == 5


def test_a_shard_that_is_not_refreshed_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as a shard cannot show a change, the index doesn't say that it reflects it."""
    cluster = FakeCluster()
    answers = iter([{"total": 6, "failed": 1}, {"total": 6, "failed": 0}])
    ask = cluster.ask

    def with_failure(method: str, path: str, body: Any = None, **options: object) -> Answer:
        answer: Answer = ask(method, path, body, **options)
        return {"_shards": next(answers)} if path == "/news-1/_refresh" else answer

    monkeypatch.setattr(cluster, "ask", with_failure)
    writer(cluster).publish(REFLECTS, now=NOW)
    assert [told["is_pending"] for told in cluster.states] == [True, False]
    assert cluster.time > 0


def test_retries_are_not_forever_where_a_shard_stays_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A publish that cannot be finished is an error, and the index still says that it is under way."""
    cluster = FakeCluster()
    ask: Callable[..., Answer] = cluster.ask
    failed = {"_shards": {"total": 6, "failed": 6}}
    monkeypatch.setattr(
        cluster, "ask", lambda *sent, **options: failed if "_refresh" in sent[1] else ask(*sent, **options)
    )
    with pytest.raises(ClusterBusy, match="6 of 6 shards"):
        writer(cluster).publish(REFLECTS, now=NOW)
    assert [told["is_pending"] for told in cluster.states] == [True]
