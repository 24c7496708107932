"""The `dateline` command.

    dateline ingest PATH…    articles into the archive
    dateline build           the archive into an index that can be searched
    dateline search "words"  ask it here
    dateline show ID         one article, with the evidence for everything known of it
    dateline serve           answer over HTTP
    dateline index --follow  publish what changes, as it changes; serve does that, too
    dateline rollback        answer from an older index
    dateline migrate         to an OpenSearch cluster, or back, while the service answers
    dateline embed           the HTML that puts the search into another site
    dateline check           is everything as it should be, and what to do if not
    dateline backup FILE     all that cannot be made again, in one file
    dateline restore FILE    the way back, into an empty folder
    dateline keys            who may write, delete, or read what is not public
    dateline token           leave to read for a while, made from a read key
    dateline sites           pages of others that the search is embedded in, and what each gets
    dateline doctor          what is wrong with settings, permissions, disk, machine, proxy
    dateline topics          try the rules of topics before they are applied
    dateline searches        questions with a name: as a feed, in other pages, as the rule of a topic

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
    "index": "service.commands.indexing:index_command",
    "rollback": "service.commands.indexing:rollback_command",
    "migrate": "service.commands.migrating:migrate_command",
    "embed": "service.commands.embed:embed_command",
    "check": "service.commands.writing:check_command",
    "backup": "service.commands.backup:backup_command",
    "restore": "service.commands.backup:restore_command",
    "keys": "service.commands.keys:keys_group",
    "token": "service.commands.keys:token_command",
    "sites": "service.commands.sites:sites_group",
    "doctor": "service.commands.doctor:doctor_command",
    "topics": "service.commands.topics:topics_group",
    "searches": "service.commands.searches:searches_group",
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
