"""Whoosh's own writer and searcher say the same over our codec as over Whoosh's: all of it, to the last bit."""

from __future__ import annotations

import gzip
import itertools
import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from whoosh import query, scoring, sorting
from whoosh.index import FileIndex

from index.codec.schema import schema_from_fields
from index.codec.segment import ArraySegment, check_segment
from tests.index.codec.twins import (
    FACETS,
    WEIGHTINGS,
    WIDE,
    WORDS,
    Entry,
    Twins,
    answer,
    blocks,
    documents,
    postings,
    queries,
    seeded,
    segments_of,
    statistics,
    wide_entry,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

REUTERS: Final = Path(__file__).parents[4] / "shared" / "data" / "reuters21578.jsonl.gz"
ARTICLES: Final = 600

STAGES: Final[dict[str, Callable[[Twins, Random], object]]] = {
    "one segment": lambda twins, source: twins.add([wide_entry(source, key) for key in range(200)]),
    "several segments": lambda twins, source: twins.add_each(
        [[wide_entry(source, key) for key in keys] for keys in (range(200, 260), range(260, 265))]
    ),
    "deletions": lambda twins, _: twins.commit(
        lambda writer: [writer.delete_by_term("key", f"k{key}") for key in range(0, 265, 6)], merge=False
    ),
    "replacements": lambda twins, source: twins.replace([wide_entry(source, key) for key in range(0, 265, 11)]),
    "merged": lambda twins, _: twins.commit(lambda _: None, optimize=True),
}


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Twins]:
    """Wide twins at each stage of their life."""
    folder = tmp_path_factory.mktemp("twins")
    source = seeded(20)
    living = Twins.create(folder / "living", WIDE)
    kept = {}
    for stage, live in STAGES.items():
        live(living, source)
        shutil.copytree(folder / "living", folder / stage)
        kept[stage] = Twins.open(folder / stage, WIDE)
    return kept


@pytest.fixture(params=STAGES)
def twins(request: pytest.FixtureRequest, lives: dict[str, Twins]) -> Twins:
    """The twins at one stage."""
    return lives[request.param]


def test_readers_agree(twins: Twins) -> None:
    """Every posting, every statistic of every term, every length, column, vector and stored field is the same."""
    with twins.whooshs.reader() as whooshs, twins.ours.reader() as ours:
        assert postings(ours) == postings(whooshs)
        assert statistics(ours) == statistics(whooshs)
        assert documents(ours) == documents(whooshs)
        assert sorted(ours.indexed_field_names()) == sorted(whooshs.indexed_field_names())
    assert [segment.doc_count_all() for segment in twins.ours.segments()] == [
        segment.doc_count_all() for segment in segments_of(twins.whooshs)
    ]
    for segment in twins.ours.segments():
        check_segment(twins.ours.storage, segment)


@pytest.mark.parametrize("weighting", WEIGHTINGS)
def test_searchers_agree(twins: Twins, weighting: str) -> None:
    """Queries of every kind find the same documents, in order and with their scores, skipping blocks or not."""
    source = seeded(weighting)
    whooshs, ours = (index.searcher(weighting=WEIGHTINGS[weighting]()) for index in twins.both())
    found = 0
    with whooshs, ours:
        for (name, asked), options in itertools.product(
            queries(source), ({"limit": None}, {"limit": 5}, {"limit": 5, "optimize": False})
        ):
            try:
                expected = answer(whooshs, asked, **options)
            except (IndexError, NotImplementedError):
                continue  # some of Whoosh's queries fail over Whoosh's own format
            assert answer(ours, asked, **options) == expected, (name, asked, options)
            found += len(expected)
    assert found > 500


@pytest.mark.parametrize("facet", FACETS)
def test_sorting_and_grouping_agree(twins: Twins, facet: str) -> None:
    """Results are sorted and counted the same by columns of every type and by terms."""
    whooshs, ours = (index.searcher() for index in twins.both())
    asked = query.Or([query.Term("body", word) for word in WORDS[:6]])
    with whooshs, ours:
        results = [
            searcher.search(asked, limit=None, groupedby=sorting.Facets().add_facet("by", FACETS[facet]()))
            for searcher in (whooshs, ours)
        ]
        assert results[1].groups("by") == results[0].groups("by")
        if facet not in {"tags", "day"}:
            options = {"limit": None, "sortedby": [FACETS[facet](), "kind"]}
            assert answer(ours, asked, **options) == answer(whooshs, asked, **options)


def test_suggestions_agree(twins: Twins) -> None:
    """Misspelt words get the same suggestions, from fields with words of their own for that and from others."""
    whooshs, ours = (index.searcher() for index in twins.both())
    with whooshs, ours:
        for field, word in itertools.product(("body", "stemmed"), ("smugling", "trads", "borde", "신의", "zzzz")):
            told = [searcher.suggest(field, word, limit=5) for searcher in (whooshs, ours)]
            assert told[1] == told[0], (field, word)


def test_more_like_this_agrees(twins: Twins) -> None:
    """A document's key terms, by vector and by stored text, and the documents like it, are the same."""
    whooshs, ours = (index.searcher() for index in twins.both())
    with whooshs, ours:
        for number in (1, 7, 100, 190):
            for field in ("body", "title"):
                told = [searcher.more_like(number, field, top=5) for searcher in (whooshs, ours)]
                likes = [[(hit.docnum, hit.score) for hit in results] for results in told]
                terms = [searcher.key_terms([number], field, numterms=8) for searcher in (whooshs, ours)]
                assert likes[1] == likes[0]
                assert terms[1] == terms[0]


def test_lexicons_agree(twins: Twins) -> None:
    """Terms from a place on, by prefix, by frequency, within a distance and by cursor are the same."""
    whooshs, ours = twins.whooshs.reader(), twins.ours.reader()
    with whooshs, ours:
        for field in ("body", "tags", "number", "grams", "letters"):
            for prefix in ("", "s", "smug", "신", "zz"):
                text = prefix if field != "number" else b"\x80"
                readings: list[list[Any]] = [
                    [
                        list(reader.expand_prefix(field, text)),
                        list(itertools.islice(reader.terms_from(field, text), 30)),
                        reader.most_frequent_terms(field, 5, text),
                        reader.most_distinctive_terms(field, 5, text),
                    ]
                    for reader in (whooshs, ours)
                ]
                assert readings[1] == readings[0]
        for word in ("trader", "smuglers", "물"):
            assert sorted(ours.terms_within("body", word, 2)) == sorted(whooshs.terms_within("body", word, 2))
        for one, other in zip(whooshs.leaf_readers(), ours.leaf_readers(), strict=True):
            cursors = one[0].cursor("body"), other[0].cursor("body")
            for text in ("m", "zzz", "a"):
                told = [
                    (cursor.find(text.encode()), cursor.text(), cursor.next(), cursor.first()) for cursor in cursors
                ]
                assert told[1] == told[0]


def short_entry() -> st.SearchStrategy[Entry]:
    """A small document for `WIDE`."""
    words = st.lists(st.sampled_from(WORDS[:8]), max_size=6).map(" ".join)
    return st.fixed_dictionaries(
        {"key": st.sampled_from("abcdefgh")},
        optional={
            "title": words,
            "body": words,
            "stemmed": words,
            "tags": words.map(lambda text: text.replace(" ", ",")),
            "kind": st.sampled_from(("report", "notice")),
            "number": st.integers(-5, 5),
            "large": st.integers(0, 2**64 - 1),
            "_boost": st.sampled_from((0.5, 1.1, 2.0)),
        },
    )


WORK = st.lists(
    st.tuples(
        st.lists(short_entry(), max_size=4),
        st.lists(st.sampled_from("abcdefgh"), max_size=2),
        st.sampled_from(({}, {"merge": False}, {"optimize": True})),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate],  # shrinking would take minutes
)
@given(work=WORK, seed=st.integers(0, 10**6))
def test_any_history_agrees(
    work: list[tuple[list[Entry], list[str], dict[str, bool], bool]],
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """After any commits and cancelled ones, of additions, replacements, deletions and merges, the twins are twins."""
    twins = Twins.create(tmp_path_factory.mktemp("history"), WIDE)
    for entries, deletes, options, is_cancelled in work:
        for index in twins.both():
            writer = index.writer(compound=False)
            for key in deletes:
                writer.delete_by_term("key", key)
            for number, entry in enumerate(entries):
                (writer.update_document if number % 2 else writer.add_document)(**entry)
            if is_cancelled:
                writer.cancel()
            else:
                writer.commit(**options)
    with twins.whooshs.searcher() as whooshs, twins.ours.searcher() as ours:
        assert postings(ours.reader()) == postings(whooshs.reader())
        assert statistics(ours.reader()) == statistics(whooshs.reader())
        if whooshs.doc_count_all():
            assert documents(ours.reader()) == documents(whooshs.reader())
        for _, asked in itertools.islice(queries(seeded(seed)), 8):
            assert answer(ours, asked, limit=None) == answer(whooshs, asked, limit=None)


@pytest.fixture(scope="module")
def reuters(tmp_path_factory: pytest.TempPathFactory) -> Twins:
    """Twins of the first articles of Reuters-21578, in two segments."""
    if not REUTERS.exists():
        pytest.skip("the Reuters corpus is not beside the project")
    made = Twins.create(tmp_path_factory.mktemp("reuters"), schema_from_fields())
    with gzip.open(REUTERS, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in itertools.islice(lines, ARTICLES)]
    entries = [
        {
            "serial": number,
            "title": row.get("title") or "",
            "body": row.get("body") or row.get("text") or "",
            "topic": sorted({str(topic) for topic in row.get("topics") or ()}),
            "region": sorted({str(place) for place in row.get("places") or ()}),
        }
        for number, row in enumerate(rows, 1)
    ]
    made.add(entries[: ARTICLES * 4 // 5], merge=False)
    made.add(entries[ARTICLES * 4 // 5 :], merge=False)
    return made


def test_reuters_reads_the_same(reuters: Twins) -> None:
    """All postings, statistics and blocks of real articles are the same."""
    with reuters.whooshs.reader() as whooshs, reuters.ours.reader() as ours:
        assert ours.doc_count() == ARTICLES
        assert postings(ours) == postings(whooshs)
        assert statistics(ours) == statistics(whooshs)
        for one, other in zip(whooshs.leaf_readers(), ours.leaf_readers(), strict=True):
            for term in list(one[0].lexicon("body"))[::50]:
                assert blocks(other[0], "body", term) == blocks(one[0], "body", term)


def reuters_question(source: Random, words: list[str]) -> query.Query:
    """A query of some common and rare words."""
    terms = [query.Term("body", word) for word in source.choices(words, k=4)]
    kinds: list[Callable[[], query.Query]] = [
        lambda: query.And(terms[:2]),
        lambda: query.Or(terms),
        lambda: query.And([terms[0], query.Or(terms[1:3]), query.Not(terms[3])]),
        lambda: query.Phrase("body", [term.text for term in terms[:2]], slop=3),
        lambda: query.DisjunctionMax([query.Term("title", terms[0].text, boost=3.0), terms[0]]),
        lambda: query.Prefix("body", terms[0].text[:3]),
        lambda: query.AndMaybe(terms[0], terms[1]),
    ]
    return source.choice(kinds)()


@pytest.mark.parametrize("weighting", [scoring.BM25F, scoring.TF_IDF], ids=["BM25F", "TF_IDF"])
def test_reuters_answers_the_same(reuters: Twins, weighting: type[scoring.WeightingModel]) -> None:
    """Ten best by skipping and all matches of hundreds of questions to real articles are the same."""
    source = seeded(4)
    whooshs, ours = (index.searcher(weighting=weighting()) for index in reuters.both())
    with whooshs, ours:
        frequent = [text.decode() for _, text in whooshs.reader().most_frequent_terms("body", 300)]
        words = frequent + source.sample([word.decode() for word in whooshs.reader().lexicon("body")], 300)
        for _ in range(60):
            asked = reuters_question(source, words)
            for limit in (10, None):
                assert answer(ours, asked, limit=limit) == answer(whooshs, asked, limit=limit), asked


def test_the_index_keeps_our_format(twins: Twins) -> None:
    """Every segment that any writer of the index made is ours, and Whoosh's index has none of them."""
    assert isinstance(twins.ours, FileIndex)
    assert {type(segment) for segment in twins.ours.segments()} == {ArraySegment}
    assert ArraySegment not in {type(segment) for segment in segments_of(twins.whooshs)}
