"""An archive whose index is on a cluster: its settings, its commands, and the service over it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from click.testing import CliRunner

from service.cli import main
from service.settings import PREFIX, Settings, settings_from_environment
from tests.cluster.nodes import Cluster

if TYPE_CHECKING:
    from click.testing import Result

SEEDS = Path(__file__).parents[2] / "seeds"


@dataclass(frozen=True, slots=True)
class OnCluster:
    """An archive in the folder `data`, whose index goes by the name `index` on a cluster.

    `user` asks, if the cluster is secure.
    """

    cluster: Cluster
    data: Path
    index: str
    user: str = "indexer"

    @property
    def environment(self) -> dict[str, str]:
        """The settings as variables."""
        said = {
            "DATELINE_ENGINE": "opensearch",
            "DATELINE_DATA": str(self.data),
            "DATELINE_OPENSEARCH_URL": self.cluster.url,
            "DATELINE_OPENSEARCH_INDEX": self.index,
        }
        if secrets := self.cluster.secrets:
            said["DATELINE_OPENSEARCH_USER"] = self.user
            said["DATELINE_OPENSEARCH_PASSWORD_FILE"] = str(secrets.password_file(self.user))
            said["DATELINE_OPENSEARCH_CA_FILE"] = str(secrets.ca_file)
            said["DATELINE_OPENSEARCH_REPLICAS"] = "0"
        return said

    @property
    def settings(self) -> Settings:
        """The settings."""
        return settings_from_environment(self.environment)

    def run(self, *command: str, **variables: str) -> Result:
        """Run a command of Dateline in this process, whatever becomes of it."""
        theirs = {name: None for name in os.environ if name.startswith(PREFIX)}
        environment = {**theirs, **self.environment, **variables}
        return CliRunner().invoke(main, list(command), env=environment, catch_exceptions=False)

    def do(self, *command: str, **variables: str) -> str:
        """Run a command that must succeed; what it says."""
        result = self.run(*command, **variables)
        assert result.exit_code == 0, result.output
        return result.output
