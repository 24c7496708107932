"""How our kernels are compiled: by Numba, without the interpreter's lock, and kept on disk.

`kernel` declares one; nothing is compiled at import, but when a kernel is first called with some types.
`keep_compiled_in` names the folder where machine code is kept between processes, so that the next process loads what
this one compiled. Where that can't be written, kernels are loaded from it if they are there, and compiled in memory if
not. That happens when one is first called, or before, by `load_compiled`, so that nobody waits for it. `compilations`
says which were loaded and which compiled, `working_time` what a thread did besides compiling. Versions are
`index.machine_code`'s business.
"""

from __future__ import annotations

import pickle
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar, cast

import numba
import numpy as np
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.core.event import Listener, register
from numpy.typing import NDArray

from index.machine_code import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

Function = TypeVar("Function", bound="Callable[..., Any]")

U8: TypeAlias = NDArray[np.uint8]
U32: TypeAlias = NDArray[np.uint32]
I64: TypeAlias = NDArray[np.int64]
F64: TypeAlias = NDArray[np.float64]

KERNELS: Final[list[Any]] = []
"""Every kernel declared, in order of declaration: a kernel comes after those it calls."""

_CUT_SHORT: Final = (EOFError, pickle.UnpicklingError)

_kept_in: Path | None = None


def kernel(function: Function) -> Function:
    """Declare a function as a kernel: compiled in nopython mode, releasing the interpreter's lock.

    Its annotations are for readers; Numba takes types from what it is called with.
    """
    dispatcher: Any = numba.njit(nogil=True, error_model="numpy")(function)
    KERNELS.append(dispatcher)
    if _kept_in is not None:
        _keep(dispatcher, _kept_in)
    return cast(Function, dispatcher)


def keep_compiled_in(folder: Path) -> None:
    """Keep the machine code of all kernels, also of those declared later, in a folder, or in `NUMBA_CACHE_DIR` if set.

    Nothing is written until a kernel is compiled.
    """
    global _kept_in  # noqa: PLW0603 - kernels are as global as the code they are made of
    kept_in = place_of(folder)
    if kept_in == _kept_in:
        return
    _kept_in = kept_in
    for dispatcher in KERNELS:
        _keep(dispatcher, kept_in)


def load_compiled(folder: Path) -> None:
    """Load what is kept in a folder of the kernels declared so far, so that nobody waits for it later.

    But for those that other kernels call: who calls them has them in its own code. It takes some hundredths of a second
    for each, and nearly a second for whatever is first in a process. Processes that are forked later have it, too. What
    is not kept is compiled when it is called, as ever.
    """
    keep_compiled_in(folder)
    called = {id(other) for dispatcher in KERNELS for other in _called_by(dispatcher)}
    for dispatcher in KERNELS:
        if id(dispatcher) not in called:
            for types in dispatcher._cache.kept_types():  # noqa: SLF001 - ours, see `_keep`
                dispatcher.compile(types)


def _called_by(dispatcher: Any) -> Iterator[Any]:  # noqa: ANN401 - Numba is untyped
    """The kernels that a kernel calls, and whatever else of its module's names it uses."""
    function = dispatcher.py_func
    names = (name for name in function.__code__.co_names if name in function.__globals__)
    return (function.__globals__[name] for name in names)


@dataclass(frozen=True, slots=True)
class Compilations:
    """What became of kernels in this process: `loaded` from disk, `compiled` anew; each with its types."""

    loaded: tuple[str, ...]
    compiled: tuple[str, ...]


class _Compiling(threading.local):
    """What a thread has spent on compiling, in seconds of processor time."""

    def __init__(self) -> None:
        self.spent_s = 0.0
        self.depth = 0
        self.began_s = 0.0


class _Watch(Listener):
    """Told by Numba when it compiles; a kernel that needs others has them compiled within its own time."""

    def on_start(self, event: Any) -> None:  # noqa: ANN401, ARG002 - Numba's signature
        """Note the time, unless a compilation is under way."""
        if _compiling.depth == 0:
            _compiling.began_s = time.thread_time()
        _compiling.depth += 1

    def on_end(self, event: Any) -> None:  # noqa: ANN401, ARG002 - Numba's signature
        """Add it up."""
        _compiling.depth -= 1
        if _compiling.depth == 0:
            _compiling.spent_s += time.thread_time() - _compiling.began_s


_compiling = _Compiling()
register("numba:compile", _Watch())  # type: ignore[no-untyped-call] # Numba is untyped


def working_time() -> float:
    """The processor time of this thread but for what it spent compiling kernels, in seconds."""
    return time.thread_time() - _compiling.spent_s


def compilations() -> Compilations:
    """What was loaded and what was compiled so far, by Numba's own statistics, since `keep_compiled_in`."""
    return Compilations(loaded=_counted("cache_hits"), compiled=_counted("cache_misses"))


def _counted(statistic: str) -> tuple[str, ...]:
    found = ((dispatcher.__name__, getattr(dispatcher.stats, statistic)) for dispatcher in KERNELS)
    return tuple(f"{name}{types}" for name, counted in found for types in counted)


class _Place:
    """Where Numba finds the machine code of a kernel. Has the methods of its `_CacheLocator`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ensure_cache_path(self) -> None:
        """Make the folder, for nobody but its owner to write to: what is in it will be run."""
        self._folder.mkdir(mode=0o755, parents=True, exist_ok=True)

    def get_cache_path(self) -> str:
        """The folder."""
        return str(self._folder)

    def get_source_stamp(self) -> str:
        """The same always: the folder is that of one version."""
        return ""

    def get_disambiguator(self) -> str:
        """Nothing: the file is named after the module and the function."""
        return ""


class _Code(CompileResultCacheImpl):
    """How compiled functions become files: Numba's way, at our place."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        # Not Numba's own constructor, which looks for a place of its own
        self._lineno = function.__code__.co_firstlineno
        self._locator = _Place(folder)
        self._filename_base = f"{function.__module__}.{function.__qualname__}"


class _Kept(FunctionCache):
    """Numba's cache of a kernel's machine code, in our folder. What can't be read is not there."""

    def __init__(self, function: Callable[..., Any], folder: Path) -> None:
        self._impl_class: Any = partial(_Code, folder=folder)
        super().__init__(function)  # type: ignore[no-untyped-call]  # Numba is untyped

    def kept_types(self) -> tuple[Any, ...]:
        """For which types of arguments there is machine code."""
        try:
            return tuple(types for types, *_ in self._cache_file._load_index())  # type: ignore[no-untyped-call]  # noqa: SLF001 - Numba has no other way to ask
        except (OSError, *_CUT_SHORT):
            return ()

    def load_overload(self, sig: Any, target_context: Any) -> Any:  # noqa: ANN401 - Numba's signature
        """The compiled function for some types, None if there is none."""
        try:
            return super().load_overload(sig, target_context)  # type: ignore[no-untyped-call]  # likewise
        except (OSError, *_CUT_SHORT):
            return None

    def save_overload(self, sig: Any, data: Any) -> None:  # noqa: ANN401 - Numba's signature
        """Keep a compiled function, if it can be kept."""
        with suppress(OSError):
            try:
                super().save_overload(sig, data)  # type: ignore[no-untyped-call]  # likewise
            except _CUT_SHORT:
                self.flush()  # type: ignore[no-untyped-call]  # likewise
                super().save_overload(sig, data)  # type: ignore[no-untyped-call]  # likewise


def _keep(dispatcher: Any, folder: Path) -> None:  # noqa: ANN401 - Numba is untyped
    dispatcher._cache = _Kept(dispatcher.py_func, folder)  # noqa: SLF001 - `enable_caching` with a folder of ours
