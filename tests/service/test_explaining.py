"""`explain=1` and `recency`: why hits are where they are, in numbers and words, and how age counts where asked to."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from index.document import Basis, Precision, PublishedOn
from search.engine import SearchRequest
from search.highlight import LOOKED_AT
from search.query import Term, Value
from tests.service.conftest import found

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.document import Document
    from search.reloading import Reloading
    from service.archive import Archive
    from tests.service.conftest import Api

QUESTIONS = [
    pytest.param({"q": "smugglers"}, id="a word"),
    pytest.param({"q": "smuggl* OR crackdown"}, id="a prefix or a word"),
    pytest.param({"q": '"solar panels" soldiers', "op": "or"}, id="a phrase or a word"),
    pytest.param({"q": "sinuiju OR bridge -title:winter"}, id="a place, and what is left out"),
    pytest.param({"q": "smugglers", "recency": "1y"}, id="with recency"),
    pytest.param({"q": "region:sinuiju"}, id="nothing that is scored"),
    pytest.param({"q": "smugglers", "sort": "newest", "recency": "30d"}, id="by date, with recency"),
]


@pytest.mark.parametrize("params", QUESTIONS)
def test_reasons_add_up_to_the_score_of_a_hit(api: Api, params: dict[str, Any]) -> None:
    """The reasons' scores make the hit's, and their shares the whole of it if there is any."""
    hits = api.get("/v1/search", {**params, "explain": 1, "per_page": 50}).json["hits"]
    assert hits
    for hit in hits:
        reasons = hit["explanation"]["reasons"]
        assert sum(reason["score"] for reason in reasons) == pytest.approx(hit["score"], abs=1e-8)
        assert sum(reason["share"] for reason in reasons) == pytest.approx(1 if hit["score"] else 0, abs=1e-3)
        for reason in reasons:
            assert sum(word["score"] for word in reason["words"]) == pytest.approx(reason["score"], abs=1e-8)


def test_nothing_is_explained_unless_asked(api: Api) -> None:
    """Without `explain`, or with 0, hits have no explanation and are otherwise the same."""
    plain, off, explained = (
        api.get("/v1/search", {"q": "smugglers", **more}).json["hits"] for more in ({}, {"explain": 0}, {"explain": 1})
    )
    assert plain == off == [{k: v for k, v in hit.items() if k != "explanation"} for hit in explained]
    assert all("explanation" in hit for hit in explained)


def test_a_reason_is_told_in_words(api: Api) -> None:
    """How often a word stands where, how rare it is, and what it is of the score."""
    explained = api.get("/v1/search", {"q": "smugglers winter", "explain": 1, "per_page": 1}).json
    [hit] = explained["hits"]
    first, second = hit["explanation"]["reasons"]
    assert hit["explanation"]["articles"] == 30
    assert first["words"] == [
        {"word": "smugglers", "term": "smuggler", "times": {"body": 1}, "articles": 18, "score": first["score"]}
    ]
    assert first["said"] == f"smugglers: 1 time in text, in 18 of 30 articles: {first['share']:.0%} of the score"
    assert second["said"].startswith(f"{second['words'][0]['word']}: ")


@pytest.mark.parametrize(
    ("q", "said"),
    [
        pytest.param('"solar panels"', '"solar panel" stands there, and its words count wherever ', id="phrase"),
        pytest.param("region:sinuiju", "region: Sinuiju; adds nothing to the score", id="value"),
        pytest.param("신의주", "region: Sinuiju, for 신의주; adds nothing to the score", id="another name"),
        pytest.param("topic:markets", "topic: Markets; adds nothing to the score", id="topic"),
        pytest.param("date:2018", "published in the days asked for; adds nothing to the score", id="days"),
    ],
)  # fmt: skip
def test_every_kind_of_reason_has_its_words(api: Api, q: str, said: str) -> None:
    """Phrases, values, other names and days say what they are."""
    hits = api.get("/v1/search", {"q": q, "explain": 1, "per_page": 50}).json["hits"]
    assert hits
    assert all(any(reason["said"].startswith(said) for reason in hit["explanation"]["reasons"]) for hit in hits)


def test_the_page_says_why(api: Api) -> None:
    """The search page shows each hit's reasons where it is asked to, on every page of it, and else does not."""
    page = api.client.simulate_get("/?q=smugglers&explain=1&recency=1y").text
    assert page.count("<summary>Why it is here</summary>") == 10
    assert "of the score" in page
    assert "explain=1" in page[page.index('id="next"') :]
    assert "Why it is here" not in api.client.simulate_get("/?q=smugglers").text


def test_age_counts_back_from_the_newest_article(api: Api, documents: Sequence[Document]) -> None:
    """With recency a score is halved for each half-life before the last day of the newest article."""
    newest = max(document.published.value.end for document in documents if document.published)
    plain = {hit["id"]: hit["score"] for hit in api.get("/v1/search", {"q": "smugglers", "per_page": 50}).json["hits"]}
    asked = {"q": "smugglers", "per_page": 50, "recency": "6m", "explain": 1}
    for hit in api.get("/v1/search", asked).json["hits"]:
        recency = hit["explanation"]["recency"]
        assert (recency["as_of"], recency["half_life_days"]) == (newest.isoformat(), 180)
        if hit["published"] is None:
            assert (recency["age_days"], recency["factor"]) == (None, 1 / 1024)
        else:
            age_days = (newest - dt.date.fromisoformat(hit["published"]["end"])).days
            assert recency["age_days"] == age_days
            assert recency["factor"] == pytest.approx(max(0.5 ** (age_days / 180), 1 / 1024))
        assert hit["score"] == pytest.approx(plain[hit["id"]] * recency["factor"], abs=2e-9)
        assert recency["said"].endswith("counts in full" if recency["factor"] == 1 else " times")


def test_a_date_in_the_future_makes_nothing_old(
    archives_with: Callable[[Sequence[Document]], Reloading[Archive]],
    api_of: Callable[..., Api],
    documents: Sequence[Document],
) -> None:
    """An article that cannot have been out when the index was made does not move the day that ages count from."""
    far = PublishedOn(dt.date(2999, 1, 1), dt.date(2999, 1, 1), Precision.DAY, Basis.DECLARED)
    wrong = replace(documents[4], id="from-the-future", published=found(far))
    question = {"q": "smugglers", "recency": "1y", "explain": 1}
    hits = api_of(archives_with((*documents, wrong))).get("/v1/search", question).json["hits"]
    newest = max(document.published.value.end for document in documents if document.published)
    assert {hit["explanation"]["recency"]["as_of"] for hit in hits} == {newest.isoformat()}
    ages = {hit["id"]: hit["explanation"]["recency"]["age_days"] for hit in hits}
    assert ages["from-the-future"] == 0


def test_an_archive_without_dates_is_all_equally_old(
    archives_with: Callable[[Sequence[Document]], Reloading[Archive]],
    api_of: Callable[..., Api],
    documents: Sequence[Document],
) -> None:
    """Where nothing is dated, recency changes no order."""
    undated = [replace(document, published=None) for document in documents]
    api = api_of(archives_with(undated))
    plain, decayed = (
        [hit["id"] for hit in api.get("/v1/search", {"q": "smugglers", **more}).json["hits"]]
        for more in ({}, {"recency": "30d"})
    )
    assert plain == decayed


def test_cursors_follow_the_decayed_order(api: Api) -> None:
    """Page after page by cursor gives the order of one large page; a cursor does not go with another half-life."""
    question = {"q": "smugglers", "recency": "1y"}
    whole = [hit["id"] for hit in api.get("/v1/search", {**question, "per_page": 50}).json["hits"]]
    answer = api.get("/v1/search", {**question, "per_page": 4}).json
    first, seen = answer["next_cursor"], [hit["id"] for hit in answer["hits"]]
    while answer["next_cursor"]:
        answer = api.get("/v1/search", {**question, "per_page": 4, "cursor": answer["next_cursor"]}).json
        seen += [hit["id"] for hit in answer["hits"]]
    assert seen == whole
    assert api.get("/v1/search", {"q": "smugglers", "recency": "2y", "cursor": first}).status_code == 400


def test_a_very_long_article_is_not_explained(
    archives_with: Callable[[Sequence[Document]], Reloading[Archive]],
    api_of: Callable[..., Api],
    documents: Sequence[Document],
) -> None:
    """What would take long to go through has null for an explanation, and a page shows it without."""
    long = replace(documents[4], id="long", text=documents[4].text + " more" * LOOKED_AT)
    api = api_of(archives_with((*documents[:4], long)))
    hits = api.get("/v1/search", {"q": "smugglers", "explain": 1}).json["hits"]
    assert {hit["id"]: hit["explanation"] is None for hit in hits} == {
        "report-0": False,
        "report-3": False,
        "long": True,
    }
    assert api.client.simulate_get("/?q=smugglers&explain=1").text.count("Why it is here") == len(hits) - 1


def test_who_sees_a_part_is_told_no_counts(archives: Reloading[Archive]) -> None:
    """Scores are of the whole archive; numbers of its articles are not for whoever sees but some of them."""
    with archives.lease() as archive:
        part = archive.searcher.within(Value("source", "daily-nk"))
        hits = part.search(SearchRequest(query=Term("smuggler")), explain=True).hits
    assert hits
    for hit in hits:
        assert hit.explanation
        assert hit.explanation.articles is None
        assert [word.articles for reason in hit.explanation.reasons for word in reason.words] == [None]
        assert hit.explanation.score == pytest.approx(hit.score, abs=2e-9)
