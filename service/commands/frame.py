"""What every command shares: exit codes, the `--data` option, and errors as messages.

Exit codes: 0 all is well; 1 it was done, but something in the input or the archive is wrong, and was listed; 2 it could
not be done, and the message says why. What a user gets wrong never shows a stack trace.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from index.errors import IndexingError, NoGeneration
from search.errors import SearchError
from service.problems import InvalidParameters
from service.settings import SettingsError, apply_korean, korean_from_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

SOMETHING_WRONG: Final = 1
NOT_DONE: Final = 2
INTERRUPTED: Final = 130


class Commands(click.Group):
    """Turns what the packages raise on purpose into a message and an exit code.

    `found_in` says of each command which module it is in, and its name there, as `module:name`: only the one that is
    called is imported, so that each starts as fast as what it needs itself.
    """

    def __init__(self, *, found_in: Mapping[str, str], **options: Any) -> None:  # noqa: ANN401 - click's own
        super().__init__(**options)
        self._found_in = found_in

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's own signature
        """The names of all commands, in the order of use."""
        return list(self._found_in)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - likewise
        """The command of that name, imported; None if there is none."""
        module, _, name = self._found_in.get(cmd_name, "").partition(":")
        return getattr(import_module(module), name) if module else None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - click's own signature
        """Run the command."""
        try:
            apply_korean(korean_from_environment(os.environ))
            return super().invoke(ctx)
        except NoGeneration as error:
            raise NotDone(why_nothing_is_built(error)) from error
        except (IndexingError, SearchError, SettingsError) as error:
            raise NotDone(str(error)) from error
        except InvalidParameters as error:
            raise NotDone(_listed(error, {})) from error
        except KeyboardInterrupt:
            click.echo("\nInterrupted. What was written is kept; run it again to go on.", err=True)
            sys.exit(INTERRUPTED)


class NotDone(click.ClickException):
    """What was asked cannot be done, and why."""

    exit_code = NOT_DONE

    def show(self, file: Any = None) -> None:  # noqa: ANN401 - click's own signature
        """Print the message."""
        click.echo(f"dateline: {self.message}", err=True, file=file)


@contextmanager
def naming_options(**arguments: str) -> Iterator[None]:
    """Make what is wrong with parameters of the API a message that calls them as they were typed.

    That is by the options of the command that runs, which have the names of parameters; `arguments` says what
    parameters are called that are no options.
    """
    try:
        yield
    except InvalidParameters as error:
        taken = click.get_current_context().command.params
        options = {option.name: option.opts[0] for option in taken if isinstance(option, click.Option) and option.name}
        raise NotDone(_listed(error, options | arguments)) from error


def _listed(error: InvalidParameters, names: Mapping[str, str]) -> str:
    """A line for each parameter that is wrong, with these names, also where it speaks of others."""
    joined = {param: name for param, name in names.items() if "_" in param}  # the rest are words like any
    lines = []
    for problem in error.errors:
        detail = problem.detail
        for param, name in joined.items():
            detail = detail.replace(param, name)
        lines.append(f"{names.get(problem.param, problem.param)}: {detail}")
    return "\n".join(lines)


def no_archive(data: Path) -> str:
    """That a folder has no archive, and what to do: most often, the folder is mistyped."""
    return (
        f"there is no archive in {data}. If it is in another folder, name that with --data; "
        f"else make one: dateline ingest PATH --data {data}"
    )


def why_nothing_is_built(error: NoGeneration) -> str:
    """Why there is no index to answer from: where there is no archive either, building one would fail, too."""
    from index.layout import DataFolder  # noqa: PLC0415 - not every command needs it; whoever raised this did

    return str(error) if DataFolder(error.data).archive.exists() else no_archive(error.data)


def data_option(command: Callable[..., None]) -> Callable[..., None]:
    """`--data`, for a command whose parameter is `data`."""
    return click.option(
        "--data",
        type=click.Path(path_type=Path, file_okay=False),
        default=Path("./data"),
        show_default=True,
        envvar="DATELINE_DATA",
        help="The folder the archive lives in.",
    )(command)
