"""`/v1/articles/{id}/related`, and what an article's page says of others."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from index.document import Basis, Label, Precision, PublishedOn, Region, Role
from search.errors import OverBudget
from search.searcher import Searcher
from tests.service.conftest import found
from tests.service.html_page import parsed, said
from tests.service.made_up import HOSTILE, made_up

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from index.document import Document
    from index.gazetteer import Gazetteer
    from search.related import Related
    from tests.service.conftest import Api

ENGLISH = (
    "Security officers in Sinuiju caught 43 smugglers last week and took 1,200 kilograms of copper and 35,000 yuan "
    "from them, a source in the province said. Nobody can say what will become of their families, who were not told."
)
KOREAN = "지난주 신의주 보위부가 밀수꾼 43명을 체포하고 구리 1200㎏과 3만 5천 위안을 압수했다고 소식통이 전했다."


@pytest.fixture
def bilingual(
    archives_with: Callable[..., Any], api_of: Callable[..., Api], documents: Sequence[Document], gazetteer: Gazetteer
) -> Api:
    """Reports, one of them there in Korean and in another version, too."""
    day = dt.date(2020, 3, 27)
    known: dict[str, Any] = {
        "published": found(PublishedOn(day, day, Precision.DAY, Basis.DECLARED)),
        "regions": (found(Region(gazetteer.path("kp-sinuiju"), Role.EVENT)),),
        "source": found(Label("daily-nk", "Daily NK")),
    }
    reports = (
        made_up("copper", "Copper smugglers caught", ENGLISH, language=found("en"), **known),
        made_up("copper-2", "Copper smugglers caught", f"{ENGLISH} More follows.", language=found("en"), **known),
        made_up("copper-ko", "구리 밀수꾼 체포", KOREAN, language=found("ko"), **known),
        made_up("hostile", HOSTILE, f"Copper and kilograms of yuan. {HOSTILE}", language=found("en"), **known),
    )
    return api_of(archives_with([*documents, *reports]))


def test_every_hit_links_to_what_is_related(api: Api) -> None:
    """The link of every hit and every article leads there, and every hit there says why it is there."""
    hits = api.get("/v1/search", {"per_page": 50}).json["hits"]
    for hit in hits:
        answer = api.get(hit["links"]["related"]).json
        assert answer["id"] == hit["id"]
        assert len(answer["hits"]) <= 5
        for other in answer["hits"]:
            assert other["id"] != hit["id"]
            assert any(other["shared"].values())
            names = {name for place in other["regions"] for name in place["path"]}
            assert {place["name"] for place in other["shared"]["places"]} <= names
            assert {topic["id"] for topic in other["shared"]["topics"]} <= {topic["id"] for topic in other["topics"]}
            text = api.get(other["links"]["self"]).json["text"].lower()
            assert any(word.lower() in text for word in other["shared"]["words"] or [""])
    assert api.get("/v1/articles/report-4").json["links"]["related"] == "/v1/articles/report-4/related"


def test_limit_says_how_many(api: Api) -> None:
    """As many as are wanted of the same list; what is no such number is refused."""
    ten = api.get("/v1/articles/report-4/related", {"limit": 10}).json["hits"]
    assert len(ten) > 3
    assert api.get("/v1/articles/report-4/related", {"limit": 3}).json["hits"] == ten[:3]
    for wrong in ("0", "11", "x"):
        problem = api.get("/v1/articles/report-4/related", {"limit": wrong})
        assert problem.status_code == 400
        assert [error["param"] for error in problem.json["errors"]] == ["limit"]


def test_an_article_there_is_not_has_nothing_related(api: Api) -> None:
    """It is answered as an article that is not there."""
    result = api.get("/v1/articles/none/related")
    assert result.status_code == 404
    assert result.json["detail"] == api.get("/v1/articles/none").json["detail"]


def test_an_answer_may_be_kept(api: Api) -> None:
    """It has a tag of its own parameters, and who has it is told so; a HEAD has the same headers."""
    first = api.get("/v1/articles/report-4/related")
    tag = first.headers["etag"]
    assert api.get("/v1/articles/report-4/related", headers={"If-None-Match": tag}).status_code == 304
    assert api.get("/v1/articles/report-4/related", {"limit": 5}).headers["etag"] == tag
    assert api.get("/v1/articles/report-4/related", {"limit": 4}).headers["etag"] != tag
    assert api.request("HEAD", "/v1/articles/report-4/related").headers["etag"] == tag
    assert api.get("/v1/articles/report-4/related").content == first.content


def test_the_same_report_is_told(bilingual: Api) -> None:
    """Each version once, with what proves it, and not among the hits."""
    answer = bilingual.get("/v1/articles/copper/related").json
    told = {version["id"]: version for version in answer["versions"]}
    assert {id_: (each["kind"], each["language"]) for id_, each in told.items()} == {
        "copper-2": ("version", "en"),
        "copper-ko": ("translation", "ko"),
    }
    assert told["copper-ko"]["title"] == "구리 밀수꾼 체포"
    assert "both say 35,000, 1,200, 43" in told["copper-ko"]["because"]
    assert told["copper-ko"]["links"]["self"] == "/v1/articles/copper-ko"
    assert not told.keys() & {hit["id"] for hit in answer["hits"]}


def test_a_hit_shows_where_it_has_what_is_shared(bilingual: Api) -> None:
    """Its passages mark the shared words and places, as a search's do."""
    hits = bilingual.get("/v1/articles/copper/related").json["hits"]
    hostile = next(hit for hit in hits if hit["id"] == "hostile")
    marked = {part[0] for each in hostile["highlights"] for part in each["parts"] if isinstance(part, list)}
    assert "Copper" in marked


def test_the_page_says_where_else_the_report_is(bilingual: Api) -> None:
    """Above the text: also in Korean; below: the proof, then what is related and why. Nothing becomes an element."""
    tree = parsed(bilingual.client.simulate_get("/articles/copper"))
    (also,) = tree.xpath("//article/*[@class='also']")
    links = {said(link): link.get("href") for link in also.xpath("./a")}
    assert links == {"in another version": "/articles/copper-2", "in Korean": "/articles/copper-ko", "why": "#same"}
    same = [said(each) for each in tree.xpath("//*[@id='same']//p[@class='about']")]
    assert same[0].startswith("in another version: 100% of the shorter text")
    assert same[1].startswith("in Korean: both are from Daily NK")
    why = [said(each) for each in tree.xpath("//*[@id='related']//p[@class='about']")]
    assert "both are about Sinuiju" in why[0]
    (korean,) = tree.xpath("//*[@id='same']//a[@lang='ko']")
    assert said(korean) == "구리 밀수꾼 체포"


def test_the_page_of_a_report_there_is_once_says_nothing_of_versions(bilingual: Api) -> None:
    """No empty headings."""
    tree = parsed(bilingual.client.simulate_get("/articles/report-4"))
    assert tree.xpath("//*[@class='also'] | //*[@id='same']") == []


def test_too_costly_a_question_is_said_not_failed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page says that related articles could not be found in time, and shows the rest; the API says what failed."""

    def costs_too_much(_searcher: Searcher, _document: Document) -> Related:
        raise OverBudget(1)

    monkeypatch.setattr(Searcher, "related", costs_too_much)
    page = parsed(api.client.simulate_get("/articles/report-7"))
    problem = api.get("/v1/articles/report-7/related")
    assert "Finding them takes longer" in said(page.xpath("//*[@id='related']")[0])
    assert page.xpath("//article/p")
    assert problem.status_code == 400
    assert [error["param"] for error in problem.json["errors"]] == ["article_id"]
