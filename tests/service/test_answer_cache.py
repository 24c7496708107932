"""Answers kept to be given again: bounded, the right ones, gone with their generation."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.layout import DataFolder
from search.searcher import Searcher
from service.answer_cache import ENTRY_BYTES, AnswerCache
from service.settings import Settings
from service.wiring import archives_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from index.document import Document
    from search.engine import SearchRequest
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abcdef"), st.integers(0, 900))), st.integers(0, 3000))
def test_it_is_a_bounded_memory_of_what_was_used_last(steps: list[tuple[bool, str, int]], limit: int) -> None:
    """After any uses it holds the answers used last that fit together, and never more bytes than its limit."""
    cache = AnswerCache(limit)
    plain: dict[str, bytes] = {}
    for is_kept, key, length in steps:
        if is_kept:
            if length + ENTRY_BYTES <= limit:
                plain.pop(key, None)
                plain[key] = b"x" * length
            cache.keep(key, b"x" * length)
        else:
            found = cache.find(key)
            assert found == plain.get(key)
            if found is not None:
                plain[key] = plain.pop(key)
        while sum(len(body) + ENTRY_BYTES for body in plain.values()) > limit:
            del plain[next(iter(plain))]
        assert cache.size_bytes == sum(len(body) + ENTRY_BYTES for body in plain.values()) <= limit
    assert {key: cache.find(key) for key in plain} == plain


def test_threads_share_it() -> None:
    """Threads that keep and find at once get whole answers, and the bytes are counted right."""
    cache = AnswerCache(20 * (ENTRY_BYTES + 100))
    wrong: list[object] = []

    def work(seed: int) -> None:
        for step in range(2000):
            key = str((seed * step) % 40)
            found = cache.find(key)
            if found not in {None, key.encode() * 50}:
                wrong.append(found)
            cache.keep(key, key.encode() * 50)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in (3, 7, 11, 13)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    kept = [body for key in range(40) if (body := cache.find(str(key)))]
    assert cache.size_bytes == sum(len(body) + ENTRY_BYTES for body in kept)


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[SearchRequest]:
    """What was searched for, whichever the engine."""
    asked: list[SearchRequest] = []

    def noted(work: Callable[..., object]) -> Callable[..., object]:
        def note(searcher: Searcher, request: SearchRequest, *rest: object, **options: object) -> object:
            asked.append(request)
            return work(searcher, request, *rest, **options)

        return note

    for name in ("search", "facet"):
        monkeypatch.setattr(Searcher, name, noted(getattr(Searcher, name)))
    return asked


@pytest.fixture
def data(
    tmp_path: Path, documents: Sequence[Document], publish_documents: Callable[[DataFolder, Sequence[Document]], object]
) -> DataFolder:
    """A published archive."""
    data = DataFolder(tmp_path)
    publish_documents(data, documents)
    return data


@pytest.fixture
def keeping(data: DataFolder) -> Iterator[Reloading[Archive]]:
    """The archive in it, with answers kept, looked at before each request."""
    archives = archives_of(Settings(data=data.path, reload_check_ms=0), None)  # type: ignore[arg-type] # nothing to log
    yield archives
    archives.close()


@pytest.fixture
def kept_api(api_of: Callable[..., Api], keeping: Reloading[Archive]) -> Api:
    """The API of an archive whose answers are kept."""
    return api_of(keeping)


SAME = [
    pytest.param("/v1/search", "q=winter&facet=region", "facet=region&q=winter&op=and", id="search"),
    pytest.param("/v1/facets/topic", "facet_q=mar", "facet_q=mar&facet_size=20", id="facet"),
]


@pytest.mark.parametrize(("path", "one", "other"), SAME)
def test_a_question_that_means_the_same_is_searched_once(
    kept_api: Api, searches: list[SearchRequest], path: str, one: str, other: str
) -> None:
    """The second answer is the first, byte for byte, under the same headers, without a search."""
    first = kept_api.request("GET", path, query_string=one)
    second = kept_api.request("GET", path, query_string=other)
    assert len(searches) == 1
    assert second.content == first.content
    for name in ("etag", "cache-control", "vary", "content-type", "content-length"):
        assert second.headers[name] == first.headers[name]
    assert second.headers["server-timing"].startswith("answer;dur=")
    assert kept_api.request("GET", path, query_string=one, headers={"If-None-Match": "*"}).status_code == 304


def test_a_post_and_a_get_share_an_answer(kept_api: Api, searches: list[SearchRequest]) -> None:
    """The answer to a POST is the answer to the GET; only nobody else may keep it."""
    got = kept_api.get("/v1/search", {"q": "winter"})
    posted = kept_api.post("/v1/search", {"q": "winter"})
    assert posted.content == got.content
    assert len(searches) == 1
    assert posted.headers["cache-control"] == "no-store"
    assert "etag" not in posted.headers


def test_pages_and_cursors_have_answers_of_their_own(kept_api: Api, ids: Callable[[Any], list[str]]) -> None:
    """What differs in any parameter is another answer; each is still right when it is given again."""
    for _ in range(2):
        first = kept_api.get("/v1/search", {"per_page": 5})
        second = kept_api.get("/v1/search", {"per_page": 5, "page": 2})
        by_cursor = kept_api.get("/v1/search", {"per_page": 5, "cursor": first.json["next_cursor"]})
        assert ids(first) != ids(second)
        assert ids(by_cursor) == ids(second)


def test_errors_are_not_kept(kept_api: Api, searches: list[SearchRequest], monkeypatch: pytest.MonkeyPatch) -> None:
    """A question that failed once is asked anew."""

    def fail(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr("search.searcher.Searcher.search", fail)
        assert kept_api.get("/v1/search", {"q": "winter"}).status_code == 500
    assert kept_api.get("/v1/search", {"q": "winter"}).status_code == 200
    assert len(searches) == 1


def test_a_new_generation_has_answers_of_its_own(
    kept_api: Api,
    data: DataFolder,
    documents: Sequence[Document],
    publish_documents: Callable[[DataFolder, Sequence[Document]], object],
) -> None:
    """What was kept goes with the generation it was answered from."""
    assert kept_api.get("/v1/search").json["total"] == 30
    with kept_api.serving.archives.lease() as archive:
        assert archive.answers.size_bytes > 0
    publish_documents(data, documents[:7])
    assert kept_api.get("/v1/search").json["total"] == 7
    with kept_api.serving.archives.lease() as other:
        assert other.answers is not archive.answers


def test_no_bytes_keep_no_answers(api_of: Callable[..., Api], data: DataFolder, searches: list[SearchRequest]) -> None:
    """The setting 0 switches it off."""
    archives = archives_of(Settings(data=data.path, answer_cache_bytes=0), None)  # type: ignore[arg-type] # nothing to log
    api = api_of(archives)
    for _ in range(2):
        assert api.get("/v1/search", {"q": "winter"}).status_code == 200
    assert len(searches) == 2
    archives.close()


def test_a_head_is_not_worked_out(kept_api: Api, searches: list[SearchRequest]) -> None:
    """It has the headers of the answer, its length if it is known already, and refuses what a GET would."""
    head = kept_api.request("HEAD", "/v1/search", query_string="q=winter")
    assert searches == []
    assert "content-length" not in head.headers
    got = kept_api.get("/v1/search", {"q": "winter"})
    assert head.headers["etag"] == got.headers["etag"]
    assert head.headers["cache-control"] == got.headers["cache-control"]
    again = kept_api.request("HEAD", "/v1/search", query_string="q=winter")
    assert again.headers["content-length"] == str(len(got.content))
    assert len(searches) == 1
    for refused in ("page=0", "cursor=made-up", "q=" + "x" * 300):
        assert kept_api.request("HEAD", "/v1/search", query_string=refused).status_code == 400


def test_a_question_that_is_refused_is_never_unchanged(kept_api: Api) -> None:
    """Whoever says they have any answer is not told that they have one to a question without any."""
    answer = kept_api.request(
        "GET", "/v1/search", query_string="q=" + "+".join(["a"] * 60), headers={"If-None-Match": "*"}
    )
    assert answer.status_code == 400


def test_took_ms_is_what_working_it_out_took(api_of: Callable[..., Api], keeping: Reloading[Archive]) -> None:
    """A kept answer repeats it; the header says what giving it now took."""
    seconds = iter([0.0, 5.0, 5.0, 10.0, 10.001])  # taken up, worked out, sent; taken up, sent
    api = api_of(keeping, timer=lambda: next(seconds))
    first, second = api.get("/v1/search", {"q": "winter"}), api.get("/v1/search", {"q": "winter"})
    assert first.json["took_ms"] == second.json["took_ms"] == 5000.0
    assert first.headers["server-timing"] == "answer;dur=5000.0"
    assert second.headers["server-timing"] == "answer;dur=1.0"
