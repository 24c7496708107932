"""The WSGI application, put together from objects: routes, middleware, and errors as problems.

`create_app` takes what it needs and looks at nothing else; tests call it. `application` is what gunicorn calls in each
worker: it reads the settings, once, and has `service.wiring` open the archive.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import falcon
import structlog

from index.errors import NoGeneration
from index.gazetteer import load_gazetteer
from service import wire
from service.answers import problem_answer
from service.caching import NO_STORE, CachePolicy
from service.logs import configure_logging
from service.metrics import metrics_of_worker
from service.middleware import EveryAnswer, Log, RequestLog, RequestMetrics, request_id
from service.origins import CrossOrigin
from service.pages.problem_page import wants_page
from service.pages.resources import PAGE_ROUTES, page_routes, send_problem_page
from service.problems import MethodNotAllowed, problem_from_error
from service.resources import Serving, routes
from service.settings import settings_from_environment
from service.widget import TEMPLATE as WIDGET
from service.widget import WidgetResource, load_widgets
from service.wiring import archives_of

if TYPE_CHECKING:
    from collections.abc import Iterable

INTERNAL = 500


def create_app(serving: Serving, log: Log) -> falcon.App[falcon.Request, falcon.Response]:
    """The application that answers from `serving` and logs to `log`."""
    app = falcon.App()
    app.add_middleware(RequestLog(log))
    app.add_middleware(RequestMetrics(serving.metrics))
    app.add_middleware(EveryAnswer())
    app.add_middleware(CrossOrigin(serving.allowed_origins))
    app.add_middleware(KnownMethods())
    for template, resource in (routes(serving) | page_routes(serving)).items():
        app.add_route(template, resource)
    app.add_route(WIDGET, WidgetResource(load_widgets()))

    def answer_problem(req: falcon.Request, resp: falcon.Response, error: Exception, _params: dict[str, Any]) -> None:
        problem = problem_from_error(error)
        if problem.status >= INTERNAL and not isinstance(error, NoGeneration):
            log.error("failed", request_id=request_id(req), exc_info=error)
        resp.status = falcon.code_to_http_status(problem.status)
        resp.data = wire.encode(problem_answer(problem, request_id(req)))
        resp.content_type = "application/problem+json"
        resp.etag = None
        resp.cache_control = (NO_STORE,)
        resp.set_headers(dict(problem.headers))
        if wants_page(req, PAGE_ROUTES):
            send_problem_page(req, resp, problem, request_id=request_id(req), name=serving.name)

    app.add_error_handler(Exception, answer_problem)
    app.add_error_handler(falcon.HTTPError, answer_problem)
    return app


class KnownMethods:
    """Answers 405 to methods that HTTP does not know, as to those it does: Falcon would call them a bad request."""

    def process_resource(
        self,
        req: falcon.Request,
        resp: falcon.Response,  # noqa: ARG002 - Falcon's signature
        resource: object,
        params: dict[str, Any],  # noqa: ARG002 - Falcon's signature
    ) -> None:
        """Refuse it, naming those the resource takes."""
        if req.method not in falcon.COMBINED_METHODS:
            raise MethodNotAllowed(_methods(resource))


def _methods(resource: object) -> Iterable[str]:
    return [name.removeprefix("on_").upper() for name in dir(resource) if name.startswith("on_")]


def application() -> falcon.App[falcon.Request, falcon.Response]:
    """The application of this process's environment. Raises `SettingsError`."""
    settings = settings_from_environment(os.environ)
    configure_logging(settings.log_level)
    log: Log = structlog.get_logger().bind()  # once, not for each line
    serving = Serving(
        archives=archives_of(settings, log),
        gazetteer=load_gazetteer(),
        cache=CachePolicy.from_settings(settings),
        max_body_bytes=settings.max_body_bytes,
        name=settings.name,
        public_url=settings.public_url,
        allowed_origins=settings.allowed_origins,
        metrics=metrics_of_worker(),
    )
    return create_app(serving, log)
