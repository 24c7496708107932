"""The search page: its numbers are the API's, its links lead where they say, and it claims no more than is known."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from index.document import Basis, Precision, PublishedOn
from index.gazetteer import load_gazetteer
from index.layout import DataFolder
from search.engine import Interval
from search.facets import FacetValue, ValueFacetView
from service.pages.choices import SHOWN, Names, shown_facet
from service.pages.histogram import MOST_BARS, Frame, frames
from service.pages.province_map import load_drawing, step_bounds, step_of
from service.params import SearchParams
from service.settings import Settings
from service.wiring import archives_of
from tests.service.html_page import of_class, parsed, said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from index.document import Document
    from tests.service.conftest import Api

QUESTIONS = [
    pytest.param({}, id="nothing asked"),
    pytest.param({"q": "smuggl*"}, id="words"),
    pytest.param({"q": "rice", "region": "kp-north-pyongan", "topic": "markets"}, id="words and filters"),
    pytest.param({"region": ["cn", "kp-sinuiju"], "exclude_topic": "smuggling"}, id="places, and none of a topic"),
    pytest.param({"date_from": "2018-06", "date_to": "2019", "date_match": "certain"}, id="certain dates"),
    pytest.param({"role": "caption", "source": "daily-nk"}, id="places in pictures"),
    pytest.param({"q": "zebra", "region": "kp"}, id="nothing found"),
]


def page(api: Api, params: dict[str, Any] | None = None) -> Any:
    """The search page of a question, as a tree."""
    result = api.client.simulate_get("/", params=params or {}, params_csv=False)
    assert result.status_code == 200
    return parsed(result)


def total(tree: Any) -> int:
    """How many articles a page says there are."""
    first = said(tree.xpath("//h1")[0]).split()[0]
    return 0 if first == "No" else int(first.replace(",", ""))


def counts(values: list[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    """The counts of the API's tree of values, by id."""
    for value in values:
        yield value["id"], value["count"]
        yield from counts(value["children"])


def follow(api: Api, address: str) -> int:
    """How many articles the page at an address says there are."""
    return total(parsed(api.client.simulate_get(address)))


@pytest.mark.parametrize("params", QUESTIONS)
def test_every_number_is_the_apis(api: Api, params: dict[str, Any]) -> None:
    """Total, hits, facets and map say what `/v1/search` says of the same question."""
    answer = api.get(
        "/v1/search", {**params, "facet": ["region", "topic", "source", "language"], "facet_size": 200}
    ).json
    tree = page(api, params)
    assert total(tree) == answer["total"]
    headlines = [said(each) for each in of_class(tree, "headline")]
    assert headlines == [hit["title"] for hit in answer["hits"]]
    shown: dict[str, dict[str, int]] = {}
    for link in tree.xpath(
        "//aside//a[starts-with(@id, 'region-') or starts-with(@id, 'topic-') or starts-with(@id, 'source-')]"
    ):
        field, _, value = link.get("id").partition("-")
        shown.setdefault(field, {})[value] = int(said(link).split()[-1])
    for field, values in shown.items():
        assert values == dict(counts(answer["facets"][field]["values"]))
    by_region = dict(counts(answer["facets"]["region"]["values"]))
    for province in of_class(tree, "province"):
        place = province.get("id").removeprefix("map-")
        number = province.get("data-count").split()[0].replace("no", "0")
        assert int(number) == by_region.get(place, 0)


@pytest.mark.parametrize("params", QUESTIONS)
def test_the_histogram_is_the_date_facet(api: Api, params: dict[str, Any]) -> None:
    """Each bar counts what the date facet counts in its unit, and of these, what it counts for certain."""
    tree = page(api, params)
    rows = tree.xpath("//details[@id='dates-table']//tbody/tr")
    shown = {said(row[0]): (int(said(row[1])), int(said(row[2]))) for row in rows}
    wanted: dict[str, list[int]] = {}
    for match in ("possible", "certain"):
        answer = api.get("/v1/search", {**params, "date_match": match, "facet": "date", "per_page": 1}).json
        for bucket in answer["facets"]["date"]["buckets"]:
            day = dt.date.fromisoformat(bucket["start"])
            wanted.setdefault(f"{day:%B} {day.year}", [0, 0])[match == "certain"] = bucket["count"]
    whole = {name: tuple(found) for name, found in wanted.items() if found[0]}
    assert shown == whole or (params.get("date_from") and shown.items() <= whole.items())
    titles = [said(each) for each in tree.xpath("//*[local-name()='g']/*[local-name()='title']")]
    assert len(titles) == len(of_class(tree, "bar")) <= MOST_BARS


def test_a_value_finds_as_many_articles_as_it_says(api: Api) -> None:
    """Following a facet's value, a province, a bar or a tick of the histogram finds exactly its number."""
    tree = page(api, {"q": "rice OR soldiers"})
    links = tree.xpath("//aside//a[contains(@class, 'value') and not(starts-with(@id, 'role'))]")
    assert len(links) > 10
    for link in links:
        assert follow(api, link.get("href")) == int(said(link).split()[-1]), said(link)
    for bar in of_class(tree, "bar")[::5]:
        address = f"/?q=rice+OR+soldiers&date_from={bar.get('data-from')}&date_to={bar.get('data-to')}"
        number = said(bar[0]).split(": ")[1].split()[0].replace("no", "0")
        assert follow(api, address) == int(number)


def test_a_chosen_value_is_dropped_by_its_own_link(api: Api) -> None:
    """A value that is chosen says so, and its link leads back to the question without it."""
    tree = page(api, {"region": "신의주", "topic": "markets"})
    (link,) = tree.xpath("//a[@id='region-kp-sinuiju']")
    assert link.get("aria-current") == "true"
    assert parse_qs(urlsplit(link.get("href")).query) == {"topic": ["markets"]}
    chips = [said(each) for each in of_class(tree, "chip")]
    assert chips == ["Sinuiju ×, remove", "Markets ×, remove"]
    assert tree.xpath("//a[@id='clear']/@href") == ["/"]


@pytest.mark.parametrize("words", ["title:bridges", "zebra"], ids=["elsewhere", "nowhere"])
def test_so_is_one_that_nothing_has(api: Api, words: str) -> None:
    """A chosen value that no match has is there with 0, in its place, and its link leads back, too."""
    tree = page(api, {"q": words, "region": "kp-sinuiju", "source": "daily-nk"})
    (link,) = tree.xpath("//a[@id='region-kp-sinuiju']")
    assert (link.get("aria-current"), said(link)) == ("true", "Sinuiju 0")
    assert parse_qs(urlsplit(link.get("href")).query) == {"q": [words], "source": ["daily-nk"]}
    assert tree.xpath("//a[@id='region-kp-north-pyongan' or @id='region-kp']")


def test_what_nothing_has_is_none_of_the_values_left_out(api: Api) -> None:
    """A facet says how many more values there are; one that is there with 0 because it is chosen is none of them."""
    values = [FacetValue(f"topic-{number}", (f"Topic {number}",), 9, selected=False) for number in range(SHOWN)]
    values.append(FacetValue("none", ("None",), 0, selected=True))
    view = ValueFacetView(tuple(values), total_values=SHOWN + 3, missing=0)
    with api.serving.archives.lease() as archive:
        names = Names(archive.searcher, api.serving.gazetteer)
        shown = shown_facet("topic", view, SearchParams(topic=("none",)), names)
    assert shown.hidden == 3
    assert [branch.id for branch in (*shown.branches, *shown.rest) if branch.is_chosen] == ["none"]


def test_a_place_takes_the_place_of_what_it_lies_in_and_what_lies_in_it(api: Api) -> None:
    """Choosing a city within a chosen province narrows; choosing the country around it widens; others are added."""
    tree = page(api, {"region": "kp-north-pyongan"})
    chosen = {
        place: parse_qs(urlsplit(tree.xpath(f"//a[@id='region-{place}']/@href")[0]).query)["region"]
        for place in ("kp", "kp-sinuiju", "cn")
    }
    assert chosen == {"kp": ["kp"], "kp-sinuiju": ["kp-sinuiju"], "cn": ["cn", "kp-north-pyongan"]}


def test_what_was_asked_stays_in_every_form(api: Api) -> None:
    """A form sends what it does not ask for, so that another word or date keeps the filters."""
    tree = page(api, {"q": "rice", "topic": "markets", "date_from": "2018", "sort": "oldest", "op": "or", "page": "2"})
    for form in tree.xpath("//form"):
        sent = {field.get("name"): field.get("value") for field in form.xpath(".//input[@name]")}
        assert {"q", "topic", "date_from", "sort", "op"} <= sent.keys()
        assert (sent["q"], sent["topic"], sent["sort"], sent["op"]) == ("rice", "markets", "oldest", "or")
        assert "page" not in sent
    assert tree.xpath("//input[@id='date_from']/@value") == ["2018"]


def test_other_forms_of_the_answer_ask_the_same(api: Api) -> None:
    """Feeds, exports and the API are linked with the page's question, and are there."""
    params = {"q": "rice", "region": "kp", "date_to": "2019", "sort": "oldest", "page": "2"}
    tree = page(api, params)
    links = {said(link): link.get("href") for link in tree.xpath("//p[@class='forms']/a")}
    assert links.keys() == {"link", "Atom", "JSON Feed", "CSV", "JSONL", "API"}
    for name, address in links.items():
        asked = parse_qs(urlsplit(address).query)
        assert (asked["q"], asked["region"], asked["date_to"]) == (["rice"], ["kp"], ["2019-12-31"])
        assert api.client.simulate_get(address).status_code == 200, name


def test_paging_reaches_every_article_once(api: Api) -> None:
    """Following `Next` from the first page shows every article once, and `Previous` leads back."""
    address: str | None = "/?sort=oldest"
    seen: list[str] = []
    pages = 0
    while address:
        tree = parsed(api.client.simulate_get(address))
        seen += tree.xpath("//*[contains(@class, 'headline')]/a/@href")
        pages += 1
        if pages > 1:
            assert tree.xpath("//a[@rel='prev']")
        address = next(iter(tree.xpath("//a[@rel='next']/@href")), None)
    assert pages == 3
    assert len(seen) == len(set(seen)) == 30
    lost = page(api, {"page": "900"})
    assert said(of_class(lost, "nothing")[0]).startswith("There is no page 900: these articles fill 3.")


def test_nothing_found_offers_what_to_leave_out_and_what_that_finds(api: Api) -> None:
    """Each filter and each word is offered with the number of articles without it, the most first."""
    tree = page(api, {"q": "rice zebra", "topic": "markets"})
    offered = tree.xpath("//ul[@class='drops']/li")
    assert [said(each) for each in offered] == ["6 articles without zebra"]
    for link in tree.xpath("//ul[@class='drops']//a"):
        assert follow(api, link.get("href")) == int(said(link).split()[0])
    several = page(api, {"q": "date:2018", "topic": "markets", "region": "cn-dandong", "source": "daily-nk"})
    found = [follow(api, each) for each in several.xpath("//ul[@class='drops']//a/@href")]
    assert found == sorted(found, reverse=True)


def test_the_question_is_said_in_words(api: Api) -> None:
    """The headline and the title say what is asked for, by names and not by ids."""
    tree = page(
        api,
        {"q": "rice", "region": ["kp-sinuiju", "cn"], "topic": "markets", "date_from": "2018", "date_to": "2019-03"},
    )
    wanted = "for rice, in China or Sinuiju, on Markets, dated January 2018 to March 2019"
    assert said(tree.xpath("//h1")[0]).partition(" articles ")[2] == wanted
    assert "rice, in China or Sinuiju" in tree.xpath("//title")[0].text


def test_notices_say_what_was_changed(api: Api) -> None:
    """What was left out of a question is said on the page, as in the API."""
    answer = api.get("/v1/search", {"q": "rice AND (", "region": "nowhere"}).json
    tree = page(api, {"q": "rice AND (", "region": "nowhere"})
    assert [said(each) for each in of_class(tree, "notice")] == [each["detail"] for each in answer["query"]["warnings"]]
    assert of_class(tree, "notice")


@pytest.fixture
def of_dates(
    api_of: Callable[..., Api],
    documents: Sequence[Document],
    publish_documents: Callable[..., Any],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[..., Api]]:
    """`of_dates((start, end), ...)`: an archive of articles published in these days."""
    opened = []

    def make(*days: tuple[str, str], basis: Basis = Basis.DECLARED) -> Api:
        data = DataFolder(tmp_path_factory.mktemp("data"))
        published = documents[1].published
        assert published
        rows = []
        for number, (start, end) in enumerate(days):
            first, last = dt.date.fromisoformat(start), dt.date.fromisoformat(end)
            precision = Precision.DAY if first == last else Precision.RANGE
            value = PublishedOn(first, last, precision, basis)
            rows.append(replace(documents[1], id=f"r{number}", published=replace(published, value=value)))
        publish_documents(data, rows)
        archives = archives_of(Settings(data=data.path), api_of(None).log)
        opened.append(archives)
        return api_of(archives)

    yield make
    for archives in opened:
        archives.close()


def test_an_inferred_date_opens_its_evidence_and_a_declared_one_does_not(of_dates: Callable[..., Api]) -> None:
    """Only what was concluded has the dotted line, and behind it the words it was concluded from."""
    inferred = page(of_dates(("2018-10-01", "2018-10-31"), basis=Basis.INFERRED))
    (why,) = [each for each in of_class(inferred, "why") if "2018" in said(each)]
    assert said(why.xpath("./summary/span[@class='believed']")[0]).endswith("inferred")
    assert said(why.xpath(".//code")[0]) == "test"
    declared = page(of_dates(("2018-10-01", "2018-10-01")))
    assert not [each for each in of_class(declared, "why") if "2018" in said(each)]
    assert "1 October 2018" in said(of_class(declared, "dateline")[0])


def test_days_are_drawn_where_articles_are_known_to_the_day(of_dates: Callable[..., Api]) -> None:
    """A chosen month is drawn in days if any article is known to one, and else stays among months."""
    known = of_dates(("2018-10-05", "2018-10-05"), ("2018-01-01", "2018-01-01"))
    tree = page(known, {"date_from": "2018-10", "date_to": "2018-10"})
    assert tree.xpath("//*[@class='bar chosen']/@data-from")[4] == "2018-10-05"
    assert said(tree.xpath("//details[@id='dates-table']//tbody/tr")[0]).startswith("5 October 2018")
    unknown = of_dates(("2018-10-01", "2018-10-31"), ("2018-01-01", "2018-01-31"))
    assert len(page(unknown, {"date_from": "2018-10", "date_to": "2018-10"}).xpath("//*[@class='bar chosen']")) == 1


def test_what_may_be_of_a_neighbour_is_hatched(of_dates: Callable[..., Api]) -> None:
    """An article of two months is hatched in both, one of a day is solid, and the key says so."""
    tree = page(of_dates(("2018-10-20", "2018-11-10"), ("2018-10-05", "2018-10-05")))
    names = {said(bar[0]): [each.get("class") for each in bar[1:]] for bar in of_class(tree, "bar")}
    assert names == {
        "October 2018: 2 articles, 1 for certain": ["reach", "possible", "certain"],
        "November 2018: 1 article, none for certain": ["reach", "possible"],
    }
    assert "may be from a neighbouring month" in said(of_class(tree, "between")[0])


@pytest.mark.parametrize(
    ("days", "chosen", "wanted"),
    [
        pytest.param(("2018-01", "2020-12"), (None, None), (Interval.MONTH, "2018-01", "2020-12"), id="all of little"),
        pytest.param(("1950-01", "2020-12"), (None, None), (Interval.YEAR, "1950-01", "2020-12"), id="all of much"),
        pytest.param(("0900-01", "2020-12"), (None, None), (Interval.YEAR, "1871-01", "2020-12"), id="more than fits"),
        pytest.param(
            ("1950-01", "2020-12"), ("1990-01", "1991-12"), (Interval.MONTH, "1989-01", "1992-12"), id="years"
        ),
        pytest.param(
            ("1950-01", "2020-12"), ("1960-01", "1999-12"), (Interval.YEAR, "1950-01", "2020-12"), id="decades"
        ),
        pytest.param(("1950-01", "2020-12"), ("2020-12", None), (Interval.DAY, "2020-11", "2021-01"), id="a month"),
        pytest.param(
            ("1950-01", "2020-12"), ("1990-02", "1990-02"), (Interval.DAY, "1990-01", "1990-03"), id="its days"
        ),
        pytest.param(("1950-01", "2020-12"), ("2030-02", None), (Interval.YEAR, "1950-01", "2020-12"), id="beyond"),
    ],
)
def test_the_frame_follows_from_the_archive_and_what_is_chosen(
    days: tuple[str, str], chosen: tuple[str | None, str | None], wanted: tuple[Interval, str, str]
) -> None:
    """The finest frame is tried first, none has more bars than can be told apart, and years always remain."""

    def first(text: str) -> dt.date:
        return dt.date.fromisoformat(f"{text}-01")

    def last(text: str) -> dt.date:
        return (first(text) + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)

    params = SearchParams(date_from=chosen[0] and first(chosen[0]), date_to=chosen[1] and last(chosen[1]))  # type: ignore[arg-type] # None stays None
    tried = list(frames(params, (first(days[0]), last(days[1]))))
    interval, start, end = wanted
    assert tried[0] == Frame(interval, first(start), last(end))
    assert tried[-1].interval is Interval.YEAR


def test_the_ends_of_the_calendar_can_be_drawn(of_dates: Callable[..., Api]) -> None:
    """The first and the last day there is are days like any other."""
    api = of_dates(("0001-01-01", "0001-01-01"), ("9999-12-31", "9999-12-31"))
    for params in (
        {},
        {"date_to": "0001"},
        {"date_from": "9999-12-31"},
        {"date_from": "0001-01-01", "date_to": "0001-01-01"},
    ):
        assert of_class(page(api, params), "bar")


@pytest.mark.parametrize(
    ("most", "bounds"),
    [
        pytest.param(0, (), id="nothing"),
        pytest.param(1, (1,), id="one"),
        pytest.param(3, (1, 2, 3), id="three"),
        pytest.param(1000, (4, 16, 63, 251, 1000), id="a thousand"),
    ],
)
def test_shades_are_at_most_five_and_the_most_is_the_darkest(most: int, bounds: tuple[int, ...]) -> None:
    """Every count has a step, none has 0, steps only rise, and the highest is the fifth."""
    assert step_bounds(most) == bounds
    steps = [step_of(count, bounds) for count in range(most + 1)]
    assert steps == sorted(steps)
    assert steps[0] == 0
    assert all(steps[1:])
    assert most == 0 or steps[-1] == 5


def test_the_map_has_every_province_and_arrow_keys_reach_them_all() -> None:
    """The shapes are places of the gazetteer, and from any of them every other can be reached by its neighbours."""
    shapes = {shape.id: shape for shape in load_drawing().shapes}
    gazetteer = load_gazetteer()
    provinces = {
        place.id
        for place in gazetteer.places.values()
        if place.parent == "kp" and place.kind in {"province", "special city"}
    }
    assert shapes.keys() == provinces
    assert {shape.id for shape in shapes.values() if shape.is_point} == {
        "kp-pyongyang",
        "kp-nampo",
        "kp-kaesong",
        "kp-rason",
    }
    for start in shapes:
        reached, left = {start}, [start]
        while left:
            for near in shapes[left.pop()].near.values():
                if near not in reached:
                    reached.add(near)
                    left.append(near)
        assert reached == shapes.keys(), start
    assert all(shape.path or shape.is_point for shape in shapes.values())
