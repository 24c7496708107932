"""The query language: what is read as what, what is changed with a warning, what is refused."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.errors import QueryRefused
from search.query import (
    And,
    Dates,
    Everything,
    Near,
    Not,
    Nothing,
    Or,
    Phrase,
    Prefix,
    Query,
    Term,
    Value,
    all_of,
    any_of,
    negated,
)
from search.syntax import parse

A, B, C = Term("a"), Term("b"), Term("c")


@pytest.mark.parametrize(
    ("text", "query"),
    [
        pytest.param("", Everything(), id="nothing typed"),
        pytest.param("   ", Everything(), id="blanks"),
        pytest.param("*", Everything(), id="a star"),
        pytest.param("crackdown", Term("crackdown"), id="word"),
        pytest.param("a b", And((A, B)), id="words are joined by and"),
        pytest.param("a AND b", And((A, B)), id="and spelled out"),
        pytest.param("a OR b c", Or((A, And((B, C)))), id="or binds loosest"),
        pytest.param("(a OR b) c", And((Or((A, B)), C)), id="parentheses"),
        pytest.param("a a", A, id="repetition says nothing"),
        pytest.param("-a", Not(A), id="minus alone"),
        pytest.param("a -b", And((A, Not(B))), id="minus"),
        pytest.param("a NOT b", And((A, Not(B))), id="not spelled out"),
        pytest.param("-(a b)", Not(And((A, B))), id="minus before parentheses"),
        pytest.param("foreign-made", Term("foreign-made"), id="a hyphen inside is no minus"),
        pytest.param('"solar panels"', Phrase(("solar", "panels")), id="phrase"),
        pytest.param("“solar panels”", Phrase(("solar", "panels")), id="typographic quotes"),
        pytest.param('"OR"', Phrase(("OR",)), id="an operator in quotes is a word"),
        pytest.param('"a b"~5', Near(("a", "b"), 5), id="near"),
        pytest.param('"a"~5', Phrase(("a",)), id="near needs two words"),
        pytest.param("smuggl*", Prefix("smuggl"), id="prefix"),
        pytest.param("title:a", Term("a", "title"), id="word in a field"),
        pytest.param('Title:"a b"', Phrase(("a", "b"), "title"), id="phrase in a field, any case"),
        pytest.param("caption:grass*", Prefix("grass", "captions"), id="prefix in a field, singular"),
        pytest.param("region:sinuiju", Value("region", "sinuiju"), id="value"),
        pytest.param('source:"Daily NK"', Value("source", "Daily NK"), id="quoted value"),
        pytest.param('source:"-KCNA-"', Value("source", "-KCNA-"), id="a minus in quotes is the value's"),
        pytest.param("date:2019..2020-03", Dates(dt.date(2019, 1, 1), dt.date(2020, 3, 31)), id="range of dates"),
        pytest.param("date:2020-02", Dates(dt.date(2020, 2, 1), dt.date(2020, 2, 29)), id="one month"),
        pytest.param("date:..2020", Dates(None, dt.date(2020, 12, 31)), id="open range"),
        pytest.param("신의주 밀수", And((Term("신의주"), Term("밀수"))), id="hangul"),
        pytest.param("10:30", Term("10:30"), id="a colon in a number"),
        pytest.param("title:(a OR b)", Or((Term("a", "title"), Term("b", "title"))), id="group in a field"),
        pytest.param("-title: (a)", Not(Term("a", "title")), id="with a blank, excluded"),
        pytest.param(
            "title:(a (body:b c)) b", And((Term("a", "title"), Term("b", "body"), Term("c", "title"), B)), id="within"
        ),
        pytest.param(
            "source:(kcna OR rfa)", Or((Value("source", "kcna"), Value("source", "rfa"))), id="group of values"
        ),
        pytest.param(
            "date:(2019 OR 2021)",
            Or((Dates(dt.date(2019, 1, 1), dt.date(2019, 12, 31)), Dates(dt.date(2021, 1, 1), dt.date(2021, 12, 31)))),
            id="group of dates",
        ),
        pytest.param("-*", Nothing(), id="not everything"),
    ],
)
def test_language(text: str, query: Query) -> None:
    """What is in the language is read without a warning."""
    parsed = parse(text)
    assert parsed.query == query
    assert parsed.warnings == ()


@pytest.mark.parametrize(
    ("text", "query", "codes"),
    [
        pytest.param("!!!", Nothing(), ["no-words"], id="no word at all"),
        pytest.param("a !!!", A, ["no-words"], id="a piece without a word"),
        pytest.param('"solar pan', Phrase(("solar", "pan")), ["unclosed-quote"], id="unclosed quote"),
        pytest.param('""', Nothing(), ["no-words"], id="empty quotes"),
        pytest.param("((a", A, ["unclosed-parenthesis"], id="unclosed parenthesis"),
        pytest.param("a))b", And((A, B)), ["unopened-parenthesis"], id="unopened parenthesis"),
        pytest.param("()", Nothing(), ["empty-parentheses"], id="nothing in parentheses"),
        pytest.param("a ()", A, ["empty-parentheses"], id="nothing in parentheses behind"),
        pytest.param("a (", A, ["empty-parentheses", "unclosed-parenthesis"], id="a parenthesis at the end"),
        pytest.param("title: a", A, ["field-apart"], id="a blank behind a field"),
        pytest.param("a region:", A, ["field-apart"], id="a field at the end"),
        pytest.param("(title:)", Nothing(), ["field-apart"], id="a field alone"),
        pytest.param("OR a", A, ["dangling-or"], id="or in front"),
        pytest.param("a OR", A, ["dangling-or"], id="or behind"),
        pytest.param("AND a", A, ["dangling-and"], id="and in front"),
        pytest.param("a AND", A, ["dangling-and"], id="and behind"),
        pytest.param("a NOT", A, ["dangling-minus"], id="not behind"),
        pytest.param("--a", Not(A), ["repeated-minus"], id="two minus"),
        pytest.param("b –a", And((B, Not(A))), ["repeated-minus"], id="a dash"),
        pytest.param("(−a)", Not(A), ["repeated-minus"], id="the sign of subtraction"),
        pytest.param("b – a", And((B, A)), ["no-words"], id="a dash between words"),
        pytest.param("source:-KCNA", Not(Value("source", "KCNA")), ["minus-inside"], id="minus behind a field"),
        pytest.param("title:-a b", And((Not(Term("a", "title")), B)), ["minus-inside"], id="before a word"),
        pytest.param('source:-"Daily NK"', Not(Value("source", "Daily NK")), ["minus-inside"], id="before a phrase"),
        pytest.param(
            "title:-(a OR b)", Not(Or((Term("a", "title"), Term("b", "title")))), ["minus-inside"], id="before a group"
        ),
        pytest.param("-region:--kp", Not(Value("region", "kp")), ["minus-inside"], id="before and behind a field"),
        pytest.param("title:-* a", A, ["no-words", "dangling-minus"], id="a field, a minus, no word"),
        pytest.param("date:-2011", Term("date:-2011"), ["not-a-date"], id="not in, or until: no date"),
        pytest.param("so*", Term("so"), ["no-prefix"], id="short prefix"),
        pytest.param("foreign-ma*", Term("foreign-ma"), ["no-prefix"], id="prefix of two words"),
        pytest.param("source:KC*", Value("source", "KC"), ["no-prefix"], id="prefix of a value"),
        pytest.param('source:"K*C"', Value("source", "K*C"), [], id="star of a value in quotes"),
        pytest.param("source:*", Nothing(), ["no-words"], id="star for any value"),
        pytest.param("*ggling", Term("ggling"), ["star-inside"], id="leading star"),
        pytest.param("*smuggl*", Prefix("smuggl"), ["star-inside"], id="leading star of a prefix"),
        pytest.param("ri*ce", Phrase(("ri", "ce")), ["star-inside"], id="star inside"),
        pytest.param("title:ri*ce*", Phrase(("ri", "ce"), "title"), ["star-inside"], id="stars inside and behind"),
        pytest.param('"solar pan*"', Phrase(("solar", "pan")), ["star-inside"], id="star in a phrase"),
        pytest.param('"smuggl*"', Phrase(("smuggl",)), ["star-inside"], id="star in quotes"),
        pytest.param('"a* b"~5', Near(("a", "b"), 5), ["star-inside"], id="star in near"),
        pytest.param('"*"', Nothing(), ["no-words"], id="nothing but a star in quotes"),
        pytest.param("smuggl*~2", Prefix("smuggl"), ["no-fuzzy"], id="fuzzy prefix"),
        pytest.param("word~2", Term("word"), ["no-fuzzy"], id="fuzzy"),
        pytest.param('"a b"~99', Near(("a", "b"), 50), ["distance-lowered"], id="very far"),
        pytest.param("autor:kim", Term("autor:kim"), ["unknown-field"], id="unknown field"),
        pytest.param("date:2018-00", Term("date:2018-00"), ["not-a-date"], id="month nought"),
        pytest.param("date:2018-10-00", Term("date:2018-10-00"), ["not-a-date"], id="day nought"),
        pytest.param("date:soon", Term("date:soon"), ["not-a-date"], id="not a date"),
        pytest.param("date:2019-02-30", Term("date:2019-02-30"), ["not-a-date"], id="no such day"),
        pytest.param(
            "date:2020..2019", Dates(dt.date(2019, 1, 1), dt.date(2020, 12, 31)), ["dates-swapped"], id="backwards"
        ),
        pytest.param("region:!!", Nothing(), ["no-words"], id="value without a word"),
    ],
)
def test_lenience(text: str, query: Query, codes: list[str]) -> None:
    """Odd input is searched as words or left out, and a warning says which."""
    parsed = parse(text)
    assert parsed.query == query
    assert [notice.code for notice in parsed.warnings] == codes


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("source:-KCNA", "source:-… was read as -source:KCNA: a minus belongs before the field"),
        ("*rice", "the * in *rice was left out: a * belongs at the end of a word, outside quotation marks"),
        ("ri*ce", 'ri*ce was searched as "ri ce": a * belongs at the end of a word, outside quotation marks'),
        ('"a b*"', 'a b* was searched as "a b": a * belongs at the end of a word, outside quotation marks'),
        ("smuggl*~2", "smuggl*~2 was searched as smuggl*: ~ belongs behind a phrase"),
    ],
)
def test_what_was_made_of_it_is_told(text: str, said: str) -> None:
    """A warning says what was searched, and how it is written."""
    (warning,) = parse(text).warnings
    assert warning.detail == said


@pytest.mark.parametrize(
    ("text", "query"),
    [
        pytest.param("a b", Or((A, B)), id="words are joined by or"),
        pytest.param("a b -c", And((Or((A, B)), Not(C))), id="minus still excludes"),
        pytest.param("a AND b c", Or((And((A, B)), C)), id="and binds tighter"),
        pytest.param("-a", Not(A), id="minus alone"),
    ],
)
def test_op_or(text: str, query: Query) -> None:
    """With op=or, bare words are alternatives."""
    assert parse(text, op="or").query == query


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        pytest.param("a" * 257, "characters", id="257 characters"),
        pytest.param(" ".join(f"w{i}" for i in range(33)), "terms", id="33 terms"),
        pytest.param("-".join("abcdefghijklmnopqrstuvwxyzabcdefg"), "terms", id="33 terms in one word"),
        pytest.param("(((((a)))))", "nesting", id="5 deep"),
        pytest.param("abc* def* ghi*", "prefixes", id="3 prefixes"),
    ],
)
def test_limits(text: str, limit: str) -> None:
    """A question beyond a limit is refused by the limit's name; the same question passes where limits are off."""
    with pytest.raises(QueryRefused) as refused:
        parse(text)
    assert refused.value.limit == limit
    assert refused.value.found > refused.value.allowed
    assert str(refused.value.allowed) in refused.value.detail
    assert parse(text, limits=None).query != Nothing()


@given(st.text(max_size=256) | st.text(alphabet='ab *-"()~:OR ANDdate:2019.region', max_size=60))
def test_any_text_is_read_and_prints_back(text: str) -> None:
    """Whatever is typed, the canonical print of what was read reads back as the same tree, without complaint."""
    try:
        query = parse(text).query
    except QueryRefused:
        query = parse(text, limits=None).query
    assert parse(str(query), limits=None).query == query


_words = st.sampled_from(["crackdown", "foreign-made", "신의주", "Sinŭiju", "or", "1990s", "U.S.", "and"])
_fields = st.none() | st.sampled_from(["title", "body", "captions", "authors"])
_leaves: st.SearchStrategy[Query] = st.one_of(
    st.builds(Term, _words, _fields),
    st.builds(Phrase, st.lists(_words, min_size=1, max_size=3).map(tuple), _fields),
    st.builds(Near, st.lists(_words, min_size=2, max_size=3).map(tuple), st.integers(0, 50), _fields),
    st.builds(Prefix, st.sampled_from(["smuggl", "Sinŭ", "신의주"]), _fields),
    st.builds(
        Value, st.sampled_from(["region", "source", "topic", "language"]), st.sampled_from(["kp-x", "-x", "Daily NK"])
    ),
    st.dates(dt.date(1900, 1, 1), dt.date(2000, 1, 1)).flatmap(
        lambda start: st.builds(Dates, st.sampled_from([start, None]), st.dates(start, dt.date(2100, 1, 1)))
    ),
    st.builds(Dates, st.dates(), st.none()),
    st.just(Everything()),
    st.just(Nothing()),
)
_queries = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(all_of)
        | st.lists(inner, min_size=1, max_size=3).map(any_of)
        | inner.map(negated)
    ),
    max_leaves=12,
)


@given(_queries)
def test_every_tree_prints_and_reads_back(query: Query) -> None:
    """`parse(str(q)) == q` for every tree in its simplest form."""
    parsed = parse(str(query), limits=None)
    assert parsed.query == query
    assert parsed.warnings == ()
