"""The routes that write: `PUT` and `DELETE /v1/articles/{id}`, `POST /v1/articles`.

Each first sees that the request has a key for it, then that its body is of the right kind and size, and then has the
`Intake` do it. An answer of 2xx says that it is on disk; any other, that nothing was kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, cast

import falcon
from msgspec import UNSET

from service import answers
from service import wire as reading_wire
from service.access.keys import Scope
from service.bodies import read_body, read_json_object
from service.params import WRITE, arguments_from_query_string, read_params
from service.problems import (
    MAY_ONLY_READ,
    CannotWrite,
    InvalidParameters,
    NotFound,
    ParamProblem,
    PreconditionFailed,
    UnsupportedMedia,
)
from service.writing import wire
from service.writing.arrivals import arrival_from_object, arrivals_from_lines, unknown_fields

if TYPE_CHECKING:
    from collections.abc import Iterable

    import msgspec

    from index.archive.recognition import Identity
    from index.archive.store import Admit, Effect
    from index.document import Document
    from service.resources import ArticleResource
    from service.serving import Serving
    from service.writing.arrivals import Arrival
    from service.writing.intake import Intake, Taken

_ENCODED: Final = "as it is, without Content-Encoding"


class WritableArticle:
    """`/v1/articles/{article_id}`: read as `article` does, put, and deleted."""

    def __init__(self, serving: Serving, article: ArticleResource) -> None:
        self._serving = serving
        self.on_get = article.on_get
        self.on_head = article.on_head

    def on_put(self, req: falcon.Request, resp: falcon.Response, article_id: str) -> None:
        """Keep the article of the body under this id, whether there is one or not."""
        self._serving.access.require(req, Scope.WRITE)
        is_dry_run = _is_dry_run(req)
        conditions = _conditions(req)
        _check_body_type(req, falcon.MEDIA_JSON, "JSON")
        intake = _intake(self._serving)
        row = read_json_object(req, intake.limits.article_bytes, "the fields of an article")
        arrivals = (arrival_from_object(row, article_id),)
        (taken,) = _take(intake, arrivals, conditions.admit, is_dry_run=is_dry_run)
        if taken.outcome.effect == "added" and not is_dry_run:
            resp.status = falcon.HTTP_201
            resp.location = answers.article_links(taken.outcome.id).self
        _send(resp, _put_answer(taken, is_dry_run=is_dry_run))

    def on_delete(self, req: falcon.Request, resp: falcon.Response, article_id: str) -> None:
        """Delete the article of this id."""
        self._serving.access.require(req, Scope.DELETE)
        _refuse_parameters(req)
        conditions = _conditions(req)
        intake = _intake(self._serving)
        if conditions.wants_none:  # so that nothing is deleted, whichever it is
            conditions.check(is_there=intake.has(article_id))
            change = None
        else:
            change = intake.delete(article_id)
            conditions.check(is_there=change is not None)
        if change is None:
            raise NotFound("this archive has no article of that id")
        _send(resp, wire.DeleteAnswer(article_id, "deleted", change))


class ArticlesResource:
    """`/v1/articles`: many articles at once, one on each line."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving

    def on_post(self, req: falcon.Request, resp: falcon.Response) -> None:
        """Keep all articles of the body, or none."""
        self._serving.access.require(req, Scope.WRITE)
        is_dry_run = _is_dry_run(req)
        _check_body_type(req, wire.LINES, "JSON objects, one on each line")
        intake = _intake(self._serving)
        arrivals = arrivals_from_lines(read_body(req, intake.limits.body_bytes), intake.limits)
        taken = _take(intake, arrivals, _admit_all, is_dry_run=is_dry_run)
        _send(resp, _batch_answer(taken, is_dry_run=is_dry_run))


def writing_routes(serving: Serving, article: ArticleResource) -> dict[str, object]:
    """The routes that write: their templates and what answers them. `article` reads the one that can be read, too."""
    return {
        "/v1/articles": ArticlesResource(serving),
        "/v1/articles/{article_id}": WritableArticle(serving, article),
    }


def _intake(serving: Serving) -> Intake:
    if serving.intake is None:
        raise CannotWrite(MAY_ONLY_READ)
    return serving.intake


def _take(intake: Intake, arrivals: tuple[Arrival, ...], admit: Admit, *, is_dry_run: bool) -> tuple[Taken, ...]:
    return intake.try_out(arrivals, admit) if is_dry_run else intake.take(arrivals, admit)


def _is_dry_run(req: falcon.Request) -> bool:
    params, problems = read_params(arguments_from_query_string(req.query_string), WRITE)
    if problems:
        raise InvalidParameters(problems)
    return params.dry_run


def _refuse_parameters(req: falcon.Request) -> None:
    _, problems = read_params(arguments_from_query_string(req.query_string), ())
    if problems:
        raise InvalidParameters(problems)


def _check_body_type(req: falcon.Request, wanted: str, what: str) -> None:
    given = (req.content_type or "").partition(";")[0].strip().lower()
    if given != wanted:
        raise UnsupportedMedia(wanted, what)
    if (req.get_header("Content-Encoding") or "identity").strip().lower() != "identity":
        raise UnsupportedMedia(wanted, f"{what}, {_ENCODED}")


@dataclass(frozen=True, slots=True)
class _Conditions:
    """What a request asks for: that there is an article of its id (`If-Match: *`), or none (`If-None-Match: *`)."""

    wants_one: bool
    wants_none: bool

    def check(self, *, is_there: bool) -> None:
        """Raise `PreconditionFailed` where it is not so."""
        if self.wants_one and not is_there:
            raise PreconditionFailed("there is no article of that id; If-Match asks for one. Nothing was changed")
        if self.wants_none and is_there:
            raise PreconditionFailed("there is an article of that id; If-None-Match asks for none. Nothing was changed")

    def admit(self, identity: Identity) -> None:
        """`check`, as the store asks."""
        self.check(is_there=identity.serial is not None)


def _conditions(req: falcon.Request) -> _Conditions:
    """The conditions of a request. Raises `InvalidParameters` for entity tags.

    Tags name answers of a generation, not articles of the archive, so nothing true could be said of them here.
    """
    given = {name: req.get_header(name) for name in ("If-Match", "If-None-Match")}
    others = [name for name, value in given.items() if value is not None and value.strip() != "*"]
    if others:
        raise InvalidParameters(tuple(ParamProblem(name, "takes only * here") for name in others))
    return _Conditions(wants_one=given["If-Match"] is not None, wants_none=given["If-None-Match"] is not None)


def _admit_all(_identity: Identity) -> None:
    pass


def _put_answer(taken: Taken, *, is_dry_run: bool) -> wire.PutAnswer:
    return wire.PutAnswer(
        id=taken.outcome.id,
        effect=_effect(taken.outcome.effect),
        change=taken.outcome.change,
        dry_run=is_dry_run,
        unknown_fields=_unknown((taken.arrival,)),
        links=answers.article_links(taken.outcome.id),
        understood=_understood(taken.document) if is_dry_run else UNSET,
    )


def _batch_answer(taken: tuple[Taken, ...], *, is_dry_run: bool) -> wire.BatchAnswer:
    items = tuple(
        wire.BatchItem(
            line=item.arrival.line or 0,
            id=item.outcome.id,
            effect=_effect(item.outcome.effect),
            understood=_understood(item.document) if is_dry_run else UNSET,
        )
        for item in taken
    )
    return wire.BatchAnswer(
        added=sum(item.effect == "added" for item in items),
        updated=sum(item.effect == "updated" for item in items),
        unchanged=sum(item.effect == "unchanged" for item in items),
        change=max(item.outcome.change for item in taken),
        dry_run=is_dry_run,
        unknown_fields=_unknown(item.arrival for item in taken),
        articles=items,
    )


def _effect(effect: Effect) -> Literal["added", "updated", "unchanged"]:
    return cast(Literal["added", "updated", "unchanged"], effect.value)


def _unknown(arrivals: Iterable[Arrival]) -> tuple[wire.UnknownField, ...]:
    return tuple(wire.UnknownField(name, count) for name, count in unknown_fields(arrivals))


def _understood(document: Document | None) -> wire.Understood:
    if document is None:
        raise TypeError("a dry run understands every article")
    return wire.Understood(answers.article_answer(document, ""), answers.evidence_answer(document, ""))


def _send(resp: falcon.Response, answer: msgspec.Struct) -> None:
    resp.data = reading_wire.encode(answer)
