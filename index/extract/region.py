"""Which places an article is about, and what each is to it.

`RegionReader.read` takes the names that `index.extract.names` finds in the headline, the body and the captions,
settles which place each means (or drops it: a person, a product, an adjective, a name that several places share), and
gives each the role its company speaks for: dateline, sender, event, caption, or just mentioned. A name joined to the
one before it ("in Hoeryong, North Hamgyong Province") plays the same role. The words that decide are in
`data/roles.toml`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from index.document import Block, BlockKind, Evidence, Found, Region, Role, Span
from index.extract.company import Company, find_titles
from index.extract.dateline import Dateline
from index.extract.names import Mention, NameFinder

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from index.gazetteer import Gazetteer

_READ = (BlockKind.TITLE, BlockKind.BODY, BlockKind.CAPTION)
_COUNTRIES = ("country", "former state")
_LOCAL = ("city", "county", "district")
_NAMES_WORKS = ("city", "county", "special city")
"""Kinds after whose weak names a works is called where it stands. Those of districts are also hills' and rivers'."""

_Cue = tuple[Role, Evidence]
"""A role and the words that speak for it."""

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
        self._company = Company(rules)
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
            settled = self._settle(passage, support, covered)
            found = self._place(passage, settled)
            placed += found if passage.text is text else map(_not_in_text, found)
        return tuple(self._regions(placed))

    def _passage(self, text: str, blocks: Sequence[Block], dateline: Dateline | None) -> _Passage:
        mentions = _within_blocks(self._names.find(text), [block for block in blocks if block.kind in _READ])
        titles = find_titles(text)
        return _Passage(
            text=text,
            places=tuple(
                (block, mention)
                for block, mention in mentions
                if self._may_be_place(text, mention) and not any(_lies_in(mention, title) for title in titles)
            ),
            adjectives=tuple(mention for _, mention in mentions if mention.adjective_of),
            dateline=dateline,
        )

    def _may_be_place(self, text: str, mention: Mention) -> bool:
        if not mention.places or self._company.is_no_place(text, mention):
            return False
        kind = self._gazetteer.places[mention.places[0]].kind
        if kind in ("mountain", "district") and self._company.is_rhetoric(text, mention):
            return False
        return kind in _COUNTRIES or not self._company.names_document(text, mention)

    def _settle(
        self, passage: _Passage, support: Mapping[str, int], covered: str | None
    ) -> list[tuple[Block, Mention]]:
        """Only the mentions that are places, each with the one place it means before those it might have meant."""
        chosen = self._chosen(passage, support, covered)
        accepted = [
            not mention.weak or self._has_company(passage, mention, place, support) for _, mention, place in chosen
        ]
        self._spread_company(passage.text, chosen, accepted)
        return [
            (block, replace(mention, places=(place, *mention.places)))
            for at, (block, mention, place) in enumerate(chosen)
            if accepted[at] and not self._stands_elsewhere(passage.text, *chosen[at : at + 2])
        ]

    def _chosen(
        self, passage: _Passage, support: Mapping[str, int], covered: str | None
    ) -> list[tuple[Block, Mention, str]]:
        """The place each mention means. Told from the last to the first, since what a place lies in stands after it."""
        chosen: list[tuple[Block, Mention, str]] = []
        follower: tuple[Mention, str] | None = None
        for block, mention in reversed(passage.places):
            place = self._choose(passage, mention, follower, support, covered)
            follower = (mention, place) if place else None
            if place:
                chosen.append((block, mention, place))
        chosen.reverse()
        return chosen

    def _spread_company(self, text: str, chosen: Sequence[tuple[Block, Mention, str]], accepted: list[bool]) -> None:
        """A weak name is a place in a list of places of its country: "Yonsa, Musan and other areas"."""
        for at in range(1, len(chosen)):
            if accepted[at - 1] and not accepted[at]:
                accepted[at] = self._company.join(text, chosen[at - 1][1], chosen[at][1])
        for at in range(len(chosen) - 2, -1, -1):
            (_, mention, place), (_, after, next_place) = chosen[at], chosen[at + 1]
            if accepted[at + 1] and not accepted[at] and self._country(place) == self._country(next_place):
                is_alone = not self._company.has_capital_beside(text, mention, also_after=False)
                accepted[at] = is_alone and self._company.join(text, mention, after)

    def _stands_elsewhere(
        self, text: str, one: tuple[Block, Mention, str], other: tuple[Block, Mention, str] | None = None
    ) -> bool:
        """Whether an institution bears a county's name and lies in another: "Taechon Farm in Rinsan County"."""
        if other is None or one[1].name_end != one[1].end:
            return False
        (_, mention, place), (_, after, wider) = one, other
        named = self._company.find_institution(text, mention)
        if named is None or text[named.end : after.start] != " in " or self._country(place) != self._country(wider):
            return False
        is_local = self._gazetteer.places[place].kind in _LOCAL and self._gazetteer.places[wider].kind in _LOCAL
        return is_local and wider not in self._within[place] and place not in self._within[wider]

    def _country(self, place_id: str) -> str:
        return self._gazetteer.path(place_id)[0].id

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
        follower: tuple[Mention, str] | None,
        support: Mapping[str, int],
        covered: str | None,
    ) -> str | None:
        """The place a name means: named with what it lies in, else the one whose surroundings the article speaks of."""
        if len(mention.places) == 1:
            return mention.places[0]
        wider = set(passage.adjective_before(mention))
        if follower and (
            self._company.join(passage.text, mention, follower[0])
            or self._company.lies_within(passage.text, mention, follower[0])
        ):
            wider |= self._within[follower[1]]
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
        country = self._country(place_id)
        beside = any(place != country and support[place] and country in self._within[place] for place in list(support))
        return sum(1 for place in wider if support[place]), int(beside)

    def _has_company(self, passage: _Passage, mention: Mention, place_id: str, support: Mapping[str, int]) -> bool:
        """Whether what stands around a weak name, or the rest of the article, speaks for the place."""
        text = passage.text
        if passage.dateline and _lies_in(mention, passage.dateline.places):
            return True
        country, company = self._country(place_id), self._company
        is_supported = support.get(country, 0) > 0
        has_cue = bool(company.finds_event(text, mention) or company.finds_sender(text, mention))
        if country != place_id:
            if self._gazetteer.places[place_id].kind in _NAMES_WORKS and company.names_works(text, mention):
                return is_supported and not company.has_capital_beside(text, mention, also_after=False)
            return is_supported and has_cue and not company.is_modifier(text, mention)
        if company.has_capital_beside(text, mention, also_after=not is_supported):
            return has_cue
        return has_cue or is_supported or text.startswith(("'s ", "’s "), mention.end)

    def _place(self, passage: _Passage, settled: Sequence[tuple[Block, Mention]]) -> list[_Place]:
        """The places with their roles: each by its own company, or by that of those it is joined to, in one list."""
        joined = [
            at > 0 and self._is_joined(passage.text, settled[at - 1][1], mention)
            for at, (_, mention) in enumerate(settled)
        ]
        cues = [
            self._cue(passage, block, mention) or (None if joined[at] else self._adjoining(passage.text, mention))
            for at, (block, mention) in enumerate(settled)
        ]
        self._let_act(passage.text, settled, joined, cues)
        for at in range(1, len(settled)):
            if joined[at] and cues[at] is None and (before := cues[at - 1]) and before[0] is not Role.CAPTION:
                cues[at] = _shared_cue(before, passage.text, settled[at - 1][1], settled[at][1])
        for at in range(len(settled) - 2, -1, -1):
            if joined[at + 1] and cues[at] is None and (after := cues[at + 1]) and after[0] is not Role.CAPTION:
                cues[at] = _shared_cue(after, passage.text, settled[at][1], settled[at + 1][1])
        return [
            self._placed(passage.text, mention, cue or _plain(passage.text, mention))
            for (_, mention), cue in zip(settled, cues, strict=True)
        ]

    def _let_act(
        self, text: str, settled: Sequence[tuple[Block, Mention]], joined: Sequence[bool], cues: list[_Cue | None]
    ) -> None:
        """An event where places that open a sentence do something: "Pyongyang and Phyongsong cities witnessed"."""
        head = 0
        for at, (_, mention) in enumerate(settled):
            head = head if joined[at] else at
            is_last = at + 1 == len(settled) or not joined[at + 1]
            is_country = self._gazetteer.places[mention.places[0]].kind in _COUNTRIES
            if is_last and not is_country and cues[at] is None and self._company.acts(text, mention, is_country=False):
                first = settled[head][1]
                if self._company.opens_sentence(text, first):
                    cues[at] = Role.EVENT, _evidence("place-acts", text, first.start, mention.end)

    def _is_joined(self, text: str, one: Mention, other: Mention) -> bool:
        """Whether a place stands in one list with the one before it, or is what that one lies in."""
        if self._company.join(text, one, other):
            return True
        return other.places[0] in self._within[one.places[0]] and self._company.lies_within(text, one, other)

    def _adjoining(self, text: str, mention: Mention) -> _Cue | None:
        """An event where it is told that a village or a works lies there: "Tongpho-ri, Kangryong County"."""
        is_country = self._gazetteer.places[mention.places[0]].kind in _COUNTRIES
        if is_country or not self._company.adjoins(text, mention):
            return None
        return Role.EVENT, _evidence("place-adjoins", text, mention.start, mention.end)

    def _placed(self, text: str, mention: Mention, cue: _Cue) -> _Place:
        chosen, *shared = mention.places
        doubts = []
        if len(shared) > 1:
            doubts.append(_evidence("place-shared-name", text, mention.start, mention.end))
        if mention.misspelt:
            doubts.append(_evidence("place-misspelt", text, mention.start, mention.end))
        return _Place(mention, chosen, cue[0], (cue[1], *doubts))

    def _cue(self, passage: _Passage, block: Block, mention: Mention) -> _Cue | None:
        """The role that the words around a name give it, if they give it any."""
        text, company = passage.text, self._company
        if block.kind is BlockKind.CAPTION:
            return Role.CAPTION, _evidence("place-caption", text, mention.start, mention.end)
        if passage.dateline and _lies_in(mention, passage.dateline.places):
            return Role.DATELINE, _evidence("place-dateline", text, mention.start, mention.end)
        is_country = self._gazetteer.places[mention.places[0]].kind in _COUNTRIES
        if (span := company.finds_sender(text, mention, is_country=is_country)) is not None:
            return Role.SENDER, _evidence("place-sender", text, span.start, span.end)
        if (span := company.finds_bystander(text, mention, is_country=is_country)) is not None:
            return Role.MENTIONED, _evidence("place-bystander", text, span.start, span.end)
        if (span := company.finds_event(text, mention, is_country=is_country)) is not None:
            return Role.EVENT, _evidence("place-event", text, span.start, span.end)
        if not is_country and (span := company.find_institution(text, mention)) is not None:
            return Role.EVENT, _evidence("place-institution", text, span.start, span.end)
        if is_country and company.acts(text, mention, is_country=True):
            return Role.EVENT, _evidence("place-acts", text, mention.start, mention.end)
        return None

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


def _shared_cue(cue: _Cue, text: str, one: Mention, other: Mention) -> _Cue:
    """The role of one of two joined names for both of them."""
    rule = f"{cue[1].rule.removesuffix('-joined')}-joined"
    return cue[0], _evidence(rule, text, one.start, max(one.end, other.end))


def _plain(text: str, mention: Mention) -> _Cue:
    return Role.MENTIONED, _evidence("place-name", text, mention.start, mention.end)


def _lies_in(mention: Mention, span: Span) -> bool:
    return span.start <= mention.start and mention.name_end <= span.end


def _evidence(rule: str, text: str, start: int, end: int) -> Evidence:
    return Evidence(rule, Span(start, end), text[start:end])
