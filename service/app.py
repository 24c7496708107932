"""The WSGI application, put together from objects: routes, middleware, and errors as problems.

`create_app` takes what it needs and looks at nothing else; tests call it. `application` is what gunicorn calls in each
worker: it reads the settings, once, and has `service.wiring` open the archive and follow it.
"""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any, Final

import falcon
import structlog

from index.errors import NoGeneration, ViewGone
from index.layout import DataFolder
from service import wire
from service.access.guard import Guard
from service.access.settings import access_from_settings, limits_by_access
from service.answers import problem_answer
from service.caching import NO_STORE, CachePolicy
from service.clustering.told import NotAsOnCluster
from service.fallback import NotAsPublished
from service.indexer_status import find_status
from service.limiting.requests import limits_from_settings
from service.logs import catch_strays, configure_logging
from service.metrics import metrics_of_worker
from service.middleware import EveryAnswer, Log, RequestLog, RequestMetrics, Told, request_id
from service.origins import CrossOrigin
from service.pages.problem_page import wants_page
from service.pages.resources import PAGE_ROUTES, page_routes, send_problem_page
from service.problems import MethodNotAllowed, ServiceProblem, problem_from_error
from service.resources import routes
from service.saved.settings import searches_from_settings
from service.serving import Serving
from service.settings import apply_korean, settings_from_environment
from service.widget import TEMPLATE as WIDGET
from service.widget import WidgetResource, load_widgets
from service.wiring import ON_CLUSTER, archives_of, hold_of, lexicon_for_good
from service.writing.intake import intake_from_settings

if TYPE_CHECKING:
    from collections.abc import Iterable

INTERNAL = 500

_TOLD_ALREADY: Final = (NoGeneration, NotAsPublished, NotAsOnCluster, ViewGone, ServiceProblem, falcon.HTTPError)
"""What is no news to the log when a request meets it."""

FIRST_OPENING_S: Final = 5.0
"""How long a new process waits for the archive to be open before it takes requests, which then wait for it instead."""


def create_app(serving: Serving, log: Log) -> falcon.App[falcon.Request, falcon.Response]:
    """The application that answers from `serving` and logs to `log`."""
    app = falcon.App()
    app.add_middleware(RequestLog(log, None if serving.source_safety else Told(serving.limits.clients.address_of)))
    app.add_middleware(RequestMetrics(serving.metrics))
    app.add_middleware(EveryAnswer())
    app.add_middleware(CrossOrigin(serving.allowed_origins, serving.access))
    app.add_middleware(serving.limits)  # before anything is done for a request
    app.add_middleware(Guard(serving.access))
    app.add_middleware(KnownMethods())
    for template, resource in (routes(serving) | page_routes(serving)).items():
        app.add_route(template, resource)
    app.add_route(WIDGET, WidgetResource(load_widgets()))

    def answer_problem(req: falcon.Request, resp: falcon.Response, error: Exception, _params: dict[str, Any]) -> None:
        problem = problem_from_error(error)
        if problem.status >= INTERNAL and not isinstance(error, _TOLD_ALREADY):
            log.error("failed", request_id=request_id(req), exc_info=error)
        if problem.turned_away:
            serving.metrics.refused(problem.turned_away)
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
    apply_korean(settings.korean)
    catch_strays()
    log: Log = structlog.get_logger().bind()  # once, not for each line
    data = DataFolder(settings.data)
    metrics = metrics_of_worker()
    archives = archives_of(settings, log, shows=metrics.shows)
    limits = limits_from_settings(settings)
    access = access_from_settings(settings, limits, log)
    serving = Serving(
        archives=archives,
        lexicon=lexicon_for_good(data),
        cache=CachePolicy.from_settings(settings),
        max_body_bytes=settings.max_body_bytes,
        name=settings.name,
        public_url=settings.public_url,
        allowed_origins=settings.allowed_origins,
        metrics=metrics,
        metrics_port=settings.metrics_port,
        source_safety=settings.source_safety,
        indexer=lambda: find_status(data),
        limits=limits_by_access(limits, access),
        access=access,
        searches=searches_from_settings(settings, log),
        intake=intake_from_settings(settings, log),
        held=lambda: None if settings.engine == ON_CLUSTER else hold_of(data),
    )
    app = create_app(serving, log)
    _keep_for_good()
    archives.start(wait_s=FIRST_OPENING_S)
    metrics.answers()
    return app


def _keep_for_good() -> None:
    """Keep the collector of cycles from walking what is loaded by now, and stays, while somebody waits.

    Requests leave no cycles behind, and walking what engine and rules hold takes longer than most of them. What is
    opened later is not kept: it goes when there is something newer.
    """
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)
