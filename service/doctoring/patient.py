"""What is examined: a data folder, the settings a service would have, and the machine, as they are now."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from index.layout import DataFolder
from service.settings import Settings, SettingsError, settings_from_environment


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A data folder and the environment its service is started in. `now` gives UTC; the rest says where to look."""

    data: DataFolder
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    mounts: Path = Path("/proc/self/mountinfo")
    shared_memory: Path = Path("/dev/shm")  # noqa: S108 - looked at, not written to

    def find_settings(self) -> Settings | None:
        """The settings, if the environment has none that cannot be used."""
        try:
            return settings_from_environment(self.environment)
        except SettingsError:
            return None

    @property
    def option(self) -> str:
        """How commands are told of the data folder."""
        return f"--data {self.data.path}"
