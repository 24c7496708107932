"""One operation of the API, as a value: what one method of one route takes and gives."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from service.access.guard import OPEN
from service.access.keys import Scope
from service.limiting.requests import UNCOUNTED
from service.params import SITE, Parameter


class Group(Enum):
    """What an operation is for: its tag, in the order that people read them. The value says what is in it."""

    SEARCH = "Ask, filter, count; and what could be meant while one types."
    ARTICLES = "Single articles: what is known of each, why it is believed, what has to do with it."
    TAKE = "What a search finds, as feeds and files."
    SAVED = "Searches that the archive's keeper has given a name."
    WRITING = "Adding, changing and deleting articles, with a key."
    SERVICE = "The service itself: what it is, how it is, what it counts."

    @property
    def tag(self) -> str:
        """Its name in the document."""
        return _TAGS[self]


_TAGS = {
    Group.SEARCH: "search",
    Group.ARTICLES: "articles",
    Group.TAKE: "feeds and exports",
    Group.SAVED: "saved searches",
    Group.WRITING: "writing",
    Group.SERVICE: "service",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PathParameter:
    """A part of a path: its name, what it means, one to try, and what it may be: one of a few, or so long."""

    name: str
    meaning: str
    example: str
    choices: tuple[str, ...] = ()
    longest: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What one method of one route takes and gives.

    `summary` is a line, `description` says in a few what must be known to use it.
    `answer` is the type of a JSON answer, or `str` for what `media_types` say; `body` are the parameters that a JSON
    body may have, or `body_type` is the type of one, sent as `body_media_type`. `scope` is what the key that
    it needs must be for; with `creates` it may answer 201.
    """

    path: str
    name: str
    group: Group
    summary: str
    answer: Any
    description: str = ""
    method: str = "get"
    path_parameters: tuple[PathParameter, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    body: tuple[Parameter, ...] = ()
    body_type: Any = None
    media_types: tuple[str, ...] = ("application/json",)
    problems: tuple[int, ...] = ()
    is_cached: bool = True
    body_media_type: str = "application/json"
    scope: Scope | None = None
    creates: bool = False

    @property
    def is_counted(self) -> bool:
        """Whether how often it is asked is limited, and told."""
        return self.path not in UNCOUNTED

    @property
    def problems_of_readers(self) -> tuple[int, ...]:
        """What any route that reads answers to those who may not, or who ask from a site that is not known."""
        if self.scope or self.path in OPEN:
            return ()
        return (401, 403, 404, 429, 503) if SITE in self.parameters else (401, 403, 429, 503)
