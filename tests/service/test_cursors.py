"""Cursors: the whole result set is reachable, and nobody can make one up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.layout import DataFolder
from search.thesaurus import load_synonyms
from service.cursors import cursor_from_offset, offset_from_cursor
from service.problems import CursorExpired
from service.settings import Settings
from service.wiring import archives_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from falcon import testing

    from index.document import Document
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

KEY = b"k" * 32
SEQUENCE = b"s" * 16


@given(offset=st.integers(0, 2**63), generation=st.text(), sequence=st.binary(min_size=16, max_size=16))
def test_a_cursor_gives_its_offset_back(offset: int, generation: str, sequence: bytes) -> None:
    """For the generation and sequence it was made for."""
    cursor = cursor_from_offset(offset, key=KEY, generation=generation, sequence=sequence)
    assert offset_from_cursor(cursor, key=KEY, generation=generation, sequence=sequence) == offset


def test_no_altered_cursor_is_taken() -> None:
    """Whichever letter is changed to whatever, the cursor is refused or said to be expired, never followed."""
    cursor = cursor_from_offset(10, key=KEY, generation="1", sequence=SEQUENCE)
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    altered = {cursor[:at] + letter + cursor[at + 1 :] for at in range(len(cursor)) for letter in letters} - {cursor}
    assert len(altered) == len(cursor) * 63
    for text in altered:
        with pytest.raises((ValueError, CursorExpired)):
            offset_from_cursor(text, key=KEY, generation="1", sequence=SEQUENCE)


@pytest.mark.parametrize(
    ("key", "generation", "sequence", "error"),
    [
        pytest.param(b"x" * 32, "1", SEQUENCE, ValueError, id="signed by another"),
        pytest.param(KEY, "2", SEQUENCE, CursorExpired, id="of another generation"),
        pytest.param(b"x" * 32, "2", SEQUENCE, CursorExpired, id="of another generation with another key"),
        pytest.param(KEY, "1", b"t" * 16, ValueError, id="of another question"),
    ],
)
def test_a_cursor_serves_one_question_on_one_generation(
    key: bytes, generation: str, sequence: bytes, error: type[Exception]
) -> None:
    """A cursor of another generation has expired; one of another question or key is wrong."""
    cursor = cursor_from_offset(10, key=KEY, generation="1", sequence=SEQUENCE)
    with pytest.raises(error):
        offset_from_cursor(cursor, key=key, generation=generation, sequence=sequence)


def test_a_cursor_ends_with_the_synonyms_it_was_asked_by(
    archives: Reloading[Archive], api_of: Callable[..., Api]
) -> None:
    """By other synonyms a question finds other articles in another order: there is nothing to go on in."""
    before, same, after = (api_of(archives, synonyms=synonyms) for synonyms in ((), (), load_synonyms()))
    cursor = before.get("/v1/search", {"q": "winter"}).json["next_cursor"]
    asked = {"q": "winter", "cursor": cursor}
    assert same.get("/v1/search", asked).status_code == 200
    for method in ("GET", "HEAD"):
        assert after.request(method, "/v1/search", params=asked).status_code == 410
    assert after.get("/v1/search", asked).json["code"] == "cursor-expired"


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({}, id="all"),
        pytest.param({"q": "winter OR traders", "per_page": 7}, id="by relevance"),
        pytest.param({"region": "kp", "sort": "oldest", "per_page": 1}, id="one by one"),
    ],
)
def test_cursors_walk_the_whole_result_set(
    api: Api, ids: Callable[[testing.Result], list[str]], params: dict[str, object]
) -> None:
    """Following `next_cursor` gives every hit once, in order, and ends with null at the last page."""
    whole = api.get("/v1/search", {**params, "per_page": 50})
    walked: list[str] = []
    result = api.get("/v1/search", params)
    for number in range(1, 40):
        walked += ids(result)
        assert result.json["page"] == number
        cursor = result.json["next_cursor"]
        if cursor is None:
            break
        result = api.get("/v1/search", {**params, "cursor": cursor})
    assert walked == ids(whole)
    assert len(walked) == whole.json["total"]


def test_a_cursor_may_be_followed_in_other_clothes(api: Api, ids: Callable[[testing.Result], list[str]]) -> None:
    """Page size, facets and highlights may change on the way, a region be called by another name of the same value."""
    whole = ids(api.get("/v1/search", {"q": "winter", "per_page": 50}))
    cursor = api.get("/v1/search", {"q": "winter", "per_page": 3}).json["next_cursor"]
    clothes = {"per_page": 5, "facet": "topic", "highlight": 0, "page": ""}
    dressed = api.get("/v1/search", {"q": "winter", "cursor": cursor, **clothes})
    assert ids(dressed) == whole[3:8]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        pytest.param({"q": "summer"}, "cursor", id="another question"),
        pytest.param({"sort": "oldest"}, "cursor", id="another order"),
        pytest.param({"source": "daily-nk"}, "cursor", id="another filter"),
        pytest.param({"page": 1}, "page", id="a page as well"),
    ],
)
def test_a_cursor_belongs_to_its_question(api: Api, change: dict[str, object], param: str) -> None:
    """With anything else that changes which hits there are or their order, it is a 400."""
    cursor = api.get("/v1/search", {"q": "winter"}).json["next_cursor"]
    result = api.get("/v1/search", {"q": "winter", "cursor": cursor, **change})
    assert result.status_code == 400
    assert [error["param"] for error in result.json["errors"]] == [param]


def test_a_cursor_of_a_replaced_index_has_expired(
    api_of: Callable[..., Api],
    documents: Sequence[Document],
    publish_documents: Callable[[DataFolder, Sequence[Document]], object],
    tmp_path: Path,
) -> None:
    """After a new generation is published, its answer is 410 and says what to do."""
    data = DataFolder(tmp_path)
    publish_documents(data, documents)
    archives = archives_of(Settings(data=tmp_path, reload_check_ms=0), None)  # type: ignore[arg-type] # nothing to log
    api = api_of(archives)
    cursor = api.get("/v1/search").json["next_cursor"]
    assert api.get("/v1/search", {"cursor": cursor}).status_code == 200
    publish_documents(data, documents)
    result = api.get("/v1/search", {"cursor": cursor})
    assert result.status_code == 410
    assert result.json["code"] == "cursor-expired"
    assert "search again without it" in result.json["detail"]
    archives.close()
