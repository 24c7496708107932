"""What each line of a plain text is: headline, body, caption, byline or boilerplate.

`PageReader.read` gives a `Page`: the blocks of the text in order, and the names its bylines give. Lines are told by
their words (patterns in `data/page.toml`), the headline by its place and shape, a picture's repeated alternative text
by the caption below it. Some furniture has to stand alone: amid a sentence the same words are body. A date alone on one
of the first or last lines is a byline that gives a `Stamp`, and so does a date beside an author's name; it is no
headline, and neither is a dateline. Lines of body that touch make one block; everything else is a block by the line.
`find_lead` makes a title for a text that has none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import dropwhile, pairwise
from typing import TYPE_CHECKING, Any

from index.document import LEAD_RULE, Block, BlockKind, Evidence, Found, Span
from index.extract.dateline import opens_dispatch, stands_alone
from index.extract.rules import any_of, compiled
from index.extract.stamp import LONGEST, Stamp, StampReader
from index.extract.text import unwrapped

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

_NAME = r"[A-ZÀ-Þ][\w.'’-]*(?: (?:[A-ZÀ-Þ][\w.'’-]*|de|van|von|bin|al)){1,4}"
_NAME_IN_LIST = re.compile(rf"{_NAME}|[가-힣]{{2,4}}")
_LINE = re.compile(r"\S[^\n]*")
_WORDS = re.compile(r"[^\s–—-]")
_SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*(?=\s|$)")
_ENDS_SENTENCE = re.compile(r"[.!?…][\"'”’»)\]]*$")
_ABBREVIATION = re.compile(
    r"(?:\b[A-Z]|\b(?:Mr|Mrs|Ms|Dr|Gen|Sen|Rep|Gov|Col|St|Mt|No|vs|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?"
    r"|Oct|Nov|Dec|Co|Corp|Inc|Ltd))\.$"
)
_CREDIT_END = re.compile(r"\((?P<credit>[^()]{2,40})\)$")
_CAPTION_LONGEST = 200
_UNFINISHED = re.compile(r"(?:,|\b(?:on|of|in|to|for|from|by|at|and|dated|since|until|before|after))$")
_NOT_HEADLINE = re.compile(r"[.:;,][\"'”’)\]]?$")
_BY = re.compile(r"[\s,|–—-]{0,4}\b[Bb][Yy]\s+$")
_BEHIND_NAME = re.compile(r"[|,=/]\s*|\s[-–—]\s*|(?:기자|특파원|논설위원)\s*(?:[-–—]\s*)?")


@dataclass(frozen=True, slots=True)
class Page:
    """A text taken apart. `headline` is its own, if it has one."""

    blocks: tuple[Block, ...]
    headline: Found[str] | None
    authors: tuple[Found[str], ...]
    translators: tuple[Found[str], ...]
    stamps: tuple[Stamp, ...] = ()


@dataclass(frozen=True, slots=True)
class _Rule:
    """A row of `page.toml`."""

    kind: BlockKind
    name: str
    pattern: re.Pattern[str]
    hints: tuple[str, ...]
    at: str | None
    alone: bool
    person: str | None


@dataclass(slots=True)
class _Line:
    """A line that is not blank, without the blanks around it, and what it was found to be."""

    start: int
    end: int
    words: str
    kind: BlockKind = BlockKind.BODY
    rule: _Rule | None = None
    stamp: Stamp | None = None


class PageReader:
    """Reads pages by the rules of `data/page.toml`. A short line that ends in one of `credit_names` is a caption."""

    def __init__(self, rules: Mapping[str, Any], credit_names: Collection[str]) -> None:
        self._rules = tuple(_rule_from_row(row) for row in rules["line"])
        self._credit_names = frozenset(name.casefold() for name in credit_names)
        self._longest_headline: int = rules["headline"]["longest"]
        self._fewest_words: int = rules["headline"]["fewest_words"]
        self._edge: int = rules["edge"]["lines"]
        self._stamps = StampReader(rules["stamp"])
        half_day, published = any_of(rules["stamp"]["half_day_behind"]), any_of(rules["stamp"]["published_behind"])
        self._behind_stamp = re.compile(rf"(?:(?<=\d)\s*{half_day})?(?:\s*(?P<published>{published}))?$")

    def read(self, text: str, declared_title: str | None = None) -> Page:
        """Take a normalised text apart. A first line that repeats the declared title is the headline."""
        lines = [
            _Line(match.start(), match.start() + len(words), words)
            for match in _LINE.finditer(text)
            if (words := match.group().rstrip())
        ]
        self._tell_by_words(text, lines)
        self._tell_stamps(text, lines)
        self._tell_captions(lines)
        headline = self._tell_headline(text, lines, declared_title)
        return Page(
            blocks=tuple(_blocks(text, lines)),
            headline=headline,
            authors=_people(lines, "author"),
            translators=_people(lines, "translator"),
            stamps=tuple(line.stamp for line in lines if line.stamp),
        )

    def _tell_by_words(self, text: str, lines: Sequence[_Line]) -> None:
        lowered = text.lower()
        rules = [rule for rule in self._rules if any(hint in lowered for hint in rule.hints)]
        for place, line in enumerate(lines) if rules else ():
            edges = {"start": place < self._edge, "end": place >= len(lines) - self._edge, None: True}
            rule = next((rule for rule in rules if edges[rule.at] and rule.pattern.match(line.words)), None)
            if rule:
                line.kind, line.rule = rule.kind, rule
        _give_back(text, lines)

    def _tell_stamps(self, text: str, lines: Sequence[_Line]) -> None:
        for place, line in enumerate(lines):
            is_at_edge = place < self._edge or place >= len(lines) - self._edge
            if is_at_edge and line.kind in (BlockKind.BODY, BlockKind.BYLINE):
                line.stamp = next(filter(None, (self._stamp(line, *stretch) for stretch in _stretches(line))), None)
        bare = [line for line in lines if line.stamp and not line.stamp.has_label]
        is_chronicle = len({line.stamp.day for line in bare if line.stamp}) > 1
        for place, line in enumerate(lines):
            if line.stamp and not line.stamp.has_label:
                # No sentence goes on in a byline with a name.
                is_kept = not is_chronicle and (line.rule is not None or not _goes_on(text, lines, place))
                line.stamp = line.stamp if is_kept else None
            if line.stamp and line.rule is None:
                line.kind = BlockKind.BYLINE

    def _stamp(self, line: _Line, start: int, end: int) -> Stamp | None:
        """The stamp that a stretch of a line is, without what stands behind it."""
        if end - start > LONGEST:
            return None
        words = unwrapped(line.words[start:end])
        behind = self._behind_stamp.search(words)
        stamp = self._stamps.read(words[: behind.start()] if behind else words, line.start + start)
        return replace(stamp, says_published=True) if stamp and behind and behind["published"] else stamp

    def _tell_captions(self, lines: Sequence[_Line]) -> None:
        for line in lines:
            if line.kind is BlockKind.BODY and line.words.endswith(")") and len(line.words) <= _CAPTION_LONGEST:
                credit = _CREDIT_END.search(line.words)
                if credit and credit["credit"].casefold().removeprefix("the ") in self._credit_names:
                    line.kind = BlockKind.CAPTION
        for above, below in pairwise(lines):
            if below.kind is BlockKind.CAPTION and above.kind is BlockKind.BODY and _repeats(above.words, below.words):
                above.kind = BlockKind.CAPTION

    def _tell_headline(self, text: str, lines: Sequence[_Line], declared: str | None) -> Found[str] | None:
        # A date or a dateline may stand over the headline.
        rest = list(dropwhile(lambda line: line.stamp is not None or stands_alone(line.words), lines))
        if not rest:
            return None
        first = rest[0]
        if declared is not None:
            is_headline = _squeezed(first.words) == _squeezed(declared)
        else:
            is_headline = first.kind is BlockKind.BODY and self._looks_like_headline(text, rest)
        if not is_headline:
            return None
        first.kind, first.rule = BlockKind.TITLE, None
        return Found(_squeezed(first.words), (Evidence("title-headline", Span(first.start, first.end), first.words),))

    def _looks_like_headline(self, text: str, lines: Sequence[_Line]) -> bool:
        """A short first line without a full stop, a blank line, a byline or a dateline below it, then body."""
        first = lines[0]
        return (
            len(lines) > 1
            and any(line.kind is BlockKind.BODY for line in lines[1:])
            and len(first.words) <= self._longest_headline
            and len(first.words.split()) >= self._fewest_words
            and (
                text.count("\n", first.end, lines[1].start) > 1
                or lines[1].kind is BlockKind.BYLINE
                or opens_dispatch(unwrapped(lines[1].words))
            )
            and not _NOT_HEADLINE.search(first.words)
        )


def _give_back(text: str, lines: Sequence[_Line]) -> None:
    """Make body of each line that has to stand alone and stands amid a sentence.

    From the last to the first and back, so that of several that touch all are given back or none.
    """
    alone = [place for place, line in enumerate(lines) if line.rule is not None and line.rule.alone]
    for place in (*reversed(alone), *alone):
        if _is_amid(text, lines, place):
            lines[place].kind, lines[place].rule = BlockKind.BODY, None


def _is_amid(text: str, lines: Sequence[_Line], place: int) -> bool:
    """Whether a line may be part of a sentence of the body: begun in the line above, or ended in the one below."""
    if _goes_on(text, lines, place) and not _ENDS_SENTENCE.search(lines[place - 1].words):
        return True
    line, below = lines[place], lines[place + 1] if place + 1 < len(lines) else None
    if below is None or below.kind is not BlockKind.BODY or text.count("\n", line.end, below.start) > 1:
        return False
    return below.words[0].islower()


def _stretches(line: _Line) -> Iterator[tuple[int, int]]:
    """Where in a line a stamp may stand: all of it, or before or behind the name in an author's byline."""
    byline = line.rule.pattern.match(line.words) if line.rule and line.rule.person == "author" else None
    if byline is None:
        yield 0, len(line.words)
        return
    yield 0, len(_BY.sub("", line.words[: byline.start("name")]))
    for behind in _BEHIND_NAME.finditer(line.words, byline.end("name")):
        yield behind.end(), len(line.words)


def _goes_on(text: str, lines: Sequence[_Line], place: int) -> bool:
    """Whether a line may be the rest of the sentence above: no blank line parts it, and no headline stands there."""
    if place == 0:
        return False
    above, line = lines[place - 1 : place + 1]
    if above.kind is not BlockKind.BODY or text.count("\n", above.end, line.start) > 1:
        return False
    is_parted_below = place + 1 < len(lines) and text.count("\n", line.end, lines[place + 1].start) > 1
    return place > 1 or not is_parted_below or _UNFINISHED.search(above.words) is not None


def find_lead(text: str, blocks: Iterable[Block], longest: int) -> Found[str] | None:
    """A title for a text without one: its first sentence, cut at a word near `longest` characters and marked "…".

    The first sentence of the body if there is any, else of whatever the text has; `None` for a text without words.
    """
    blocks = tuple(blocks)
    bodies = (_below_dateline(text, block) for block in blocks if block.kind is BlockKind.BODY)
    block = next((block for block in bodies if block), next(iter(blocks), None))
    if block is None:
        return None
    end = _sentence_end(text, block)
    if end - block.start <= longest:
        cut, mark = end, ""
    else:
        space = text.rfind(" ", block.start, block.start + longest + 1)
        cut, mark = (space if space > block.start else block.start + longest), "…"
    quote = text[block.start : cut].rstrip(" ,;:–—-")
    evidence = Evidence(LEAD_RULE, Span(block.start, block.start + len(quote)), quote)
    return Found(_squeezed(quote) + mark, (evidence,))


def _below_dateline(text: str, block: Block) -> Block | None:
    """The block without a dateline that is its first line; `None` if nothing else is in it."""
    first = _LINE.match(text, block.start, block.end)
    if first is None or not stands_alone(first.group().rstrip()):
        return block
    below = _WORDS.search(text, first.end(), block.end)
    return Block(block.kind, below.start(), block.end) if below else None


def _sentence_end(text: str, block: Block) -> int:
    for match in _SENTENCE_END.finditer(text, block.start, block.end):
        if not _ABBREVIATION.search(text, max(block.start, match.end() - 6), match.end()):
            return match.end()
    return block.end


def _rule_from_row(row: Mapping[str, Any]) -> _Rule:
    flags = 0 if row.get("case") else re.IGNORECASE
    pattern = row["match"].replace("NAME", _NAME).replace("BARRED", any_of(row.get("barred", [])))
    return _Rule(
        kind=BlockKind(row["kind"]),
        name=row["rule"],
        pattern=compiled("page.toml", row["rule"], pattern, flags),
        hints=tuple(row["hints"]),
        at=row.get("at"),
        alone=row.get("alone", False),
        person=row.get("person"),
    )


def _blocks(text: str, lines: Sequence[_Line]) -> Iterable[Block]:
    """The lines as blocks: body lines with no blank line between them are one."""
    start: int | None = None
    for place, line in enumerate(lines):
        start = line.start if start is None else start
        after = lines[place + 1] if place + 1 < len(lines) else None
        if (
            after is not None
            and line.kind is after.kind is BlockKind.BODY
            and text.count("\n", line.end, after.start) == 1
        ):
            continue
        yield Block(line.kind, start, line.end)
        start = None


def _people(lines: Iterable[_Line], person: str) -> tuple[Found[str], ...]:
    """The names that bylines give to authors or translators, each once."""
    people: dict[str, list[Evidence]] = {}
    for line in lines:
        if line.rule is None or line.rule.person != person:
            continue
        match = line.rule.pattern.match(line.words)
        names = match.group("name") if match else None
        for name in _NAME_IN_LIST.findall(names or ""):
            evidence = Evidence(line.rule.name, Span(line.start, line.end), line.words)
            people.setdefault(name.rstrip("."), []).append(evidence)
    return tuple(Found(name, tuple(evidence)) for name, evidence in people.items())


def _repeats(above: str, below: str) -> bool:
    """Whether a line is the alternative text of the caption below it: the caption begins with the same words."""
    return _squeezed(below).startswith(_squeezed(above).rstrip("."))


def _squeezed(words: str) -> str:
    return " ".join(words.split())
