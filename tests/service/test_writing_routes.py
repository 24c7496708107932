"""Writing over HTTP: what is kept, what is refused and why, and that nothing is kept by halves."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import pytest

from index.archive.store import Store
from index.layout import DataFolder
from service.access.access import Access
from service.access.keys import Scope, make_key
from service.access.register import Register, changing_register
from service.access.rules import Rules
from service.settings import Settings
from service.wiring import archives_of
from service.writing.arrivals import WriteLimits
from service.writing.intake import Intake
from service.writing.keeper import Keeper
from service.writing.rules import CurrentRules
from tests.index.fakes import FakeExtractor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from falcon import testing

    from tests.service.conftest import Api

LINES = "application/x-ndjson"
LIMITS = WriteLimits(body_bytes=2000, article_bytes=400, articles=5)


class Quiet:
    """A log that says nothing."""

    def info(self, event: str, **values: object) -> None:
        """Say nothing."""

    def error(self, event: str, **values: object) -> None:
        """Say nothing."""


class Writer:
    """A client with keys, and the archive it writes to, which nothing has been published of."""

    def __init__(self, data: DataFolder, api: Api, extractor: FakeExtractor, keys: dict[Scope, str]) -> None:
        self.data, self.api, self.extractor, self.keys = data, api, extractor, keys

    def put(self, article_id: str, row: object, query: str = "", **headers: str) -> testing.Result:
        """PUT an article."""
        return self.send("PUT", f"/v1/articles/{article_id}", row, query, **headers)

    def post(self, *rows: object, query: str = "", **headers: str) -> testing.Result:
        """POST articles, each a line; texts are lines as they are."""
        body = "\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows)
        return self.send("POST", "/v1/articles", body, query, **{"Content-Type": LINES, **headers})

    def delete(self, article_id: str, query: str = "", **headers: str) -> testing.Result:
        """DELETE an article."""
        return self.send("DELETE", f"/v1/articles/{article_id}", None, query, **headers)

    def send(self, method: str, path: str, body: object, query: str = "", **headers: str) -> testing.Result:
        """Any request, with the key that its method needs."""
        key = self.keys[Scope.DELETE if method == "DELETE" else Scope.WRITE]
        text = body if isinstance(body, str | None) else json.dumps(body)
        sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **headers}
        return self.api.request(method, path, body=text, query_string=query, headers=sent)

    @property
    def kept(self) -> dict[str, str]:
        """The archive's texts by id, as another process sees them."""
        if not self.data.archive.exists():
            return {}
        with Store.open(self.data.archive) as store:
            return {document.id: document.text for _, document in store.documents()}


@pytest.fixture
def writer_of(tmp_path: Path, api_of: Callable[..., Api]) -> Iterator[Callable[..., Writer]]:
    """Make a `Writer` to an archive that does not exist yet."""
    opened: list[Any] = []
    data = DataFolder(tmp_path / "data")
    made = {scope: make_key(scopes=(scope,), now=dt.datetime.now(dt.UTC)) for scope in (Scope.WRITE, Scope.DELETE)}

    def make(**options: Any) -> Writer:
        with changing_register(data.path) as change:
            change.register = Register(keys=tuple(key for _, key in made.values()))
        extractor = FakeExtractor()
        keeper = Keeper(data, patience_s=0.1)
        options = {
            "intake": Intake(keeper, CurrentRules(lambda: extractor, data.path / "topics.toml"), LIMITS),
            **options,
        }
        archives = archives_of(Settings(data=data.path, reload_check_ms=0), Quiet())
        opened.extend((keeper, archives))
        api = api_of(archives, access=Access(Rules(data.path)), **options)
        return Writer(data, api, extractor, {scope: text for scope, (text, _) in made.items()})

    yield make
    for each in opened:
        each.close()


@pytest.fixture
def writer(writer_of: Callable[..., Writer]) -> Writer:
    """A `Writer`."""
    return writer_of()


def test_an_article_is_put_changed_and_deleted(writer: Writer) -> None:
    """PUT makes and changes the article of its address, again is no change, DELETE removes it; each tells of it."""
    first = writer.put("a-1", {"body": "one", "source": "KCNA"})
    assert (first.status_code, first.headers["location"]) == (201, "/v1/articles/a-1")
    assert (first.json["id"], first.json["effect"], first.json["change"]) == ("a-1", "added", 1)
    again = writer.put("a-1", {"body": "one", "source": "KCNA", "id": "a-1"})
    assert (again.status_code, again.json["effect"], again.json["change"]) == (200, "unchanged", 1)
    assert writer.extractor.understood == ["a-1"]
    changed = writer.put("a-1", {"body": "two", "source": "KCNA"})
    assert (changed.status_code, changed.json["effect"], changed.json["change"]) == (200, "updated", 2)
    assert writer.kept == {"a-1": "two"}
    deleted = writer.delete("a-1")
    assert (deleted.status_code, deleted.json) == (200, {"id": "a-1", "effect": "deleted", "change": 3})
    assert writer.delete("a-1").status_code == 404
    assert writer.kept == {}


def test_ids_may_be_of_any_script(writer: Writer) -> None:
    """An id is percent-encoded in the address, and found in Location as it must be written."""
    answer = writer.put("%EC%8B%A0.1", {"body": "one"})
    assert (answer.json["id"], answer.headers["location"]) == ("신.1", "/v1/articles/%EC%8B%A0.1")
    assert writer.kept == {"신.1": "one"}


def test_a_batch_is_kept_and_told_line_by_line(writer: Writer) -> None:
    """POST keeps every line's article, with or without an id, and tells each one's; blank lines count as lines."""
    writer.put("x", {"body": "old"})
    answer = writer.post({"id": "x", "body": "new", "colour": "red"}, "", {"body": "nameless"}, {"id": 7, "body": "b"})
    assert answer.status_code == 200
    assert [(item["line"], item["effect"]) for item in answer.json["articles"]] == [
        (1, "updated"),
        (3, "added"),
        (4, "added"),
    ]
    assert (answer.json["added"], answer.json["updated"], answer.json["change"]) == (2, 1, 4)
    assert answer.json["unknown_fields"] == [{"name": "colour", "articles": 1}]
    assert sorted(writer.kept.values()) == ["b", "nameless", "new"]
    assert writer.kept[answer.json["articles"][1]["id"]] == "nameless"
    again = writer.post({"id": "x", "body": "new"}, {"body": "nameless"})
    assert (again.json["unchanged"], again.json["change"]) == (2, 3)


def test_a_batch_may_begin_as_files_of_windows_do(writer: Writer) -> None:
    """A byte order mark before the first line is no part of it, as it is none of a file; a second one is."""
    assert writer.post('\ufeff{"id": "x", "body": "b"}', {"id": "y", "body": "b"}).json["added"] == 2
    answer = writer.post('\ufeff\ufeff{"id": "z", "body": "b"}')
    assert (answer.status_code, answer.json["errors"][0]["param"]) == (422, "line 1")


def test_a_batch_is_all_or_nothing(writer: Writer) -> None:
    """One line that cannot be taken, and nothing is kept; every such line is named with its reason."""
    answer = writer.post(
        {"id": "good", "body": "one"}, "{", {"id": "a/b", "body": "x"}, {"title": 7, "body": "x"}, "[]"
    )
    assert answer.status_code == 422
    assert [error["param"] for error in answer.json["errors"]] == ["line 2", "line 3", "line 4", "line 5"]
    assert "is not JSON" in answer.json["errors"][0]["detail"]
    assert "holds '/'" in answer.json["errors"][1]["detail"]
    assert answer.json["detail"].endswith("and 1 more. Nothing was kept")
    assert writer.kept == {}


def test_two_lines_of_one_article_must_agree(writer: Writer) -> None:
    """Which of two texts an article has is not for us to say; the same twice is the same."""
    answer = writer.post({"id": "x", "body": "one"}, {"id": "x", "body": "two"})
    assert answer.status_code == 422
    assert answer.json["errors"] == [{"param": "line 2", "detail": "is the same article as line 1 (x), but differs"}]
    same = writer.post({"id": "x", "body": "one"}, {"id": "x", "body": "one"})
    assert [item["effect"] for item in same.json["articles"]] == ["added", "unchanged"]


def test_a_batch_that_fails_in_the_store_keeps_nothing(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What goes wrong while the third of three is written undoes the first two, and the next batch is kept."""
    writer.put("x", {"body": "one"})
    put, calls = Store._put, []  # noqa: SLF001 - where it is to fail

    def failing(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) == 3:
            raise RuntimeError
        return put(*arguments)

    monkeypatch.setattr(Store, "_put", failing)
    rows = [{"id": name, "body": name} for name in ("a", "b", "c")]
    assert writer.post(*rows).status_code == 500
    assert writer.kept == {"x": "one"}
    assert writer.post(*rows).status_code == 200
    assert len(writer.kept) == 4


def test_all_that_is_wrong_is_told(writer: Writer) -> None:
    """Each fault of an article by itself; what only goes for files, how to map names, is not said."""
    faults = {"url": "ftp://x", "date": 1, "region": [{"role": "x"}]}
    wanted = [
        "url is not a web address (http or https): 'ftp://x'",
        "date is a number, not text",
        "has no body",
        "a region has neither id nor name",
    ]
    told = writer.put("x", faults)
    assert [error["detail"] for error in told.json["errors"]] == wanted
    assert {error["param"] for error in told.json["errors"]} == {"body"}
    told = writer.post({"body": "b"}, faults)
    assert [(error["param"], error["detail"]) for error in told.json["errors"]] == [("line 2", each) for each in wanted]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "said"),
    [
        pytest.param("/x", "{", {}, 400, "is not JSON", id="no JSON"),
        pytest.param("/x", "[1]", {}, 400, "must be a JSON object with the fields of an article", id="no object"),
        pytest.param("/x", "{}", {}, 422, "has no body", id="no body"),
        pytest.param("/x", '{"body": 7}', {}, 422, "body is a number, not text", id="body of a number"),
        pytest.param("/x", '{"body": "b", "id": "y"}', {}, 422, "id is 'y', but the article was sent", id="another id"),
        pytest.param("/a%20b", '{"body": "b"}', {}, 422, "holds ' '", id="an id that cannot be"),
        pytest.param("/%20", '{"body": "b"}', {}, 422, "holds ' '", id="a blank id"),
        pytest.param("/%20x", '{"body": "b"}', {}, 422, "holds ' '", id="an id with a blank before it"),
        pytest.param("/x%09", '{"body": "b"}', {}, 422, "holds '\\t'", id="an id with a tab after it"),
        pytest.param("/%E3%80%80", '{"body": "b"}', {}, 422, "holds '\\u3000'", id="an id of a wide blank"),
        pytest.param("/" + "x" * 129, '{"body": "b"}', {}, 422, "129 characters long", id="too long an id"),
        pytest.param(
            "/x", '{"body": "b", "url": "javascript:1"}', {}, 422, "not a web address", id="a url that is none"
        ),
        pytest.param("/x", '{"body": "a\\u0000b"}', {}, 422, "NUL", id="a character that is none"),
        pytest.param("/x", '{"body": "\\ud800"}', {}, 400, "is not JSON", id="half a character"),
        pytest.param("/x", '{"body": "' + "a" * 400 + '"}', {}, 413, "longer than 400 bytes", id="too long"),
        pytest.param("/x", "{}", {"Content-Type": "text/plain"}, 415, "application/json", id="another type"),
        pytest.param("/x", "{}", {"Content-Encoding": "gzip"}, 415, "without Content-Encoding", id="packed"),
        pytest.param(
            "/x", "{}", {"If-Match": '"abc"'}, 400, "If-Match: takes only *", id="a tag that means nothing here"
        ),
        pytest.param("", "", {"Content-Type": LINES}, 400, "has no article", id="an empty batch"),
        pytest.param("", "{}\n" * 6, {"Content-Type": LINES}, 413, "longer than 5 articles", id="too many articles"),
        pytest.param("", " " * 2001, {"Content-Type": LINES}, 413, "longer than 2000 bytes", id="too long a batch"),
        pytest.param(
            "", "{}\n" + "x" * 401, {"Content-Type": LINES}, 413, "on line 2 is longer than 400", id="a long line"
        ),
        pytest.param(
            "", "[]", {}, 415, "one on each line, sent with Content-Type: application/x-ndjson", id="an array"
        ),
        pytest.param("", b"\xff".decode("latin-1"), {"Content-Type": LINES}, 422, "line 1: is not JSON", id="no text"),
    ],
)
def test_what_cannot_be_taken(  # noqa: PLR0913, PLR0917 - a row of the table
    writer: Writer, path: str, body: str, headers: dict[str, str], status: int, said: str
) -> None:
    """A body that cannot be taken is answered with the reason, and nothing is kept."""
    answer = writer.send("PUT" if path else "POST", f"/v1/articles{path}", body, **headers)
    assert answer.status_code == status
    assert said in answer.json["detail"]
    assert writer.kept == {}


@pytest.mark.parametrize("path", ["/v1/articles/", "/v1/articles/%20", "/v1/articles/%20u"])
def test_no_article_is_written_that_was_not_named(writer: Writer, path: str) -> None:
    """An id that is none does not stand for the article of the same url; nothing goes by it either."""
    writer.put("u", {"body": "one", "url": "https://example.org/u"})
    headers = {"Authorization": f"Bearer {writer.keys[Scope.WRITE]}"}
    row = {"body": "two", "url": "https://example.org/u"}
    client = writer.api.client  # as the empty id is no path that is described
    assert client.simulate_put(path, json=row, headers=headers).status_code == 422
    headers = {"Authorization": f"Bearer {writer.keys[Scope.DELETE]}"}
    assert client.simulate_delete(path, headers=headers).status_code == 404
    assert writer.kept == {"u": "one"}


@pytest.mark.parametrize(
    ("headers", "before", "status"),
    [
        pytest.param({"If-None-Match": "*"}, None, 201, id="only if there is none, and there is none"),
        pytest.param({"If-None-Match": "*"}, "one", 412, id="only if there is none, and there is one"),
        pytest.param({"If-None-Match": "*"}, "two", 412, id="only if there is none, and there is this very one"),
        pytest.param({"If-Match": "*"}, "one", 200, id="only if there is one, and there is"),
        pytest.param({"If-Match": "*"}, None, 412, id="only if there is one, and there is none"),
    ],
)
def test_conditions(writer: Writer, headers: dict[str, str], before: str | None, status: int) -> None:
    """`If-None-Match: *` only makes an article, `If-Match: *` only changes one, in the same step as looking."""
    if before:
        writer.put("x", {"body": before})
    assert writer.put("x", {"body": "two"}, **headers).status_code == status
    assert writer.kept.get("x") == (before if status == 412 else "two")


@pytest.mark.parametrize(
    ("headers", "is_there", "status"),
    [
        pytest.param({"If-Match": "*"}, True, 200, id="only if there is one, and there is"),
        pytest.param({"If-Match": "*"}, False, 412, id="only if there is one, and there is none"),
        pytest.param({"If-None-Match": "*"}, True, 412, id="only if there is none, and there is one"),
        pytest.param({"If-None-Match": "*"}, False, 404, id="only if there is none, and there is none"),
        pytest.param({"If-Match": "*", "If-None-Match": "*"}, True, 412, id="both"),
        pytest.param({"If-Match": '"0000stale"'}, True, 400, id="only if it is as a tag says"),
        pytest.param({"If-None-Match": 'W/"0000stale"'}, True, 400, id="only if it is not as a tag says"),
    ],
)
def test_conditions_of_a_deletion(writer: Writer, headers: dict[str, str], is_there: bool, status: int) -> None:  # noqa: FBT001 - a table
    """A DELETE is conditional on what a PUT is, and deletes nothing if that is not so, or cannot be told."""
    if is_there:
        writer.put("x", {"body": "one"})
    assert writer.delete("x", **headers).status_code == status
    assert ("x" in writer.kept) == (is_there and status != 200)


@pytest.mark.parametrize(
    ("method", "path", "key", "status"),
    [
        pytest.param("PUT", "/x", None, 401, id="put without a key"),
        pytest.param("POST", "", None, 401, id="post without a key"),
        pytest.param("DELETE", "/x", None, 401, id="delete without a key"),
        pytest.param("PUT", "/x", Scope.DELETE, 403, id="put with a key to delete"),
        pytest.param("POST", "", Scope.DELETE, 403, id="post with a key to delete"),
        pytest.param("DELETE", "/x", Scope.WRITE, 403, id="delete with a key to write"),
    ],
)
def test_a_key_is_needed(writer: Writer, method: str, path: str, key: Scope | None, status: int) -> None:
    """Without the right key nothing is read, understood or opened."""
    headers = {"Authorization": f"Bearer {writer.keys[key]}"} if key else {}
    answer = writer.api.request(method, f"/v1/articles{path}", body="{}", headers=headers)
    assert answer.status_code == status
    assert not writer.data.archive.exists()


def test_a_page_of_another_site_is_refused(writer: Writer) -> None:
    """A request that a foreign page makes is refused even with a key, and told nothing that lets the page read it."""
    answer = writer.put("x", {"body": "one"}, Origin="https://evil.example")
    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers
    assert writer.kept == {}


def test_a_dry_run_tells_and_keeps_nothing(writer: Writer) -> None:
    """`dry_run=1` says what would be done and understood, of articles that are there too, and leaves no archive."""
    answer = writer.put("x", {"body": "First line\nmore", "source": "KCNA"}, "dry_run=1")
    assert (answer.status_code, answer.json["effect"], answer.json["dry_run"]) == (200, "added", True)
    assert answer.json["understood"]["article"]["title"] == "First line"
    assert answer.json["understood"]["evidence"]["title"]["evidence"][0]["rule"] == "first-line"
    assert not writer.data.archive.exists()
    writer.put("x", {"body": "one"})
    batch = writer.post({"id": "x", "body": "one"}, {"id": "x2", "body": "two"}, query="dry_run=1").json
    assert [item["effect"] for item in batch["articles"]] == ["unchanged", "added"]
    assert [item["understood"]["article"]["text"] for item in batch["articles"]] == ["one", "two"]
    assert writer.kept == {"x": "one"}


def test_parameters_are_checked(writer: Writer) -> None:
    """A parameter that is not one, or a value that cannot be, is a 400 and nothing is kept."""
    assert writer.put("x", {"body": "one"}, "dry_run=2").json["errors"][0]["param"] == "dry_run"
    assert writer.put("x", {"body": "one"}, "refresh=1").status_code == 400
    assert writer.delete("x", "dry_run=1").status_code == 400
    assert writer.kept == {}


def test_another_process_that_writes_is_waited_for_a_while(writer: Writer) -> None:
    """While another process writes for too long, 503 says when to come again; then it is kept."""
    writer.put("x", {"body": "one"})
    with Store.open(writer.data.archive) as other, other._writing():  # noqa: SLF001 - a transaction left open
        answer = writer.put("x", {"body": "two"})
        assert (answer.status_code, answer.json["code"], answer.headers["retry-after"]) == (503, "cannot-write", "2")
        assert "Nothing was kept" in answer.json["detail"]
    assert writer.put("x", {"body": "two"}).json["effect"] == "updated"


def test_a_full_disk_is_507_and_passes(writer: Writer) -> None:
    """With no space left nothing is kept, what was there stays, and the next write works when there is space again."""
    writer.put("x", {"body": "one"})
    with writer.api.serving.intake._keeper.store() as store:  # type: ignore[union-attr] # noqa: SLF001 - its disk
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]  # noqa: SLF001
        store._connection.execute(f"PRAGMA max_page_count = {pages}")  # noqa: SLF001
    rows = [{"id": str(number), "body": "long " * 60} for number in range(5)]
    for _ in range(30):
        answer = writer.post(*({**row, "title": f"{_}"} for row in rows))
        if answer.status_code != 200:
            break
        rows = [{**row, "id": f"{row['id']}x"} for row in rows]
    before = writer.kept
    assert (answer.status_code, answer.json["code"]) == (507, "storage-full")
    assert writer.post(*rows).status_code == 200  # it was opened anew, and there is no limit any more
    assert before.items() <= writer.kept.items()
    assert before["x"] == "one"


def test_a_folder_that_may_only_be_read_is_said(writer_of: Callable[..., Writer]) -> None:
    """A service without an intake, or whose archive may not be written, says so and what to do."""
    answers = [writer_of(intake=None).put("x", {"body": "one"})]
    writer = writer_of()
    writer.put("x", {"body": "one"})
    with writer.api.serving.intake._keeper.store() as store:  # type: ignore[union-attr] # noqa: SLF001 - as mounted
        store._connection.execute("PRAGMA query_only = ON")  # noqa: SLF001
    answers.append(writer.put("x", {"body": "two"}))
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(503, "cannot-write")] * 2
    assert all("may only read the archive" in answer.json["detail"] for answer in answers)
    assert writer.kept == {"x": "one"}


def test_one_batch_is_understood_at_a_time(writer: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a batch is understood another waits a little and is told to come again; single articles go on."""
    monkeypatch.setattr("service.writing.intake.BATCH_PATIENCE_S", 0.01)
    two = ({"id": "a", "body": "one"}, {"id": "b", "body": "two"})
    with writer.api.serving.intake._batch():  # type: ignore[union-attr] # noqa: SLF001 - another batch
        answer = writer.post(*two)
        assert (answer.status_code, answer.json["code"], answer.headers["retry-after"]) == (503, "busy", "10")
        assert writer.put("x", {"body": "one"}).status_code == 201
    assert writer.post(*two).status_code == 200


def test_a_damaged_archive_is_not_written_to(writer: Writer) -> None:
    """A file that is no archive is left alone, and the answer says where to look."""
    writer.data.path.mkdir(exist_ok=True)
    writer.data.archive.write_bytes(b"this is no database" * 100)
    answer = writer.put("x", {"body": "one"})
    assert (answer.status_code, answer.json["code"]) == (503, "cannot-write")
    assert "dateline check" in answer.json["detail"]
    assert writer.data.archive.read_bytes() == b"this is no database" * 100


def test_what_is_acknowledged_is_in_the_file_that_others_see(writer: Writer) -> None:
    """If another file takes the archive's place, writes go to that one, not to one that nobody can find."""
    writer.put("x", {"body": "one"})
    for path in writer.data.path.glob("archive.sqlite*"):
        path.rename(path.with_name(f"old-{path.name}"))
    assert writer.put("y", {"body": "two"}).status_code == 201
    assert writer.kept == {"y": "two"}
