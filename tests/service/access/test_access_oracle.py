"""Whatever is asked within whatever filters, the answer is the public one restricted by them: no more, no less."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.access.keys import Scope
from tests.service.access.conftest import Admission, site

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.service.conftest import Api

PLAIN = (
    "source:daily-nk", "source:rodong-sinmun", "source:secret-press", "source:nobody", "region:kp", "region:kp-sinuiju",
    "region:Yanggang", "region:cn", "region:신의주", "topic:smuggling", "topic:markets", "topic:zeppelins",
    "language:ko", "language:de", "date:2018", "date:2018-05..2019", "date:..1960", "date:2020-12..",
)  # fmt: skip
WORDS = (
    "rice", "market*", '"a source"', "title:report", "winter -bridge", "rice OR bridge", "xylophone", "",
    "nothinglikeit",
)  # fmt: skip

one = st.sampled_from(PLAIN)
filters = st.one_of(
    one,
    one.map("-{}".format),
    st.tuples(one, one).map(" OR ".join),
    st.tuples(one, one).map(lambda pair: f"{pair[0]} -{pair[1]}"),
    st.tuples(one, one, one).map(lambda three: f"{three[0]} -({three[1]} OR {three[2]})"),
)
"""Filters as people write them."""


def some(*values: str) -> st.SearchStrategy[list[str]]:
    """None, one or two of some values."""
    return st.lists(st.sampled_from(values), max_size=2, unique=True)


params = st.fixed_dictionaries(
    {"q": st.sampled_from(WORDS)},
    optional={
        "op": st.sampled_from(("and", "or")),
        "region": some("kp", "cn", "kp-ryanggang", "Sinuiju"),
        "source": some("daily-nk", "secret-press", "rodong-sinmun"),
        "exclude_source": some("daily-nk", "rodong-sinmun"),
        "exclude_topic": some("smuggling", "zeppelins"),
        "exclude_region": some("kp-sinuiju", "cn-tibet"),
        "language": some("en", "ko", "de"),
        "role": some("event", "caption", "dateline"),
        "date_from": st.sampled_from(("1949", "2018-06", "2019")),
        "date_to": st.sampled_from(("2019-07", "2020")),
        "date_match": st.sampled_from(("possible", "certain")),
        "sort": st.sampled_from(("relevance", "newest", "oldest")),
        "facet": some("region", "source", "topic", "language", "date"),
    },
)
"""What a reader may ask, whether it makes sense or not."""


@pytest.fixture
def public(split_api: Callable[..., Api]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Ask the archive that all may read; all its articles fit on a page."""
    api = split_api()

    @cache
    def ask(query: str) -> dict[str, Any]:
        answer: dict[str, Any] = api.client.simulate_get("/v1/search", query_string=query).json
        return answer

    return lambda asked: ask(urlencode({"per_page": 50, "facet_size": 200, **asked}, doseq=True))


def found_in(facets: dict[str, Any]) -> dict[str, Any]:
    """Facets without values that nothing has: one that is filtered by is shown with 0 if any article has it."""

    def some(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [value | {"children": some(value.get("children", []))} for value in values if value["count"]]

    return {
        field: facet | {"values": some(facet["values"])} if "values" in facet else facet
        for field, facet in facets.items()
    }


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    asked=params,
    of_site=st.lists(filters, max_size=1),
    of_key=st.lists(filters, max_size=1),
    of_token=st.lists(filters, max_size=2),
)
def test_a_part_answers_as_the_whole_restricted_to_it(  # noqa: PLR0913 - what is asked and what binds it, by name
    split_api: Callable[..., Api],
    public: Callable[[dict[str, Any]], dict[str, Any]],
    *,
    asked: dict[str, Any],
    of_site: list[str],
    of_key: list[str],
    of_token: list[str],
) -> None:
    """Hits with their scores, in their order; and with the default roles also every count, as if it had been asked."""
    admission = Admission()
    admission.add(site(filters=tuple(of_site)))
    token = admission.token(admission.key(Scope.READ, filters=tuple(of_key)), *of_token)
    api = split_api(is_public=False)
    api.serving.access._rules = admission.rules  # noqa: SLF001 - each example has keys of its own
    api.serving.access._now = admission.clock  # noqa: SLF001 - likewise

    query = urlencode({"site": "newsroom", "per_page": 50, "facet_size": 200, **asked}, doseq=True)
    answer = api.client.simulate_get("/v1/search", query_string=query, headers={"Authorization": f"Bearer {token}"})
    whole = public(asked)
    if answer.status_code != 200:
        assert answer.json["status"] == whole["status"]
        return
    inside = {hit["id"] for hit in public({})["hits"]}
    for text in (*of_site, *of_key, *of_token):
        inside &= {hit["id"] for hit in public({"q": text})["hits"]}
    expected = [(hit["id"], hit["score"], hit["highlights"]) for hit in whole["hits"] if hit["id"] in inside]
    assert [(hit["id"], hit["score"], hit["highlights"]) for hit in answer.json["hits"]] == expected
    assert answer.json["total"] == len(expected)
    if "role" not in asked and asked.get("op") != "or" and " OR " not in asked["q"]:
        bound = " ".join(f"({text})" for text in (*of_site, *of_key, *of_token))
        counted = public({**asked, "q": f"{asked['q']} {bound}".strip(), "sort": "newest"})
        if "facets" in counted:  # else the question is longer than one may be
            assert found_in(answer.json["facets"]) == found_in(counted["facets"])
