"""Which places an article is about, and what each is to it.

`RegionReader.read` takes the names that `index.extract.names` finds in the headline, the body and the captions,
settles which place each means (or drops it: a person, a product, an adjective, a name that several places share), and
gives each the role its company speaks for: dateline, sender, event, caption, or just mentioned. A name joined to the
one before it ("in Hoeryong, North Hamgyong Province") plays the same role. The words that decide are in
`data/roles.toml`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from index.document import Block, BlockKind, Evidence, Found, Region, Role, Span
from index.extract.dateline import Dateline
from index.extract.names import Mention, NameFinder
from index.extract.rules import any_of, compiled

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from index.gazetteer import Gazetteer

_BEFORE: Final = 70
"""Characters before a name that are looked at for the words that speak for a role."""

_AFTER: Final = 45
_JOIN_LONGEST: Final = 30
_READ = (BlockKind.TITLE, BlockKind.BODY, BlockKind.CAPTION)
_SENTENCE_START = re.compile(r"(?:^|[.!?”\"]|\s\s)\s*(?:[Tt]he )?$")
_FIRST_WORD = re.compile(r" ([\w’'-]+)")
_NUMBER_THEN_WORD = re.compile(r" (?!(?:19|20)\d\d\b)\d{2,5} ([a-z]+)")
_LAST_WORD = re.compile(r"([\w'’]+)\.? $")
_HYPHENATED = re.compile(r"-([a-z]+)")
_COUNTRIES = ("country", "former state")
_STRONGEST = (Role.DATELINE, Role.SENDER, Role.EVENT, Role.CAPTION, Role.MENTIONED)


@dataclass(frozen=True, slots=True)
class _Passage:
    """A text, the mentions in it that may be places, and the places whose adjectives it uses."""

    text: str
    places: tuple[tuple[Block, Mention], ...]
    adjectives: tuple[Mention, ...]
    dateline: Dateline | None

    def adjective_before(self, mention: Mention) -> tuple[str, ...]:
        """The places of an adjective right before a name: "South Korean Kangwon Province"."""
        return next((other.adjective_of for other in self.adjectives if other.end + 1 == mention.start), ())


@dataclass(frozen=True, slots=True)
class _Place:
    """A mention whose place is settled, with its role and the words that speak for it."""

    mention: Mention
    place: str
    role: Role
    evidence: tuple[Evidence, ...]


class RegionReader:
    """Reads regions by the rules of `data/roles.toml`."""

    def __init__(self, gazetteer: Gazetteer, rules: Mapping[str, Any], publishers: Collection[str]) -> None:
        self._gazetteer = gazetteer
        self._names = NameFinder(gazetteer, (*rules["barred"]["words"], *publishers))
        self._patterns = _Patterns(rules)
        self._within = {
            place_id: frozenset(label.id for label in gazetteer.path(place_id)) for place_id in gazetteer.places
        }

    def read(
        self,
        text: str,
        blocks: Sequence[Block],
        dateline: Dateline | None = None,
        *,
        covered: str | None = None,
        headline: str | None = None,
    ) -> tuple[Found[Region], ...]:
        """The regions of an article, in order of first mention.

        `covered` is the country its publisher reports on, if known; `headline` a headline that is not part of the text.
        """
        passages = [self._passage(text, blocks, dateline)]
        if headline:
            passages.append(self._passage(headline, (Block(BlockKind.TITLE, 0, len(headline)),), None))
        support = self._support(passages)
        placed: list[_Place] = []
        for passage in passages:
            before: _Place | None = None
            for block, mention in self._settle(passage, support, covered):
                before = self._place(passage, block, mention, before)
                placed.append(before if passage.text is text else _not_in_text(before))
        return tuple(self._regions(placed))

    def _passage(self, text: str, blocks: Sequence[Block], dateline: Dateline | None) -> _Passage:
        mentions = _within_blocks(self._names.find(text), [block for block in blocks if block.kind in _READ])
        return _Passage(
            text=text,
            places=tuple((block, mention) for block, mention in mentions if self._may_be_place(text, mention)),
            adjectives=tuple(mention for _, mention in mentions if mention.adjective_of),
            dateline=dateline,
        )

    def _may_be_place(self, text: str, mention: Mention) -> bool:
        if not mention.places or self._patterns.is_no_place(text, mention):
            return False
        kind = self._gazetteer.places[mention.places[0]].kind
        return kind in _COUNTRIES or not self._patterns.names_document(text, mention)

    def _settle(
        self, passage: _Passage, support: Mapping[str, int], covered: str | None
    ) -> Iterable[tuple[Block, Mention]]:
        """Only the mentions that are places, each with the one place it means before those it might have meant."""
        followers = (*(mention for _, mention in passage.places[1:]), None)
        before: Mention | None = None
        for (block, mention), follower in zip(passage.places, followers, strict=False):
            chosen = self._choose(passage, mention, follower, support, covered)
            joined = before is not None and self._patterns.join(passage.text, before, mention)
            if chosen and (not mention.weak or joined or self._has_company(passage, mention, chosen, support)):
                before = mention
                yield block, replace(mention, places=(chosen, *mention.places))

    def _support(self, passages: Iterable[_Passage]) -> Mapping[str, int]:
        """How often the article speaks of each place or of one within it, by names beyond doubt and by adjectives."""
        support: dict[str, int] = defaultdict(int)
        for passage in passages:
            for _, mention in passage.places:
                if len(mention.places) == 1 and not mention.weak:
                    for place_id in self._within[mention.places[0]]:
                        support[place_id] += 1
            for mention in passage.adjectives:
                for place_id in mention.adjective_of:
                    support[place_id] += 1
        return support

    def _choose(
        self,
        passage: _Passage,
        mention: Mention,
        follower: Mention | None,
        support: Mapping[str, int],
        covered: str | None,
    ) -> str | None:
        """The place a name means: named with what it lies in, else the one whose surroundings the article speaks of."""
        if len(mention.places) == 1:
            return mention.places[0]
        wider = set(passage.adjective_before(mention))
        if follower and len(follower.places) == 1 and self._patterns.join(passage.text, mention, follower):
            wider.add(follower.places[0])
        inside = [place for place in mention.places if wider & (self._within[place] - {place})]
        if len(inside) == 1:
            return inside[0]
        around = {place: self._surroundings(place, support) for place in mention.places}
        strongest = max(around.values())
        best = [place for place in mention.places if around[place] == strongest]
        if len(best) > 1 and not any(strongest):
            best = [place for place in best if covered in self._within[place]]
        return best[0] if len(best) == 1 else None

    def _surroundings(self, place_id: str, support: Mapping[str, int]) -> tuple[int, int]:
        """How many of the places it lies in an article speaks of, and whether it speaks of others there."""
        wider = self._within[place_id] - {place_id}
        country = self._gazetteer.path(place_id)[0].id
        beside = any(place != country and support[place] and country in self._within[place] for place in list(support))
        return sum(1 for place in wider if support[place]), int(beside)

    def _has_company(self, passage: _Passage, mention: Mention, place_id: str, support: Mapping[str, int]) -> bool:
        """Whether what stands around a weak name, or the rest of the article, speaks for the place."""
        text = passage.text
        if passage.dateline and _lies_in(mention, passage.dateline.places):
            return True
        country = self._gazetteer.path(place_id)[0].id
        is_supported = support.get(country, 0) > 0
        has_cue = bool(self._patterns.finds_event(text, mention) or self._patterns.finds_sender(text, mention))
        if country != place_id:
            return has_cue and is_supported
        if self._patterns.has_capital_beside(text, mention, also_after=not is_supported):
            return has_cue
        return has_cue or is_supported or text.startswith(("'s ", "’s "), mention.end)

    def _place(self, passage: _Passage, block: Block, mention: Mention, before: _Place | None) -> _Place:
        chosen, *shared = mention.places
        role, evidence = self._role(passage, block, mention, before)
        doubts = []
        if len(shared) > 1:
            doubts.append(_evidence("place-shared-name", passage.text, mention.start, mention.end))
        if mention.misspelt:
            doubts.append(_evidence("place-misspelt", passage.text, mention.start, mention.end))
        return _Place(mention, chosen, role, (evidence, *doubts))

    def _role(self, passage: _Passage, block: Block, mention: Mention, before: _Place | None) -> tuple[Role, Evidence]:
        text, patterns = passage.text, self._patterns
        kind = self._gazetteer.places[mention.places[0]].kind
        if block.kind is BlockKind.CAPTION:
            return Role.CAPTION, _evidence("place-caption", text, mention.start, mention.end)
        if passage.dateline and _lies_in(mention, passage.dateline.places):
            return Role.DATELINE, _evidence("place-dateline", text, mention.start, mention.end)
        is_country = kind in _COUNTRIES
        if (span := patterns.finds_sender(text, mention, is_country=is_country)) is not None:
            return Role.SENDER, _evidence("place-sender", text, span.start, span.end)
        if (span := patterns.finds_event(text, mention, is_country=is_country)) is not None:
            return Role.EVENT, _evidence("place-event", text, span.start, span.end)
        if patterns.acts(text, mention, kind):
            return Role.EVENT, _evidence("place-acts", text, mention.start, mention.end)
        if before and before.role is not Role.CAPTION and patterns.join(text, before.mention, mention):
            rule = f"{before.evidence[0].rule.removesuffix('-joined')}-joined"
            return before.role, _evidence(rule, text, before.mention.start, mention.end)
        return Role.MENTIONED, _evidence("place-name", text, mention.start, mention.end)

    def _regions(self, placed: Iterable[_Place]) -> Iterable[Found[Region]]:
        """One entry for each place and role. A plain mention backs the strongest other role, captions aside."""
        roles: dict[str, dict[Role, list[Evidence]]] = {}
        for found in placed:
            roles.setdefault(found.place, {}).setdefault(found.role, []).extend(found.evidence)
        for place_id, by_role in roles.items():
            strong = next((role for role in _STRONGEST[:3] if role in by_role), None)
            if strong is not None and Role.MENTIONED in by_role:
                by_role[strong].extend(by_role.pop(Role.MENTIONED))
            path = self._gazetteer.path(place_id)
            for role, evidence in by_role.items():
                yield Found(Region(path, role), tuple(dict.fromkeys(evidence)))


class _Patterns:
    """The company names keep, compiled from `data/roles.toml`."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        sender, event, reject = rules["sender"], rules["event"], rules["reject"]
        nouns, modifiers = any_of(sender["nouns"]), any_of(event["modifiers"])
        of_kind = rf"(?:(?:the |a )?(?:[a-z]+ ){{0,2}}{any_of(event['kinds'])} of (?:the )?)"
        self._sender_before = re.compile(
            rf"\b(?:(?:an?|the|one|another|other|multiple|several|separate|second|different|inside|local) )*{nouns}"
            rf"(?: [a-z]+){{0,2}}? {any_of(sender['between'])} (?:{modifiers} )*{of_kind}?$",
            re.IGNORECASE,
        )
        telling = rf"(?:{any_of(sender['tellers'])})(?: who [^.,]{{1,60}},)? {any_of(sender['telling'])}\b"
        self._sender_after = re.compile(
            rf"(?:[- ]based)?(?:,? (?:[a-z]+ ){{0,2}}{nouns}\b| {telling})"
            rf"|\s?(?:[가-힣]+의 )?(?:한 |내부 |현지 )?{sender['korean']}"
        )
        self._event_before = self._locative(event["words"], modifiers, of_kind)
        for_countries = [word for word in event["words"] if word not in event["not_for_countries"]]
        self._country_before = self._locative(for_countries, modifiers, of_kind)
        self._event_after = re.compile(any_of(event["korean"]))
        self._acting = re.compile(rf" (?:{any_of(rules['agent']['verbs'])}|[a-z]+ed)\b")
        self._acting_kinds = frozenset(rules["agent"]["kinds"])
        self._joins = compiled("roles.toml", "context.joins", rules["context"]["joins"])
        self._persons = frozenset((*reject["honorifics"], *reject["given_names"]))
        self._products = frozenset(reject["products"])
        self._documents = frozenset(reject["documents"])
        self._keeps_place = frozenset(reject["keeps_place"])

    @staticmethod
    def _locative(words: Sequence[str], modifiers: str, of_kind: str) -> re.Pattern[str]:
        return re.compile(rf"\b{any_of(list(words))}\s(?:{modifiers}\s)*{of_kind}?(?:{modifiers}\s)?$", re.IGNORECASE)

    def finds_sender(self, text: str, mention: Mention, *, is_country: bool = False) -> Span | None:
        """The words that make it the place of who told the report. "U.S. officials said" does not place them."""
        after = self._sender_after.match(text, mention.end, mention.end + _AFTER)
        if after and not is_country:
            return Span(mention.start, after.end())
        before = self._sender_before.search(text[max(0, mention.start - _BEFORE) : mention.start])
        return Span(max(0, mention.start - _BEFORE) + before.start(), mention.end) if before else None

    def finds_event(self, text: str, mention: Mention, *, is_country: bool = False) -> Span | None:
        """The words that make it a place where something happens."""
        pattern = self._country_before if is_country else self._event_before
        start = max(0, mention.start - _BEFORE)
        if before := pattern.search(text[start : mention.start]):
            return Span(start + before.start(), mention.end)
        after = self._event_after.match(text, mention.end)
        return Span(mention.start, after.end()) if after else None

    def acts(self, text: str, mention: Mention, kind: str) -> bool:
        """Whether it is a province or county that does something at the head of a sentence."""
        return (
            kind in self._acting_kinds
            and self._acting.match(text, mention.end) is not None
            and _SENTENCE_START.search(text[max(0, mention.start - 8) : mention.start]) is not None
        )

    def join(self, text: str, one: Mention, other: Mention) -> bool:
        """Whether nothing but a joining word stands between two names."""
        gap = text[one.end : other.start]
        return len(gap) <= _JOIN_LONGEST and self._joins.fullmatch(gap) is not None

    def is_no_place(self, text: str, mention: Mention) -> bool:
        """Whether the words beside a name make it a person, a product or an adjective."""
        hyphenated = _HYPHENATED.match(text, mention.end)
        if hyphenated:
            return hyphenated[1] not in self._keeps_place
        product = _NUMBER_THEN_WORD.match(text, mention.end)
        if product or ((word := _FIRST_WORD.match(text, mention.end)) and word[1].lower() in self._products):
            return True
        before = _LAST_WORD.search(text[max(0, mention.start - 14) : mention.start])
        return before is not None and before[1] in self._persons

    def names_document(self, text: str, mention: Mention) -> bool:
        """Whether it is part of the name of a treaty or a declaration."""
        after = _FIRST_WORD.match(text, mention.end)
        return after is not None and after[1] in self._documents

    def has_capital_beside(self, text: str, mention: Mention, *, also_after: bool) -> bool:
        """Whether a word with a capital stands right before a name, or right after, as in the names of persons."""
        if mention.name_end != mention.end:
            return False
        after = _FIRST_WORD.match(text, mention.end)
        before = _LAST_WORD.search(text[max(0, mention.start - 20) : mention.start])
        return bool((also_after and after and after[1][0].isupper()) or (before and before[1][0].isupper()))


def _within_blocks(mentions: Iterable[Mention], blocks: Sequence[Block]) -> list[tuple[Block, Mention]]:
    """Each mention with the block it lies in; those that lie in none are dropped."""
    found = []
    remaining = iter(blocks)
    block = next(remaining, None)
    for mention in mentions:
        while block is not None and block.end <= mention.start:
            block = next(remaining, None)
        if block is None:
            break
        if block.start <= mention.start and mention.end <= block.end:
            found.append((block, mention))
    return found


def _not_in_text(place: _Place) -> _Place:
    """The same place, its evidence outside the article's text."""
    return replace(place, evidence=tuple(replace(evidence, where=None) for evidence in place.evidence))


def _lies_in(mention: Mention, span: Span) -> bool:
    return span.start <= mention.start and mention.name_end <= span.end


def _evidence(rule: str, text: str, start: int, end: int) -> Evidence:
    return Evidence(rule, Span(start, end), text[start:end])
