"""Logging: one JSON object a line, to stderr, from the service and from gunicorn alike.

`configure_logging` sets structlog up; `described` is how an exception is logged; `ServerLog` is gunicorn's logger;
`catch_strays` has whatever else writes to the log of a process do it in the same form. For the safety of readers
nothing that came with a request is written: an exception is its type and where it was raised, never its message or
its variables, which may hold what was asked; of gunicorn's remarks, and of libraries', only what their code says is
kept, never the values in it.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any, Final

import structlog
from gunicorn import glogging

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

LEVELS: Final = {name: getattr(logging, name.upper()) for name in ("debug", "info", "warning", "error")}

_MOST_CAUSES: Final = 5
_STAMP: Final = structlog.processors.TimeStamper(fmt="iso", utc=True)


def configure_logging(level: str = "info") -> None:
    """Set structlog up for this process. `level` is one of `LEVELS`."""
    structlog.configure(
        processors=[*_shared(), structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def described(error: BaseException) -> list[dict[str, object]]:
    """An exception and what caused it: for each its type and where it was raised, innermost frame last."""
    chain: list[dict[str, object]] = []
    cause: BaseException | None = error
    while cause is not None and len(chain) < _MOST_CAUSES:
        frames = traceback.extract_tb(cause.__traceback__)
        kind = type(cause)
        chain.append(
            {
                "type": f"{kind.__module__}.{kind.__qualname__}",
                "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
            }
        )
        cause = cause.__cause__ or cause.__context__
    return chain


def catch_strays() -> None:
    """Have libraries' remarks and exceptions that end a thread logged in our form, and without what may be in them."""
    handler = logging.StreamHandler()
    handler.setFormatter(_PlaceOnly())
    logging.getLogger().handlers = [handler]
    threading.excepthook = _log_end_of_thread


class _PlaceOnly(logging.Formatter):
    """Writes where a library made a remark, for nobody knows what a remark quotes."""

    def format(self, record: logging.LogRecord) -> str:
        event: EventDict = {
            "event": "a library made a remark",
            "level": record.levelname.lower(),
            "logger": record.name,
            "place": f"{record.pathname}:{record.lineno}",
            "exc_info": record.exc_info,
        }
        return str(structlog.processors.JSONRenderer()(None, "", _describe(None, "", _STAMP(None, "", event))))


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    structlog.get_logger().error("a thread ended with an error", exc_info=ended.exc_value)


def _shared() -> list[Processor]:
    return [structlog.processors.add_log_level, _STAMP, _describe]


def _describe(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put exceptions in as `described`."""
    failure = event.pop("exc_info", None)
    if isinstance(failure, tuple):
        failure = failure[1]
    elif failure is True:
        failure = sys.exc_info()[1]
    if isinstance(failure, BaseException):
        event["error"] = described(failure)
    return event


class ServerLog(glogging.Logger):  # type: ignore[misc] # gunicorn is untyped
    """gunicorn's own messages in the same form, without what came with a request."""

    def _set_handler(self, log: logging.Logger, output: str | None, _fmt: object, stream: object = None) -> None:
        formatter = structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*_shared()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
        super()._set_handler(log, output, formatter, stream)

    def debug(self, msg: object, *_args: Any, **_kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's signature
        """Log a detail without its values: at this level gunicorn names addresses and quotes what it read."""
        super().debug("%s", str(msg))

    def warning(self, msg: object, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's signature
        """Log a warning; one about a request that is not HTTP quotes it and its sender, so only the fact is kept."""
        if str(msg).startswith("Invalid request from"):
            msg, args = "a request that is not HTTP was refused", ()
        super().warning(msg, *args, **kwargs)

    def exception(self, msg: object, *_args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's signature
        """Log an exception; one while a request was handled names its address, so only the fact is kept."""
        if str(msg).startswith("Error handling request"):
            msg = "a request failed outside the application"
        super().exception("%s", type(msg).__name__ if isinstance(msg, BaseException) else str(msg), **kwargs)
