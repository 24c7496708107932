"""The arrays engine's own matters: the traps that the studies met, each by name, threads, and answers at scale."""

from __future__ import annotations

import gzip
import json
import math
import random
import threading
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from index.analysis import terms
from index.document import Role
from index.errors import DamagedGeneration
from index.fields import region_value
from index.whoosh_index import update_index, write_index
from search.engine import DateFacet, Interval, Match, Ranking, SearchRequest, Sort, ValueFacet, ValueFilter
from search.engines.arrays import ArraysEngine
from search.engines.whoosh import WhooshEngine
from search.errors import EngineClosed
from search.query import And, Everything, Near, Not, Or, Phrase, Prefix, Query, Term, Value
from tests.contract.archives import ALL_FACETS, a_record, articles_of, requests, sample_history
from tests.contract.test_agreement import CLOSE, assert_agree
from tests.reference_engine import ReferenceEngine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from index.fields import Record
    from search.engine import Engine, Matches

GENERATION = "one"


def engine_over(folder: Path, *commits: Iterable[Record], deletes: Sequence[int] = ()) -> ArraysEngine:
    """The engine over an index of some commits; the last of them deletes articles, too."""
    first, *rest = commits
    write_index(folder, first)
    for number, commit in enumerate(rest, start=1):
        update_index(folder, commit, deletes if number == len(rest) else ())
    return ArraysEngine(folder, GENERATION)


def agree(engine: Engine, records: Iterable[Record], queries: Iterable[Query]) -> None:
    """See that the engine gives the oracle's answers, whole, to each query, with facets and without."""
    oracle = ReferenceEngine(records, GENERATION)
    for query in queries:
        for request in (
            SearchRequest(query=query, limit=10_000, facets=ALL_FACETS),
            SearchRequest(query=query, limit=10),
            SearchRequest(query=query, limit=7, offset=3, sort=Sort.NEWEST),
        ):
            assert_agree(engine.search(request), oracle.search(request))


@pytest.mark.parametrize("count", [1, 127, 128, 129, 255, 256, 257])
def test_lists_around_the_size_of_a_block(tmp_path: Path, count: int) -> None:
    """Lists of just under, exactly and just over whole blocks are read to their last posting, alone and together."""
    records = [
        a_record(
            serial, body="common rare other common"[: 6 if serial > count else 99], title="rare" * (serial % 3 == 0)
        )
        for serial in range(1, count + 140)
    ]
    engine = engine_over(tmp_path / "index", records)
    queries = (
        Term("rare", "body"),
        Term("rare"),
        Or((Term("rare"), Term("common"))),
        And((Term("rare", "body"), Term("common"))),
        Phrase(("common", "rare")),
        Near(("common", "other"), 1),
        Prefix("r"),
    )
    agree(engine, records, queries)


def test_positions_across_blocks(tmp_path: Path) -> None:
    """Each posting's own positions are read where the ones before it in the block are many and of many lengths."""
    chance = random.Random(3)  # noqa: S311 - not for secrets
    records = [
        a_record(serial, body=" ".join(chance.choices(("ka", "lo", "mi", "pu"), k=chance.choice((1, 3, 9, 400)))))
        for serial in range(1, 300)
    ]
    engine = engine_over(tmp_path / "index", records)
    phrases = [Phrase(tuple(chance.choices(("ka", "lo", "mi", "pu"), k=chance.randint(2, 4)))) for _ in range(12)]
    oracle = ReferenceEngine(records, GENERATION)
    for phrase in phrases:
        assert_agree(*(each.search(SearchRequest(query=phrase, limit=500)) for each in (engine, oracle)))


def test_an_article_with_a_term_in_several_fields_counts_once(tmp_path: Path) -> None:
    """The number of articles with a term in any field is exact, in one segment or more, after deletions too."""
    chance = random.Random(17)  # noqa: S311 - not for secrets

    def texts(rare: int) -> dict[str, str]:
        return {
            field: " ".join(
                word for word in ("ka", "kab", "lo") if not chance.randrange(often + (word == "kab") * rare)
            )
            for field, often in (("title", 9), ("body", 2), ("captions", 4), ("authors", 30))
        }

    records = [a_record(serial, **texts(40)) for serial in range(1, 1200)]
    gone = tuple(range(1, 1200, 5))
    kept = [record for record in records if record.serial not in gone]
    more = [a_record(serial, **texts(0)) for serial in range(1200, 1500)]
    one = engine_over(tmp_path / "one", records)
    many = engine_over(tmp_path / "many", records, more, deletes=gone)
    queries = (Term("ka"), Term("kab"), Prefix("k"), And((Term("lo"), Prefix("ka"))), Or((Term("ka"), Term("lo"))))
    agree(one, records, queries)
    agree(many, [*kept, *more], queries)


def test_a_phrase_with_repeated_words_scores_each_word_once(tmp_path: Path) -> None:
    """`a a b` needs two places for `a`, and adds its score once."""
    records = [a_record(1, body="ka ka lo"), a_record(2, body="ka lo ka"), a_record(3, body="lo ka ka ka lo")]
    engine = engine_over(tmp_path / "index", records)
    agree(engine, records, (Phrase(("ka", "ka", "lo")), Near(("ka", "ka", "lo"), 0), Near(("ka", "ka", "ka"), 1)))
    both = engine.search(
        SearchRequest(
            query=And(
                (Term("ka"), Term("lo")),
            )
        )
    ).top
    phrase = engine.search(SearchRequest(query=Phrase(("ka", "ka", "lo")))).top
    assert {match.serial: match.score for match in phrase}.items() <= {m.serial: m.score for m in both}.items()


def test_an_or_with_repeated_terms_adds_them_as_often(tmp_path: Path) -> None:
    """The contract adds the parts that match, so a part that stands twice counts twice."""
    records = [a_record(1, body="ka"), a_record(2, body="ka lo"), a_record(3, body="lo lo")]
    engine = engine_over(tmp_path / "index", records)
    agree(engine, records, (Or((Term("ka"), Term("ka"))), And((Or((Term("ka"), Term("lo"), Term("ka"))), Term("lo")))))
    once = engine.search(SearchRequest(query=Term("ka"))).top[0].score
    assert engine.search(SearchRequest(query=Or((Term("ka"), Term("ka"))))).top[0].score == pytest.approx(2 * once)


def test_deleted_articles_are_in_no_statistic_and_no_answer(tmp_path: Path) -> None:
    """N, df, average length, totals, facets and prefixes are those of an archive that never had the deleted ones."""
    records = [a_record(serial, body="ka " * (serial % 9 + 1) + "lo", topic=("t",)) for serial in range(1, 400)]
    gone = tuple(range(1, 400, 3))
    kept = [record for record in records if record.serial not in gone]
    more = a_record(500, body="kappa ka")
    engine = engine_over(tmp_path / "index", records, [more], deletes=gone)
    assert len(list(Path(tmp_path / "index").glob("*.inv"))) == 2  # so they are still in the files
    queries = (Term("ka"), Prefix("k"), Not(Term("ka")), Everything(), Phrase(("ka", "lo")), Value("topic", "t"))
    agree(engine, [*kept, more], (*queries, And((Term("ka"), Not(Phrase(("kappa", "ka")))))))


def test_statistics_are_those_of_all_segments(tmp_path: Path) -> None:
    """A word that is rare in one segment and common in another has one idf, by hand."""
    commits = [
        [a_record(1, body="ka lo")],
        [a_record(serial, body="ka") for serial in (2, 3)],
        [a_record(4, body="lo")],
    ]
    engine = engine_over(tmp_path / "index", *commits)
    average = (2 + 1 + 1 + 1) / 4
    idf = math.log(1 + (4 - 3 + 0.5) / (3 + 0.5))
    weighted = {serial: 1 / (0.25 + 0.75 * length / average) for serial, length in ((1, 2), (2, 1))}
    expected = {serial: a * 3 / (a + 2) for serial, a in weighted.items()}
    top = engine.search(SearchRequest(query=Term("ka", "body"))).top
    assert top == (
        Match(2, round(idf * expected[2], 9)),
        Match(3, round(idf * expected[2], 9)),
        Match(1, round(idf * expected[1], 9)),
    )
    agree(
        engine,
        [record for commit in commits for record in commit],
        (Term("lo"), Prefix("k"), Or((Term("ka"), Term("lo")))),
    )


def test_matches_of_weight_zero_are_matches(tmp_path: Path) -> None:
    """A field of weight 0 adds nothing to the score, and its matches are counted and listed all the same."""
    records = [
        a_record(serial, title="ka" if serial % 2 else "", body="ka" if serial % 3 else "") for serial in range(1, 300)
    ]
    engine, oracle = engine_over(tmp_path / "index", records), ReferenceEngine(records, GENERATION)
    for weights in ((("title", 0.0),), (("title", 0.0), ("body", 0.0)), (("title", 0.0), ("body", 2.0))):
        for query in (Term("ka"), Prefix("k"), And((Term("ka"), Not(Term("lo"))))):
            request = SearchRequest(query=query, ranking=Ranking(weights), limit=200)
            assert_agree(engine.search(request), oracle.search(request))


def test_equal_scores_come_in_the_order_of_serials_though_documents_do_not(tmp_path: Path) -> None:
    """Where a replaced article lies behind later ones in the files, ties are still decided by serial."""
    records = [a_record(serial, body="ka", date=(730_000, 730_000)) for serial in range(1, 400)]
    engine = engine_over(tmp_path / "index", records, [records[0], records[200]])
    for sort in Sort:
        top = engine.search(SearchRequest(query=Term("ka"), sort=sort, limit=300)).top
        assert [match.serial for match in top] == list(range(1, 301))


def test_blocks_are_left_out_only_if_they_could_not_matter(tmp_path: Path) -> None:
    """The best ten are the best ten of all, with the total of all, whatever page is asked for and however deep."""
    chance = random.Random(5)  # noqa: S311 - not for secrets
    records = [
        a_record(serial, body="ka " * chance.choice((1, 1, 2, 9, 300)) + "lo " * chance.randint(0, 40))
        for serial in range(1, 3000)
    ]
    engine = engine_over(tmp_path / "index", records)
    everything = engine.search(SearchRequest(query=Term("ka", "body"), limit=5000, facets=(ValueFacet("source"),)))
    for offset, limit in ((0, 1), (0, 10), (7, 20), (500, 100)):
        page = engine.search(SearchRequest(query=Term("ka", "body"), offset=offset, limit=limit))
        assert page.top == everything.top[offset : offset + limit]
        assert page.total == everything.total == len(records)


def test_prefixes_are_expanded_over_all_segments_in_each_field(tmp_path: Path) -> None:
    """A term that only one segment has, and one that is only in deleted articles, are told apart."""
    first = [a_record(1, body="kaa kab"), a_record(2, title="kac", body="lo")]
    second = [a_record(3, body="kad"), a_record(4, body="kab", captions="kae")]
    engine = engine_over(tmp_path / "index", first, second, [], deletes=(1,))
    agree(engine, [first[1], *second], (Prefix("ka"), Prefix("ka", "body"), Prefix("kaa"), Prefix(""), Prefix("kad")))


def test_one_engine_answers_many_threads_at_once(tmp_path: Path) -> None:
    """Threads that ask different questions of one engine, pages of any size, get what they would get alone."""
    records = articles_of(sample_history())
    engine = engine_over(tmp_path / "index", records)
    asked = [
        SearchRequest(query=query, facets=ALL_FACETS[:number], limit=limit, sort=sort)
        for query in (Term("smuggl"), Prefix("s"), Or((Term("the"), Phrase(("of", "the")))), Everything())
        for number, limit, sort in ((4, 10, Sort.RELEVANCE), (0, 2000, Sort.OLDEST), (10, 3, Sort.NEWEST))
    ]
    expected = [engine.search(request) for request in asked]
    wrong: list[Matches] = []

    def ask(seed: int) -> None:
        order = random.Random(seed).sample(range(len(asked)), len(asked))  # noqa: S311 - not for secrets
        for place in order * 10:
            answer = engine.search(asked[place])
            if answer != expected[place]:
                wrong.append(answer)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_an_error_left_counted_does_not_count_again(tmp_path: Path) -> None:
    """After a refused facet, the same thread's next counts are right."""
    ages = (1, 3_000_000)
    engine = engine_over(tmp_path / "index", [a_record(1, body="ka", date=ages), a_record(2, body="ka", topic=("t",))])
    request = SearchRequest(query=Term("ka"), facets=(DateFacet(Interval.YEAR), ValueFacet("topic")))
    expected = engine.search(request)
    with pytest.raises(Exception, match="wider unit"):
        engine.search(replace(request, facets=(ValueFacet("topic"), DateFacet(Interval.DAY))))
    assert engine.search(request) == expected


def test_a_closed_engine_lets_searches_finish_and_refuses_later_ones(tmp_path: Path) -> None:
    """Arrays in use stay mapped; whoever comes after `close` is told."""
    engine = engine_over(tmp_path / "index", [a_record(1, body="ka")])
    opened = engine._opened  # noqa: SLF001 - a search under way holds it
    engine.close()
    assert opened is not None
    assert opened.index.find((1,), "ka") is not None
    with pytest.raises(EngineClosed):
        engine.search(SearchRequest())


def test_a_folder_without_an_index_of_ours_is_named(tmp_path: Path) -> None:
    """What cannot be read says where it is and what to do."""
    with pytest.raises(DamagedGeneration, match="dateline build"):
        ArraysEngine(tmp_path, GENERATION)


def test_a_term_that_is_no_text_is_in_no_article(tmp_path: Path) -> None:
    """Half a surrogate pair, an empty word and one longer than any are searched like others."""
    engine = engine_over(tmp_path / "index", [a_record(1, body="ka")])
    for term in ("\ud800", "", "k" * 100_000, "\0"):
        assert engine.search(SearchRequest(query=Term(term))).total == 0


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, Engine]:
    """The engine and the oracle over a thousand articles in two segments, some of them deleted."""
    history = sample_history(articles=1000, seed=7)
    folder = tmp_path_factory.mktemp("large") / "index"
    write_index(folder, history[0].upserts)
    for commit in history[1:]:
        update_index(folder, commit.upserts, commit.deletes)
    return ArraysEngine(folder, GENERATION), ReferenceEngine(articles_of(history), GENERATION)


@settings(max_examples=60, deadline=None)
@given(request=requests, limit=st.sampled_from((1, 10, 2000)))
def test_random_requests_at_scale_are_answered_as_by_the_oracle(
    large: tuple[Engine, Engine], request: SearchRequest, limit: int
) -> None:
    """Any request over a thousand articles has the answer of plain loops."""
    engine, oracle = large
    asked = replace(request, limit=limit)
    assert_agree(engine.search(asked), oracle.search(asked))


REUTERS = Path(__file__).parents[4] / "shared" / "data" / "reuters21578.jsonl.gz"


def reuters_records(count: int) -> Iterable[Record]:
    """The first articles of Reuters-21578, with places and topics as they are given."""
    with gzip.open(REUTERS, "rt", encoding="utf-8") as lines:
        for serial, line in enumerate(islice(lines, count), start=1):
            row = json.loads(line)
            yield a_record(
                serial,
                title=str(row.get("title") or ""),
                body=str(row.get("body") or row.get("text") or ""),
                region=tuple(region_value(place, Role.EVENT) for place in row.get("places") or ()),
                topic=tuple(row.get("topics") or ()),
                date=(725_000 + serial % 300, 725_000 + serial % 300 + serial % 5),
            )


@pytest.mark.skipif(not REUTERS.exists(), reason="needs Reuters-21578 in ../shared/data")
def test_answers_on_reuters_are_whooshs(tmp_path: Path) -> None:
    """Over real articles both engines give the same totals, facets, order and scores."""
    records = list(reuters_records(2500))
    write_index(tmp_path / "index", records)
    arrays, whoosh = ArraysEngine(tmp_path / "index", GENERATION), WhooshEngine(tmp_path / "index", GENERATION)
    chance = random.Random(11)  # noqa: S311 - not for secrets
    facets = (ValueFacet("topic"), ValueFacet("region"), DateFacet(Interval.MONTH))
    compared = 0
    for _ in range(60):
        words = terms(chance.choice(records).body)[:200]
        if len(words) < 10:
            continue
        at = chance.randrange(len(words) - 4)
        one, two, three = words[at : at + 3]
        query = chance.choice(
            (Term(one), Or((Term(one), Term(two), Term(three))), And((Term(one), Term(three))), Phrase((one, two)),
             Near((three, one), 3), Prefix(one[:4], "body"), And((Term(one), Not(Term(two)), Value("topic", "earn"))))
        )  # fmt: skip
        request = SearchRequest(query=query, facets=facets, filters=(ValueFilter("topic", none_of=("acq",)),))
        found, expected = arrays.search(request), whoosh.search(request)
        assert_agree(found, expected)
        assert all(abs(a.score - b.score) <= CLOSE for a, b in zip(found.top, expected.top, strict=True))
        compared += 1
    assert compared > 40
