"""The names of all that articles are about: of each region, source, topic and language, by field and id.

Where articles disagree about a name, the earliest article's stands. `LabelTable` knows, for each label, how many
articles have it and which is the earliest; so a table that follows changes (`follow`) is the one that would be made
from all articles anew. Readers want the paths only (`paths_of`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from index.document import Label
from index.fields import KEYWORD_FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from index.document import Document

LANGUAGES: Final[Mapping[str, str]] = {
    "de": "German",
    "en": "English",
    "es": "Spanish",
    "fr": "French",
    "ja": "Japanese",
    "ko": "Korean",
    "ru": "Russian",
    "zh": "Chinese",
}
"""English names of ISO 639-1 codes that archives of Korean news meet; a language not listed goes by its code.

A changed name needs a higher `layout.LAYOUT_VERSION`: generations keep the names they were made with."""

LabelPath: TypeAlias = tuple[Label, ...]
"""From the widest place to the value itself; of other fields, the one label."""

LabelKey: TypeAlias = tuple[str, str]
"""A field and an id in it."""

LabelsOf: TypeAlias = dict[LabelKey, LabelPath]

FindNext: TypeAlias = "Callable[[LabelKey, int], tuple[int, LabelPath] | None]"
"""Finds the earliest article, above a serial, that has a label and did not change: its serial, what it calls it."""


def labels_of(document: Document) -> LabelsOf:
    """What a document names. Where it disagrees with itself, the first name stands."""
    labels: LabelsOf = {}
    for place in document.regions:
        path = place.value.path
        for depth, label in enumerate(path, start=1):
            labels.setdefault(("region", label.id), path[:depth])
    for topic in document.topics:
        labels.setdefault(("topic", topic.value.id), (topic.value,))
    if document.source:
        labels.setdefault(("source", document.source.value.id), (document.source.value,))
    if document.language:
        code = document.language.value
        labels.setdefault(("language", code), (Label(code, LANGUAGES.get(code, code)),))
    return labels


@dataclass(slots=True)
class Naming:
    """A label: its path as the earliest article has it, that article's serial, and how many articles have the label."""

    path: LabelPath
    first: int
    articles: int


LabelFields: TypeAlias = dict[str, dict[str, Naming]]
"""All labels, by field and id."""


def paths_of(labels: LabelFields) -> Mapping[str, Mapping[str, LabelPath]]:
    """The paths of all labels, by field and id."""
    return {name: {value: naming.path for value, naming in table.items()} for name, table in labels.items()}


class LabelTable:
    """All labels of a generation, by field and id. The one mutable value here.

    `note` adds an article to a table that is made from the first article to the last. A table that is there follows
    changes: `follow` for each, then `settle` once.
    """

    def __init__(self, fields: LabelFields | None = None) -> None:
        self.fields = fields or {name: {} for name in KEYWORD_FIELDS}
        self._orphans: dict[LabelKey, int] = {}

    def note(self, serial: int, document: Document) -> None:
        """Add an article. Serials ascend."""
        for key, path in labels_of(document).items():
            self._gain(key, serial, path, is_new=True)

    def follow(self, serial: int, before: Document | None, after: Document | None) -> None:
        """Note that an article changed, by serials ascending; None if it was not there before, or is gone.

        Raises `KeyError` if the table does not know what the article had.
        """
        had = labels_of(before) if before else {}
        has = labels_of(after) if after else {}
        for key in had.keys() - has.keys():
            self._lose(key, serial)
        for key, path in has.items():
            self._gain(key, serial, path, is_new=key not in had)

    def settle(self, find_next: FindNext) -> None:
        """Make this the table that the articles as they are now would make.

        `find_next` is asked where an article no longer has a label that it was the earliest to have, though others do.
        """
        for key, serial in self._orphans.items():
            self._adopt(key, serial, find_next)
        self._orphans = {}

    def _lose(self, key: LabelKey, serial: int) -> None:
        naming = self.fields[key[0]][key[1]]
        naming.articles -= 1
        if naming.first == serial:  # of those that changed and have it, the earlier would be first, the later will gain
            naming.first = _NOBODY
            self._orphans[key] = serial

    def _gain(self, key: LabelKey, serial: int, path: LabelPath, *, is_new: bool) -> None:
        naming = self.fields[key[0]].setdefault(key[1], Naming(path, serial, 0))
        naming.articles += is_new
        if serial <= naming.first:
            naming.first, naming.path = serial, path

    def _adopt(self, key: LabelKey, serial: int, find_next: FindNext) -> None:
        """Find who names a label now that the earliest article that had it has it no more."""
        table = self.fields[key[0]]
        naming = table[key[1]]
        if not naming.articles:
            del table[key[1]]
            return
        found = find_next(key, serial)
        if found is not None and found[0] < naming.first:
            naming.first, naming.path = found


_NOBODY: Final = 2**63 - 1
"""More than any serial."""
