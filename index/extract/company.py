"""The company names keep: what the words around a name make of it.

`Company` answers, for a mention in a text, the questions that `index.extract.region` asks: is it no place at all
(a person, a product, the title of a song)? Does it name an institution, or something measured? Does the person who
tells the report stand there (`finds_sender`), does something happen there (`finds_event`), or is it only named, as the
home or the office of somebody (`finds_bystander`)? All words are data, in `data/roles.toml`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from index.document import Span
from index.extract.rules import any_of, compiled

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from index.extract.names import Mention

BEFORE: Final = 70
"""Characters before a name that are looked at for the words that speak for a role."""

FAR_BEFORE: Final = 150
"""The same for whoever is introduced with name, office and place: "Ri Un, a teacher at … School in …"."""

AFTER: Final = 45
FAR_AFTER: Final = 120
JOIN_LONGEST: Final = 30
TITLE_LONGEST: Final = 8
"""Words between quotation marks that may be the title of a song, a painting or an article."""

_SENTENCE_START = re.compile(r"(?:^|[.!?”\"]|\s\s|\b[Ww]hile|\bMeanwhile,)\s*(?:[Tt]he )?$")
_TITLE_LETTERS: Final = 3
_SENTENCE_OPENERS = ("The", "In", "At", "And", "From")
_FIRST_WORD = re.compile(r" ([\w’'-]+)")
_NUMBER_THEN_WORD = re.compile(r" (?!(?:19|20)\d\d\b)\d{2,5} ([a-z]+)")
_LAST_WORD = re.compile(r"([\w'’]+)\.? $")
_HYPHENATED = re.compile(r"-([a-z]+)")
_QUOTED = re.compile(r"(?:(?<=[\s(])|^)[\"“]([A-Z][^\"“”\n.!?]{1,70})[\"”](?=[\s,.;:)]|$)")
_SPEECH = re.compile(r",? (?:he|she|they|it|the \w+) (?:said|says|added|told)\b|,? (?:said|says|told)\b")
_COMPOUND = re.compile(r"[-–][A-Z]")
_PROPER = r"(?:[A-Z][\w'’-]*|No\.|\d+)"
_APPOSITION = re.compile(r"(?:-(?:ri|dong|up|gu|rodongjagu)(?:,| of| in)|[A-Z][\w'’-]+(?: No\. ?\d+)?(?:,| in)) $")
_OFFICE = re.compile(r"\b([\w-]+) (?:of|from|at|with) (?:the )?")
_INSTITUTION_OF = re.compile(
    rf"(?:(?:(?:{_PROPER}|and|of the|of|the) ){{1,9}}(?:in|of|at) (?:the )?)?|(?:{_PROPER} ){{0,6}}"
)
# "banks in New Kent": no name of the gazetteer begins with this "New", or the mention would. Behind a capital it may
# be a headline: "Envoy Meets New Qatar Minister".
_NAMESAKE_BEFORE = re.compile(r"(?:^|[\s(])[a-z][\w'’-]*,?\s(?:New|Nova|Nouvelle) $")
_FROM_INCLUDING = re.compile(r"\bfrom [^.,;]{1,60} including $")
_BESIDE_UNKNOWN = re.compile(rf"\b(?:[Ii]n|[Aa]t|[Oo]n|[Nn]ear) (?:the )?(?:{_PROPER} ){{0,2}}{_PROPER}(?:,| and) $")


class Company:
    """The patterns of `data/roles.toml`, compiled."""

    def __init__(self, rules: Mapping[str, Any]) -> None:
        event, reject, person = rules["event"], rules["reject"], rules["person"]
        modifiers = any_of(event["modifiers"])
        of_kind = rf"(?:(?:the |a )?(?:(?-i:[a-z]+) ){{0,2}}(?-i:{any_of(event['kinds'])}) of (?:the )?)"
        self._compile_senders(rules["sender"], person, modifiers, of_kind)
        self._event_before = _locative(event["words"], modifiers, of_kind)
        self._event_tails = _last_words([*event["words"], *event["modifiers"], "of", "the", "a"])
        for_countries = [word for word in event["words"] if word not in event["not_for_countries"]]
        self._country_before = _locative(for_countries, modifiers, of_kind)
        self._event_after = re.compile(any_of(event["korean"]))
        measure = rules["measure"]
        self._measured_before = re.compile(
            rf"\b\d[\d.,]*[- ]?{any_of(measure['units'])}\b(?: high)?,?(?: (?:and|in|off|at|over|respectively|for))* $"
        )
        self._measured_after = re.compile(
            rf" \((?:about |over |some )?\d[\d.,]* ?{any_of(measure['units'])}\b| at (?:over |about )?\d"
        )
        self._institution = _institution(rules["institution"])
        self._anywhere = frozenset(rules["institution"]["anywhere"])
        self._persons_before = _last_words([*person["nouns"], *person["groups"]])
        self._bystander_before = re.compile(
            rf"\b{any_of(rules['bystander']['before'])} (?:the )?(?:{_PROPER},? (?:in |of )?){{0,3}}$"
        )
        self._bystander_after = re.compile(any_of(rules["bystander"]["after"]) + r"\b")
        self._country_bystander_before = re.compile(rf"\b{any_of(rules['bystander']['abroad'])} $|[A-Z]\w+[-–]$")
        self._country_bystander_after = re.compile(
            rf"(?:['’]s)? (?:[A-Z]\w+ )?{any_of(rules['bystander']['missions'])}\b"
        )
        agent = rules["agent"]
        self._acting = re.compile(
            rf"(?:,? and other [a-z]+(?: and [a-z]+)?)?(?:,? {any_of(agent['verbs'])}| [a-z]+ed)\b"
        )
        self._competing = re.compile(rf" (?:{any_of(agent['competing'])})\b")
        self._suffering = re.compile(rf" (?:has |have )?(?:been )?{any_of(agent['countries'])}\b")
        self._joins = compiled("roles.toml", "context.joins", rules["context"]["joins"])
        self._within = compiled("roles.toml", "context.within", rules["context"]["within"])
        self._persons = frozenset((*reject["honorifics"], *reject["given_names"]))
        self._products = frozenset(reject["products"])
        self._documents = frozenset(reject["documents"])
        self._keeps_place = frozenset(reject["keeps_place"])
        self._rhetoric = re.compile(rf"\b{any_of(reject['rhetoric'])} (?:of|from|in|on) (?:the )?$")
        self._features_before = re.compile(rf"\b{any_of(reject['features'])} $")
        self._features_after = re.compile(rf" {any_of(reject['features'])}\b")

    def _compile_senders(
        self, sender: Mapping[str, Any], person: Mapping[str, Any], modifiers: str, of_kind: str
    ) -> None:
        nouns, told = any_of(sender["nouns"]), any_of(sender["telling"])
        no_person = "".join(rf"(?<!\b{re.escape(word)} )" for word in sender["no_person"])
        self._sender_before = re.compile(
            rf"\b(?:(?:an?|the|one|another|other|multiple|several|separate|second|different|inside|local) )*{no_person}"
            rf"\b{nouns}(?: {any_of(sender['linking'])}){{0,2}} (?:{any_of(sender['between'])}|(?P<of>of))"
            rf" (?:{modifiers} )*{of_kind}?$",
            re.IGNORECASE,
        )
        # "a source of the county said", but "the source of the county's wealth"
        self._source_of_tells = re.compile(rf"[^.;:!?]{{0,60}}? {told}\b")
        word = rf"(?!{any_of([*sender['no_person'], *sender['not_between']])}\b)[a-z]+"
        named_so = rf"(?:{word} ){{0,2}}{nouns}\b(?! (?:of|for|to)\b)"
        telling = rf"(?:{any_of(sender['tellers'])})(?: who [^.,]{{1,60}},|, [^.]{{1,40}},)? {told}\b"
        self._sender_after = re.compile(
            rf"(?:[- ]based)?(?: {named_so}| {telling})|\s?(?:[가-힣]*의 )?(?:한 |내부 |현지 )*{sender['korean']}"
        )
        # "In Hyesan, sources said", but "rice was sold in Hyesan, sources said"
        self._sender_after_comma = re.compile(rf", {named_so}")
        self._opens_with_in = re.compile(r"(?:^|[.!?”\"]\s+|\n\s*)(?:In|From) (?:the )?$")
        self._speaker_before = re.compile(
            r"(?:\b[A-Z][\w'’-]+(?: \(\d+\))?, (?:\d+, )?(?:an? |the )?|\b(?:[Aa]n?|[Oo]ne|[Aa]nother) )"
            rf"(?:[\da-z-]+ ){{0,3}}{any_of(person['nouns'])}"
            rf" (?:of|at|in|from|for|with|living in|residing in) (?:[^.;:\"“”]{{0,80}} )?$"
        )
        self._speaker_after = re.compile(
            rf"(?:,? (?:(?:of|in|and|the|for) )*{_PROPER})*(?:,? who [^.,]{{1,60}})?(?:,? (?:also )?{told}\b|:\s)"
            rf"(?! in (?:his|her|an?|the) [^.,]{{0,30}}(?:speech|address))"
        )

    def finds_sender(self, text: str, mention: Mention, *, is_country: bool = False) -> Span | None:
        """The words that make it the place of who told the report. "U.S. officials said" does not place them."""
        start = max(0, mention.start - BEFORE)
        head = text[start : mention.start]
        after = self._sender_after.match(text, mention.end, mention.end + AFTER)
        if after is None and self._opens_with_in.search(head):
            after = self._sender_after_comma.match(text, mention.end, mention.end + AFTER)
        if after and not is_country:
            return Span(mention.start, after.end())
        before = self._sender_before.search(head)
        if before and (not before["of"] or self._source_of_tells.match(text, mention.end)):
            return Span(start + before.start(), mention.end)
        if is_country or (after := self._speaker_after.match(text, mention.end, mention.end + FAR_AFTER)) is None:
            return None
        start = max(0, mention.start - FAR_BEFORE)
        before = self._speaker_before.search(text[start : mention.start])
        return Span(start + before.start(), after.end()) if before else None

    def finds_event(self, text: str, mention: Mention, *, is_country: bool = False) -> Span | None:
        """The words that make it a place where something happens or is measured."""
        pattern = self._country_before if is_country else self._event_before
        start = max(0, mention.start - BEFORE)
        head = text[start : mention.start]
        tail = _LAST_WORD.search(head)
        if tail and tail[1].lower() in self._event_tails and (before := pattern.search(head)):
            return Span(start + before.start(), mention.end)
        if before := self._measured_before.search(head):
            return Span(start + before.start(), mention.end)
        after = self._event_after.match(text, mention.end) or self._measured_after.match(text, mention.end)
        return Span(mention.start, after.end()) if after else None

    def finds_bystander(self, text: str, mention: Mention, *, is_country: bool = False) -> Span | None:
        """The words that make it no more than where somebody is from, or what somebody's office is called after."""
        if is_country:
            after = self._country_bystander_after.match(text, mention.end) or _COMPOUND.match(text, mention.end)
            before = self._country_bystander_before.search(text[max(0, mention.start - BEFORE) : mention.start])
            start = max(0, mention.start - BEFORE)
        else:
            after = self._bystander_after.match(text, mention.name_end)
            start = max(0, mention.start - FAR_BEFORE)
            before = self._find_person_before(text[start : mention.start])
        if before:
            return Span(start + before.start(), mention.end)
        return Span(mention.start, after.end()) if after else None

    def _find_person_before(self, head: str) -> re.Match[str] | None:
        """Who is from there, with at most an institution's name between: "graduates from … School in"."""
        for office in _OFFICE.finditer(head):
            if office[1].lower() in self._persons_before and _INSTITUTION_OF.fullmatch(head, office.end()):
                return office
        if head.endswith(" including "):
            return _FROM_INCLUDING.search(head)
        return self._bystander_before.search(head, max(0, len(head) - BEFORE))

    def find_institution(self, text: str, mention: Mention) -> Span | None:
        """The name of a works, a school or the like that begins with the place: "Kujang Fish Farm"."""
        match = self._institution.match(text, mention.end)
        return Span(mention.start, match.end()) if match else None

    def names_works(self, text: str, mention: Mention) -> bool:
        """Whether it begins the name of an institution that bears none but its place's: no restaurant or hotel does."""
        named = self.find_institution(text, mention)
        return named is not None and text[named.start : named.end].rpartition(" ")[2] not in self._anywhere

    def acts(self, text: str, mention: Mention, *, is_country: bool) -> bool:
        """Whether it does something. Of countries only what befalls them counts."""
        if is_country:
            return self._suffering.match(text, mention.end) is not None
        acting = self._acting.match(text, mention.end)
        return acting is not None and self._competing.match(text, mention.end) is None

    def opens_sentence(self, text: str, mention: Mention) -> bool:
        """Whether a sentence begins with it."""
        return _SENTENCE_START.search(text[max(0, mention.start - 15) : mention.start]) is not None

    def adjoins(self, text: str, mention: Mention) -> bool:
        """Whether it stands beside a place that no gazetteer knows: "in Tongpho-ri, Kangryong County"."""
        head = text[max(0, mention.start - BEFORE) : mention.start]
        if _BESIDE_UNKNOWN.search(head):
            return True
        return mention.end > mention.name_end and _APPOSITION.search(head) is not None

    def join(self, text: str, one: Mention, other: Mention) -> bool:
        """Whether nothing but a joining word stands between two names, or both are named by the same words."""
        if other.start < one.end:
            return True
        gap = text[one.end : other.start]
        return len(gap) <= JOIN_LONGEST and self._joins.fullmatch(gap) is not None

    def lies_within(self, text: str, one: Mention, other: Mention) -> bool:
        """Whether the words between two names say that the one lies in the other: "Cholwon County of Kangwon"."""
        gap = text[one.end : other.start] if other.start >= one.end else ""
        return len(gap) <= JOIN_LONGEST and self._within.fullmatch(gap) is not None

    def is_no_place(self, text: str, mention: Mention) -> bool:
        """Whether the words beside a name make it a person, a product, a feature of the land or an adjective."""
        hyphenated = _HYPHENATED.match(text, mention.end)
        if hyphenated:
            return hyphenated[1] not in self._keeps_place
        product = _NUMBER_THEN_WORD.match(text, mention.end)
        if product or ((word := _FIRST_WORD.match(text, mention.end)) and word[1].lower() in self._products):
            return True
        head = text[max(0, mention.start - 30) : mention.start]
        before = _LAST_WORD.search(head)
        if (before is not None and before[1] in self._persons) or _NAMESAKE_BEFORE.search(head):
            return True
        return mention.weak and bool(
            self._features_before.search(head) or self._features_after.match(text, mention.end)
        )

    def is_rhetoric(self, text: str, mention: Mention) -> bool:
        """Whether a mountain stands for a family or a spirit: "the great persons of Mt. Paektu"."""
        return self._rhetoric.search(text[max(0, mention.start - BEFORE) : mention.start]) is not None

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
        is_name = before and before[1][0].isupper() and before[1] not in _SENTENCE_OPENERS
        if before and before.group().endswith(". ") and len(before[1]) > _TITLE_LETTERS:
            is_name = False  # a sentence ends there
        return bool((also_after and after and after[1][0].isupper()) or is_name)

    def is_modifier(self, text: str, mention: Mention) -> bool:
        """Whether a name only describes what follows: "the Chollima era", "Sinhung Restaurant"."""
        after = _FIRST_WORD.match(text, mention.end)
        if after is None or mention.name_end != mention.end:
            return False
        return after[1][0].isupper() or (text.endswith(("the ", "The "), 0, mention.start) and after[1] != "and")


def find_titles(text: str) -> tuple[Span, ...]:
    """The stretches between quotation marks that are a work's title or a group's name, not somebody's words."""
    if '"' not in text and "“" not in text:
        return ()
    return tuple(
        Span(*match.span())
        for match in _QUOTED.finditer(text)
        if len(match[1].split()) <= TITLE_LONGEST and match[1][-1] not in " ,-" and not _SPEECH.match(text, match.end())
    )


def _locative(words: Sequence[str], modifiers: str, of_kind: str) -> re.Pattern[str]:
    return re.compile(rf"\b{any_of(list(words))}\s(?:{modifiers}\s)*{of_kind}?(?:{modifiers}\s)?$", re.IGNORECASE)


def _institution(rules: Mapping[str, Any]) -> re.Pattern[str]:
    """A few words that may stand in a name, then the kind of institution. Persons, verbs and clauses may not."""
    stops = any_of(rules["stops"])
    word = rf"(?!{stops}\b)(?:[A-Z][\w'’.-]*|No\. ?\d+|\d+|(?!\w+ed\b(?<!knitted))[a-z-]+)"
    return re.compile(rf"(?: {word}){{0,5}}? {any_of(rules['nouns'])}\b")


def _last_words(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.split()[-1].lower() for word in words)
