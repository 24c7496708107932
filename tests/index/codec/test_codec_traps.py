"""Each trap that a codec of Whoosh's can fall into, and did in the study before this one (DESIGN's "Traps met")."""

from __future__ import annotations

import gc
import operator
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from whoosh import fields, query, writing
from whoosh.analysis import Analyzer, Token
from whoosh.filedb.filestore import FileStorage, RamStorage
from whoosh.reading import SegmentReader, TermNotFound

from index.codec.contents import ArrayIndex
from index.codec.field import PostingKind
from index.codec.segment import ArrayCodec, ArraySegment, check_segment
from tests.index.codec.twins import (
    SCHEMA,
    Twins,
    add,
    agree,
    answer,
    blocks,
    inverted_of,
    postings,
    seeded,
    segments_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator


GOLDEN: Final = Path(__file__).parent / "golden"


def test_index_writer_hard_codes_whooshs_format(index: ArrayIndex) -> None:
    """Every writer that an index of ours hands out writes our segments, whatever codec it is told of."""
    add(index, "goods")
    add(FileStorage(index.storage.folder).open_index(schema=SCHEMA, indexclass=ArrayIndex), "trade", merge=False)
    index.writer(codec="another").commit()
    writer = writing.AsyncWriter(index)
    writer.add_document(body="rice")
    writer.commit()
    with writing.BufferedWriter(index, period=None, limit=2) as buffered:
        for body in ("river", "border", "market"):
            buffered.add_document(body=body)
    assert {type(segment) for segment in index.segments()} == {ArraySegment}
    with index.reader() as reader:
        assert [term.decode() for term in reader.lexicon("body")] == [
            "border",
            "goods",
            "market",
            "rice",
            "river",
            "trade",
        ]


def test_more_processes_are_refused(index: ArrayIndex) -> None:
    """Whoosh's writer of many processes would write its own format, so it is not handed out."""
    with pytest.raises(ValueError, match="many processes"):
        index.writer(procs=2)


def test_no_compound_file_is_made(index: ArrayIndex) -> None:
    """Whoosh's default is to put all files of a segment in one, which it reads into memory; ours stay two."""
    assert not ArraySegment("MAIN").should_assemble()
    with index.writer(compound=True) as writer:
        writer.add_document(body="goods")
    names = sorted(name.rpartition(".")[2] for name in index.storage.list() if name.startswith("MAIN_") and "." in name)
    assert names == ["doc", "inv"]


def write_golden(folder: Path) -> None:
    """What `golden/` holds. When the format's version changes, empty that folder and call this on it."""
    index = FileStorage(str(folder)).create_index(deepcopy(SCHEMA), indexclass=ArrayIndex)
    with index.writer() as writer:
        for key, body in enumerate(("goods trade", "trade goods", "rice")):
            writer.add_document(key=f"{key}", body=body, number=key, places=["here"] * (key % 2))
    with index.writer() as writer:
        writer.merge = False
        writer.delete_by_term("key", "2")
    (folder / "MAIN_WRITELOCK").unlink()


def test_the_format_has_not_changed_unsaid(tmp_path: Path) -> None:
    """The golden index's files are, byte by byte, what is written today: else the format's version must change."""
    write_golden(tmp_path)
    for pattern in ("*.doc", "*.inv"):
        [golden], [made] = GOLDEN.glob(pattern), tmp_path.glob(pattern)
        assert made.read_bytes() == golden.read_bytes()


def test_a_table_of_contents_of_this_version_still_opens() -> None:
    """The index in `golden/`, written when this version was, is read: its contents, its directories and its lists."""
    golden = FileStorage(str(GOLDEN), readonly=True).open_index(schema=SCHEMA, indexclass=ArrayIndex)
    [segment] = golden.segments()
    check_segment(golden.storage, segment)
    assert (segment.doc_count_all(), list(segment.deleted_docs())) == (3, [2])
    with golden.searcher() as searcher:
        assert [hit["key"] for hit in searcher.search(query.Phrase("body", ["goods", "trade"]))] == ["0"]
        assert list(searcher.reader().column_reader("number", translate=False)) == [0, 1, 2]


def test_a_term_that_is_not_there_is_an_error_or_zero(index: ArrayIndex) -> None:
    """Statistics and postings of a missing term raise `TermNotFound`; its frequencies are 0."""
    add(index, "goods", "goods trade", merge=False)
    add(index, "rice", merge=False)
    with index.reader() as reader:
        for one in (reader, *(leaf for leaf, _ in reader.leaf_readers())):
            for asked in (one.term_info, one.postings):
                with pytest.raises(TermNotFound):
                    asked("body", "missing")
                with pytest.raises(TermNotFound):
                    asked("places", "goods")
            assert (one.frequency("body", "missing"), one.doc_frequency("body", "missing")) == (0, 0)
            assert one.frequency("places", "goods") == 0
            assert ("body", "missing") not in one


def test_lengths_reach_the_blocks(twins: Twins) -> None:
    """`length_stats` stays on, or no block would know its shortest field and scores would be skipped wrongly."""
    assert ArrayCodec.length_stats
    twins.add([{"body": "goods " + "trade " * (300 - number)} for number in range(300)])
    with twins.whooshs.reader() as whooshs, twins.ours.reader() as ours:
        assert blocks(ours, "body", b"goods") == blocks(whooshs, "body", b"goods")
        assert len({least for _, _, least, _, _ in blocks(ours, "body", b"goods")}) == 3
        assert ours.term_info("body", "goods").min_length() == 2


def test_no_document_is_lost_when_a_commit_merges(twins: Twins) -> None:
    """Whoosh's commit merges small segments by default; every document of every commit is there after it."""
    for number in range(40):
        twins.add([{"key": f"{number}", "body": f"goods w{number}", "places": [f"p{number % 3}"]}])
        twins.commit(operator.methodcaller("delete_by_term", "key", f"{number - 5}"))
    assert len(twins.ours.segments()) == len(segments_of(twins.whooshs)) < 10
    agree(twins)
    with twins.ours.reader() as reader:
        assert reader.doc_count() == 5
        assert all(reader.doc_frequency("body", f"w{number}") == 1 for number in range(35, 40))


def test_existence_has_frequency_one(twins: Twins) -> None:
    """Fields that only say whether a term is there count it once, and keep no frequency."""
    twins.add([{"places": ["here", "there", "here"]}, {"places": ["here"]}])
    agree(twins)
    [segment] = twins.ours.segments()
    with twins.ours.reader() as reader:
        field = inverted_of(reader).fields["places"]
        assert field.kind is PostingKind.EXISTENCE
        assert reader.frequency("places", "here") == 2
        assert reader.postings("places", "here").weight() == 1.0
    assert segment.doc_count_all() == 2


def test_deleted_documents_count_in_idf(twins: Twins) -> None:
    """Until they are merged away, deleted documents are in N and df, as over Whoosh's format, and in no result."""
    twins.add([{"key": f"{number}", "body": "goods trade" if number % 2 else "goods"} for number in range(30)])
    with twins.ours.searcher() as searcher:
        before = searcher.idf("body", "trade"), answer(searcher, query.Term("body", "trade"), limit=None)
    twins.commit(lambda writer: [writer.delete_by_term("key", f"{number}") for number in range(20)], merge=False)
    whooshs, ours = (index.searcher() for index in twins.both())
    with whooshs, ours:
        found = answer(ours, query.Term("body", "trade"), limit=None)
        assert ours.idf("body", "trade") == whooshs.idf("body", "trade") == before[0]
        assert found == answer(whooshs, query.Term("body", "trade"), limit=None)
        assert found == [hit for hit in before[1] if hit[0] >= 20]
        assert ours.reader().doc_frequency("body", "trade") == 15


def test_a_refreshed_searcher_sees_what_is_new(index: ArrayIndex) -> None:
    """Whoosh's reuse of readers matches none of ours: a refresh opens all segments anew, and closes the old reader."""
    add(index, "goods")
    searcher = index.searcher()
    add(index, "goods", "trade", merge=False)
    assert not searcher.up_to_date()
    refreshed = searcher.refresh()
    with refreshed:
        assert len(refreshed.search(query.Term("body", "goods"))) == 2
        assert refreshed.reader() is not searcher.reader()


def test_a_reader_may_be_closed_under_a_matcher(index: ArrayIndex) -> None:
    """A matcher that is still walking when its reader is closed and the files deleted walks on to the end."""
    add(index, *["goods"] * 300)
    reader = index.reader()
    matcher = reader.postings("body", "goods")
    matcher.next()
    reader.close()
    for name in index.storage.list():
        if name.endswith((".doc", ".inv")):
            index.storage.delete_file(name)
    gc.collect()
    assert list(matcher.all_ids()) == list(range(1, 300))


def test_a_reader_stays_as_it_is_while_commits_replace_its_files(index: ArrayIndex) -> None:
    """An open reader answers from the segments it opened, though a merge has deleted them."""
    add(index, "goods", "goods trade")
    with index.searcher() as searcher:
        before = answer(searcher, query.Term("body", "goods"))
        with index.writer() as writer:
            writer.delete_document(0)
            writer.optimize = True
        assert answer(searcher, query.Term("body", "goods")) == before
        assert searcher.reader().doc_field_length(1, "body") == 2


def test_boosts_survive_writing_and_merging(twins: Twins) -> None:
    """A boosted field or document keeps its weights in every later segment, and the field's others keep theirs."""
    twins.add([{"body": "goods trade trade"}, {"body": "goods", "_body_boost": 2.5}, {"body": "trade", "_boost": 0.1}])
    twins.add([{"body": "goods goods"}], merge=False)
    for _ in range(3):
        agree(twins)
        with twins.ours.reader() as reader:
            weights = sorted(weight for _, term, _, weight, _ in postings(reader) if term == b"goods")
            assert weights == [1.0, 2.0, 2.5]
            assert reader.term_info("body", "goods").max_weight() == 2.5
        twins.commit(lambda _: None, optimize=True)


def test_a_boosted_format_keeps_its_weights(tmp_path: Path) -> None:
    """A field whose every weight is not its frequency is kept as Whoosh's bytes, whatever its kind."""
    schema = fields.Schema(
        text=fields.TEXT(field_boost=1.5),
        tags=fields.KEYWORD(field_boost=2.0, scorable=True),
        id=fields.ID(field_boost=3.0),
    )
    twins = Twins.create(tmp_path, schema)
    twins.add([{"text": "a1 b1 a1", "tags": "x y x", "id": "k"}, {"text": "b1", "tags": "y", "id": "l"}])
    agree(twins)
    with twins.ours.reader() as reader:
        assert {field.kind for field in inverted_of(reader).fields.values()} == {PostingKind.VALUES}


class Synonyms(Analyzer):  # type: ignore[misc]  # Whoosh is untyped
    """Words of which some stand for two at one place, and one is said twice there."""

    def __call__(self, value: str, **options: Any) -> Iterator[Token]:
        """Tokens, `both` as `one` and twice `two`, all of one position."""
        token = Token(**options)
        for position, word in enumerate(value.split()):
            for text in ("one", "two", "two") if word == "both" else (word,):
                token.text, token.pos, token.boost = text, position, 1.0
                yield token


def test_equal_positions_are_kept(tmp_path: Path) -> None:
    """A term twice at one position is more than gaps can say; it is there after writing and after merging."""
    twins = Twins.create(tmp_path, fields.Schema(body=fields.TEXT(analyzer=Synonyms())))
    twins.add([{"body": "a both b"}, {"body": "two two"}])
    for _ in range(2):
        agree(twins)
        with twins.ours.reader() as reader:
            assert [1, 1] in [positions for _, positions in reader.postings("body", "two").items_as("positions")]
            assert inverted_of(reader).fields["body"].kind is PostingKind.VALUES
        twins.add([{"body": "both"}], optimize=True)


@pytest.mark.parametrize("frequency", [255, 256, 65_535, 65_536, 70_000])
def test_huge_frequencies(twins: Twins, frequency: int) -> None:
    """Frequencies and lengths that pass 8 and 16 bits are read back, scored and bounded as over Whoosh's format."""
    twins.add([{"body": "goods " * frequency}, {"body": "goods trade"}, *[{"body": "goods goods"}] * 130])
    agree(twins)
    whooshs, ours = (index.searcher() for index in twins.both())
    with whooshs, ours:
        asked = query.Term("body", "goods")
        assert answer(ours, asked, limit=3) == answer(whooshs, asked, limit=3)
        assert blocks(ours.reader(), "body", b"goods") == blocks(whooshs.reader(), "body", b"goods")
        assert ours.reader().term_info("body", "goods").max_weight() == frequency


@pytest.mark.parametrize("count", [1, 127, 128, 129, 255, 256, 257])
def test_lists_that_end_at_the_edge_of_a_block(twins: Twins, count: int) -> None:
    """Blocks, and steps and skips over them, are as over Whoosh's format however long the list is."""
    twins.add([{"body": "goods" + " trade" * (number % 7), "key": f"{number}"} for number in range(count)])
    agree(twins)
    with twins.whooshs.reader() as whooshs, twins.ours.reader() as ours:
        assert blocks(ours, "body", b"goods") == blocks(whooshs, "body", b"goods")
        for target in (0, 1, 126, 127, 128, 129, 254, 255, 256, 300):
            matchers = whooshs.postings("body", "goods"), ours.postings("body", "goods")
            for matcher in matchers:
                matcher.skip_to(target)
            assert matchers[1].is_active() == matchers[0].is_active() == (target < count)
            assert not matchers[1].is_active() or matchers[1].id() == matchers[0].id() == target


def test_matchers_walk_as_whooshs_do(twins: Twins) -> None:
    """Any walk of steps and jumps over a list stands at the same posting, and a copy or a reset does too."""
    source = seeded(5)
    twins.add([{"body": " ".join(["goods"] * source.randint(0, 3)) or "x"} for _ in range(700)])
    with twins.whooshs.reader() as whooshs, twins.ours.reader() as ours:
        for _ in range(40):
            one, other = whooshs.postings("body", "goods"), ours.postings("body", "goods")
            while one.is_active():
                assert other.is_active()
                told = [
                    (m.id(), m.weight(), m.value(), m.value_as("positions"), m.spans()) for m in (one, other.copy())
                ]
                assert told[1] == told[0]
                if source.random() < 0.7:
                    target = one.id() + source.choice((0, 1, 5, 60, 200))
                    one.skip_to(target)
                    other.skip_to(target)
                else:
                    assert other.next() == one.next()
            assert not other.is_active()
            other.reset()
            assert other.id() == next(iter(ours.postings("body", "goods").all_ids()))


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([], id="nothing"),
        pytest.param([{}], id="a document of nothing"),
        pytest.param([{"body": ""}, {"body": "goods"}, {"body": ""}], id="empty fields"),
        pytest.param([{"key": "a"}, {"number": 5}], id="fields by turns"),
        pytest.param([{"body": "", "places": []}], id="fields without terms"),
    ],
)
def test_little_and_nothing(twins: Twins, entries: list[dict[str, Any]]) -> None:
    """An empty index, empty documents and empty fields are as over Whoosh's format, also after a merge."""
    twins.add(entries)
    for _ in range(2):
        assert [index.doc_count() for index in twins.both()] == [len(entries)] * 2
        with twins.whooshs.searcher() as whooshs, twins.ours.searcher() as ours:
            assert postings(ours.reader()) == postings(whooshs.reader())
            for asked in (query.Every(), query.Term("body", "goods"), query.Not(query.Term("body", "goods"))):
                assert answer(ours, asked) == answer(whooshs, asked)
            assert [searcher.avg_field_length("body") for searcher in (whooshs, ours) if entries] in (
                [],
                [whooshs.avg_field_length("body")] * 2,
            )
        twins.commit(lambda _: None, optimize=True)


def test_an_empty_commit_after_deletions_alone(twins: Twins) -> None:
    """Deleting every document leaves an index that can be read, merged and added to."""
    twins.add([{"key": "a", "body": "goods"}, {"key": "b", "body": "goods"}])
    twins.commit(lambda writer: [writer.delete_by_term("key", key) for key in "ab"], merge=False)
    agree(twins)
    twins.commit(lambda _: None, optimize=True)
    agree(twins)
    twins.add([{"key": "c", "body": "goods"}])
    agree(twins)


def big_segment(storage: RamStorage, size: int) -> ArraySegment:
    """A segment of so many documents, written by calling the codec as Whoosh does."""
    codec, segment = ArrayCodec(), ArraySegment("MAIN")
    per_document = codec.per_document_writer(storage, segment)
    for number in range(size):
        per_document.start_doc(number)
        per_document.add_field("body", SCHEMA["body"], None, 1 + number % 3)
        per_document.add_column_value("number", SCHEMA["number"].column_type, number - 5)
        per_document.finish_doc()
    per_document.close()
    segment.set_doc_count(size)
    fields_writer = codec.field_writer(storage, segment)
    one = SCHEMA["body"].format.encode([1])
    items = [("body", b"goods", number, 1.0, one) for number in range(size)]
    items += [("places", f"{number:06}".encode(), number, 1.0, b"") for number in range(size)]
    lengths = codec.per_document_reader(storage, segment)
    fields_writer.add_postings(SCHEMA, lengths, items)
    fields_writer.close()
    lengths.close()
    return segment


def test_seventy_thousand_documents_in_one_segment() -> None:
    """Documents, sets of values and column values beyond 16 bits are read back, each at its place."""
    storage = RamStorage()
    segment = big_segment(storage, 70_000)
    check_segment(storage, segment)
    with SegmentReader(storage, SCHEMA, segment) as reader:
        matcher = reader.postings("body", "goods")
        for target in (65_535, 65_536, 69_999):
            matcher.skip_to(target)
            assert (matcher.id(), matcher.value_as("positions")) == (target, [1])
            assert reader.doc_field_length(target, "body") == 1 + target % 3
            assert reader.column_reader("number", translate=False)[target] == target - 5
            assert list(reader.postings("places", f"{target:06}").all_ids()) == [target]
        assert reader.doc_frequency("body", "goods") == 70_000
        kept = inverted_of(reader).sets("places")
        assert kept is not None
        sets, set_at, set_values = kept
        assert sets.dtype == np.uint32
        assert sets.tolist() == list(range(1, 70_001))
        assert (set_at.tolist(), set_values.tolist()) == ([0, *range(70_001)], list(range(70_000)))


def test_terms_of_any_script_and_length(twins: Twins) -> None:
    """Terms of many bytes, of every script and of the last code points are kept, ordered by their bytes, and found."""
    words = ["신의주", "Ünïcödé", "\U0010ffff", "x" * 20_000, "\x01", "平壤", "a"]
    twins.add([{"places": words[:4]}, {"places": words[3:]}, {"places": [""]}])
    agree(twins)
    with twins.ours.searcher() as searcher:
        assert list(searcher.reader().lexicon("places")) == sorted(word.encode() for word in (*words, ""))
        for word in words:
            assert len(searcher.search(query.Term("places", word))) == 1 + (word == words[3])
        assert [hit.docnum for hit in searcher.search(query.Term("places", ""))] == [2]
