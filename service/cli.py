"""The `dateline` command.

    dateline ingest PATH…    articles into the archive
    dateline build           the archive into an index that can be searched
    dateline search "words"  ask it here
    dateline show ID         one article, with the evidence for everything known of it
    dateline serve           answer over HTTP
    dateline embed           the HTML that puts the search into another site
    dateline check           is everything as it should be, and what to do if not
    dateline topics          try the rules of topics before they are applied

Each is in `service.commands`; exit codes and errors are in its `frame`.
"""

from __future__ import annotations

from typing import Final

import click

from service.commands.frame import Commands

COMMANDS: Final = {
    "ingest": "service.commands.writing:ingest_command",
    "build": "service.commands.writing:build_command",
    "search": "service.commands.reading:search_command",
    "show": "service.commands.reading:show_command",
    "serve": "service.commands.serving:serve_command",
    "embed": "service.commands.embed:embed_command",
    "check": "service.commands.writing:check_command",
    "topics": "service.commands.topics:topics_group",
}


@click.group(
    cls=Commands, found_in=COMMANDS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="dateline")
def main() -> None:
    """Full-text search for news archives: from plain reports to ranked, faceted search.

    \b
    Example:
      dateline ingest reports/ && dateline build && dateline search "solar panels"
    """
