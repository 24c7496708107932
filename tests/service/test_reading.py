"""What is made of a question's words: other names, corrections, and how the answer says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.service.made_up import made_up

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.conftest import Api


@pytest.mark.parametrize("words", ["sinuiju", "신의주", "신의주에서", "Sinŭiju City"])
def test_a_place_is_found_by_any_name(api: Api, words: str) -> None:
    """Articles about a place match by any spelling of its name, though no text has one, and the answer says so."""
    answer = api.get("/v1/search", {"q": words}).json
    assert answer["total"] == api.get("/v1/search", {"region": "kp-sinuiju"}).json["total"] > 0
    [variant] = answer["query"]["variants"]
    assert (variant["asked"], variant["reason"]) == (words, "place")
    assert (variant["text"], variant["articles"]) == ("Sinuiju", answer["total"])


@pytest.mark.parametrize("asked", [{"q": '"sinuiju"'}, {"q": "sinuiju", "variants": "0"}, {"q": "title:sinuiju"}])
def test_the_very_words_can_be_asked_for(api: Api, asked: dict[str, str]) -> None:
    """In quotation marks, within a field, or with `variants=0`, a name means just itself."""
    answer = api.get("/v1/search", asked).json
    assert (answer["total"], answer["query"]["variants"]) == (0, [])


def test_misspelt_words_are_corrected_and_told(api: Api) -> None:
    """A word that no article has is replaced by the likeliest, in the search and its facets alike."""
    right = api.get("/v1/search", {"q": "smugglers", "facet": "source"}).json
    answer = api.get("/v1/search", {"q": "smuglers", "facet": "source"}).json
    assert (answer["total"], answer["facets"]) == (right["total"], right["facets"])
    assert answer["query"]["parsed"] == "smuglers"
    assert answer["query"]["corrections"] == [{"asked": "smuglers", "used": "smugglers", "articles": right["total"]}]
    assert answer["hits"][0]["highlights"] == right["hits"][0]["highlights"]


@pytest.mark.parametrize(
    ("q", "corrections"),
    [
        pytest.param("marktes", [("markets", 3)], id="a slip"),
        pytest.param("agricultral", [("agricultural", 3)], id="in a form that few of them write"),
        pytest.param("naive", [], id="which navy is not"),
        pytest.param("beheading", [], id="nor behind"),
        pytest.param("communizing", [], id="nor common"),
        pytest.param("religion", [], id="nor regional"),
        pytest.param("Straße", [], id="nor stressed"),
    ],
)
def test_corrections_are_words_that_articles_have(
    api_of: Callable[..., Api], archives_with: Callable[..., Any], q: str, corrections: list[tuple[str, int]]
) -> None:
    """A word gives way to one that some article has, within the slips that are promised, and to no other."""
    said = "The navy stressed common markets behind regional agriculture."
    api = api_of(archives_with([*(made_up(id_, body=said) for id_ in "ab"), made_up("c", "Agricultural markets")]))
    answer = api.get("/v1/search", {"q": q}).json
    told = [(one["used"], one["articles"]) for one in answer["query"]["corrections"]]
    assert (told, answer["total"]) == (corrections, corrections[0][1] if corrections else 0)


@pytest.mark.parametrize(
    "asked",
    [{"q": '"smuglers"'}, {"q": "smuglers", "corrections": "0"}, {"q": "-smugglers smuglers", "corrections": "0"}],
)
def test_corrections_can_be_switched_off(api: Api, asked: dict[str, str]) -> None:
    """In quotation marks, or with `corrections=0`, words are searched as they are typed."""
    answer = api.get("/v1/search", asked).json
    assert (answer["total"], answer["query"]["corrections"]) == (0, [])


def test_pages_go_on_where_a_corrected_question_left_off(api: Api) -> None:
    """A cursor of a corrected question leads through all of its articles."""
    first = api.get("/v1/search", {"q": "smuglers", "per_page": 5}).json
    second = api.get("/v1/search", {"q": "smuglers", "per_page": 5, "cursor": first["next_cursor"]}).json
    assert second["total"] == first["total"]
    assert not {hit["id"] for hit in first["hits"]} & {hit["id"] for hit in second["hits"]}


def test_the_page_says_what_was_made_of_the_words(api: Api) -> None:
    """Readers see what was searched instead and besides, with a way to the very words."""
    page = api.client.simulate_get("/", params={"q": "smuglers sinuiju"}).text
    assert "No article has <q>smuglers</q>. Searched: <strong>smugglers</strong>." in page
    assert "Also matched: <bdi>Sinuiju</bdi>" in page
    assert "variants=0" in page
    assert "corrections=0" in page


def test_where_no_article_has_all_words_any_of_them_is_offered(api: Api) -> None:
    """With how many articles that finds; what is not a word, and filters, still hold. Readers see it, too."""
    asked = {"q": "smugglers xylophones source:daily-nk", "region": "kp-sinuiju"}
    answer = api.get("/v1/search", asked).json
    assert answer["total"] == 0
    better = answer["query"]["did_you_mean"]
    assert better["q"] == "(smugglers OR xylophones) source:daily-nk"
    assert better["total"] == api.get("/v1/search", asked | {"q": better["q"]}).json["total"] > 0
    page = api.client.simulate_get("/", params=asked).text
    assert "No article has all of these words. Any of them: <a" in page


@pytest.mark.parametrize("words", ["xylophones zithers", "xylophones", "smugglers -rice", '"smugglers xylophones"'])
def test_any_word_is_not_offered_where_that_finds_no_more(api: Api, words: str) -> None:
    """Nor for one word, for a phrase, or where something was found."""
    assert api.get("/v1/search", {"q": words, "corrections": "0"}).json["query"]["did_you_mean"] is None
