"""`/v1/articles/{id}` and its evidence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from index.document import Document
    from tests.service.conftest import Api


def test_every_article_found_can_be_read(api: Api, documents: Sequence[Document]) -> None:
    """The links of every hit lead to the article and its evidence, which say what the document says."""
    by_id = {document.id: document for document in documents}
    hits = api.get("/v1/search", {"per_page": 50}).json["hits"]
    assert len(hits) == len(by_id)
    for hit in hits:
        document = by_id[hit["id"]]
        article = api.get(hit["links"]["self"]).json
        assert article["text"] == document.text
        assert article["body"] == document.body
        assert article["captions"] == list(document.captions)
        assert {name: article[name] for name in hit if name in article} == {
            name: value for name, value in hit.items() if name in article
        }
        evidence = api.get(hit["links"]["evidence"]).json
        assert evidence["title"]["value"] == hit["title"]
        assert [found["value"] for found in evidence["regions"]] == hit["regions"]


def test_blocks_cut_the_text(api: Api) -> None:
    """Each block says what its characters of the text are."""
    article = api.get("/v1/articles/report-4").json
    parts = {block["kind"]: article["text"][block["start"] : block["end"]] for block in article["blocks"]}
    assert parts == {"title": article["title"], "body": article["body"], "caption": article["captions"][0]}


def test_evidence_points_into_the_text_or_says_it_does_not(api: Api) -> None:
    """Offsets cut the quote out of the text; null where the value was not found in it."""
    text = api.get("/v1/articles/report-4").json["text"]
    evidence = api.get("/v1/articles/report-4/evidence").json
    (reason,) = evidence["title"]["evidence"]
    assert reason == {"rule": "headline", "start": 0, "end": 17, "quote": "Report 4: Bridges"}
    assert text[reason["start"] : reason["end"]] == reason["quote"]
    (reason,) = evidence["source"]["evidence"]
    assert (reason["start"], reason["end"]) == (None, None)
    assert evidence["source"]["value"] == {"id": "daily-nk", "name": "Daily NK"}
    assert api.get("/v1/articles/report-5/evidence").json["published"] is None
