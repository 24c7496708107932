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

import click

from service.commands.embed import embed_command
from service.commands.frame import Commands
from service.commands.reading import search_command, show_command
from service.commands.serving import serve_command
from service.commands.topics import topics_group
from service.commands.writing import build_command, check_command, ingest_command


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="dateline")
def main() -> None:
    """Full-text search for news archives: from plain reports to ranked, faceted search.

    \b
    Example:
      dateline ingest reports/ && dateline build && dateline search "solar panels"
    """


for command in (
    ingest_command,
    build_command,
    search_command,
    show_command,
    serve_command,
    embed_command,
    check_command,
    topics_group,
):
    main.add_command(command)
