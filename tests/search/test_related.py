"""Related articles: which, in which order, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from index.document import Document, Label, Role
from search.query import Nothing, Phrase, Term, Value
from search.related import COUNTED, MOST_RELATED, Related, Shared, query_from_shared
from search.searcher import Searcher
from search.versions import VersionKind
from tests.search.reports import HYESAN, NORTH_KOREA, SINUIJU, SMUGGLING, report, searcher_of
from tests.search.test_versions import BODY, KOREAN

if TYPE_CHECKING:
    from search.engine import Matches, SearchRequest

COPPER = "Copper smelting furnaces were found behind the warehouse."
OTHERS = tuple(
    report(f"other-{number}", f"Report {number}of10 says nothing of interest to anybody.", places=[(NORTH_KOREA,)])
    for number in range(10)
)


def related(*documents: Document) -> tuple[Searcher, Related]:
    """What has to do with the first of these articles among ten others."""
    searcher = searcher_of([*documents, *OTHERS])
    return searcher, searcher.related(documents[0])


def serials(found: Related) -> list[int]:
    """All articles it tells of."""
    return [each.serial for each in found.articles] + [each.serial for each in found.versions]


def listed(*documents: Document) -> list[tuple[str, Shared]]:
    """The same as ids and reasons."""
    searcher, found = related(*documents)
    ids = [other.id for other in searcher.documents([each.serial for each in found.articles])]
    return list(zip(ids, (each.shared for each in found.articles), strict=True))


def test_words_that_few_have_relate() -> None:
    """Telling words are shared as the first article writes them, those that tell most first; common ones are none."""
    one, two = report("one", COPPER), report("two", "A warehouse with furnaces for smelting copper says nothing.")
    [(other, shared)] = listed(one, two)
    assert other == "two"
    assert shared.places == shared.topics == ()
    assert set(shared.words) == {"Copper", "smelting", "furnaces", "warehouse"}


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        pytest.param(report("x", "Copper furnaces."), None, id="two words are too few"),
        pytest.param(report("x", "Rice.", topics=[SMUGGLING]), Shared((), (SMUGGLING,), ()), id="a topic"),
        pytest.param(report("x", "Rice.", places=[SINUIJU]), Shared((SINUIJU[2],), (), ()), id="the narrowest place"),
        pytest.param(report("x", "Rice.", places=[SINUIJU[:2]]), Shared((SINUIJU[1],), (), ()), id="the province"),
        pytest.param(report("x", "Rice.", places=[HYESAN]), None, id="a country that all are about is none"),
        pytest.param(report("x", "Rice.", places=[SINUIJU], role=Role.CAPTION), None, id="nor a place in a picture"),
    ],
)
def test_what_relates(other: Document, expected: Shared | None) -> None:
    """A topic or a place below the countries that all are about, or three telling words; each named as the reason."""
    one = report("one", COPPER, places=[SINUIJU], topics=[SMUGGLING])
    assert [shared for article, shared in listed(one, other) if article == "x"] == ([expected] if expected else [])


def test_a_country_that_few_are_about_relates() -> None:
    """Where it is no more than a tenth of the archive."""
    china = Label("cn", "China")
    more = [report(f"more-{number}", "Nothing.", places=[(NORTH_KOREA,)]) for number in range(10)]
    one, two = (report(name, f"{name}.", title=name, places=[(china,)]) for name in ("one", "two"))
    documents = one, two, *more
    assert listed(*documents) == [("two", Shared((china,), (), ()))]


def test_what_is_shared_and_rare_comes_first() -> None:
    """Of two articles with the same words the one that is about the same place is nearer."""
    words = "The warehouse of copper furnaces, for smelting."
    one = report("one", COPPER, places=[SINUIJU])
    found = listed(one, report("two", words), report("three", words, places=[SINUIJU]))
    assert [other for other, _ in found] == ["three", "two"]


def test_an_article_is_not_related_to_itself_and_no_more_are_told_than_said() -> None:
    """The nearest, at most `MOST_RELATED`, with scores that descend."""
    same = [report(f"same-{number}", COPPER + f" Word{number}.", title=f"T{number}") for number in range(20)]
    more = [report(f"more-{number}", "Nothing.") for number in range(30)]
    searcher, found = related(*same, *more)
    ids = [each.id for each in searcher.documents([each.serial for each in found.articles])]
    assert len(ids) == MOST_RELATED
    assert "same-0" not in ids
    scores = [each.score for each in found.articles]
    assert scores == sorted(scores, reverse=True)


def test_the_same_report_is_told_apart_and_not_listed_again() -> None:
    """Versions and translations come with their proof; neither is among the related articles."""
    one = report("one", BODY, title="Smugglers caught", places=[SINUIJU])
    two = report("two", f"{BODY} Nobody was told.", title="Smugglers caught", places=[SINUIJU])
    three = report("three", KOREAN, title="밀수꾼 체포", places=[SINUIJU], language="ko")
    searcher, found = related(one, two, three)
    documents = searcher.documents([each.serial for each in found.versions])
    assert [(other.id, each.kind) for other, each in zip(documents, found.versions, strict=True)] == [
        ("two", VersionKind.VERSION),
        ("three", VersionKind.TRANSLATION),
    ]
    assert not {each.serial for each in found.versions} & {each.serial for each in found.articles}
    back = searcher.related(three)
    assert {(other.serial, other.kind) for other in back.versions} == {
        (1, VersionKind.TRANSLATION), (2, VersionKind.TRANSLATION),
    }  # fmt: skip


def test_what_lies_outside_is_not_related() -> None:
    """A searcher that sees part of the archive finds nothing else, and remembers it for itself alone."""
    rodong = Label("rodong", "Rodong Sinmun")
    one, two = report("one", COPPER), report("two", COPPER + " More.", title="Other", source=rodong)
    three = report("three", "A warehouse of copper for furnaces.")
    searcher = searcher_of([one, two, three, *OTHERS])
    inside = searcher.within(Value("source", "daily-nk"))
    assert 2 in serials(searcher.related(one))
    assert serials(inside.related(one)) == [3]


def test_the_same_question_has_the_same_answer_and_is_worked_out_once() -> None:
    """What was found is remembered, without reading a document again."""
    documents = [report("one", COPPER), report("two", COPPER + " Rice.", title="Other"), *OTHERS]
    first, second = searcher_of(documents), searcher_of(documents)
    found = first.related(documents[0])
    assert found == second.related(documents[0])
    assert first.related(documents[0]) is found


def test_a_very_long_article_asks_no_more_than_others() -> None:
    """However many words it has, so many are counted and so many asked for."""
    asked: list[SearchRequest] = []

    class Watched(Searcher):
        def matches(self, request: SearchRequest) -> Matches:
            asked.append(request)
            return super().matches(request)

    long = report("long", " ".join(f"word{number}x" for number in range(50_000)))
    plain = searcher_of([long, *OTHERS])
    watched = Watched(plain._engine, plain._articles)  # noqa: SLF001 - the same, watched
    watched.related(long)
    assert len(asked) <= 2 * COUNTED + 4


def test_nothing_is_related_to_an_article_that_says_nothing() -> None:
    """No words, no places: no question, no answer."""
    assert related(report("one", "", title="?"))[1] == Related()


def test_what_is_shared_can_be_shown() -> None:
    """Shared words and places are a question whose matches are where they stand."""
    shared = Shared((SINUIJU[2], Label("x", "North Hwanghae")), (SMUGGLING,), ("Copper", "신의주"))
    assert {*getattr(query_from_shared(shared), "parts", ())} == {
        Term("copper"), Phrase(("신의", "의주")), Term("sinuiju"), Phrase(("north", "hwangha")),
    }  # fmt: skip
    assert query_from_shared(Shared((), (SMUGGLING,), ())) == Nothing()
