"""Commands for trying topic rules before they are applied: topics check, topics preview."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from index.archive.store import Store
from index.gazetteer import load_gazetteer
from index.layout import DataFolder
from search.percolate import TopicTagger, load_topics, topic_changes
from service.commands.frame import SOMETHING_WRONG, data_option
from service.phrasing import counted
from service.terminal import say
from service.wiring import topics_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from search.percolate import TopicRule

_TITLES_SHOWN: Final = 5


@click.group("topics")
def topics_group() -> None:
    """Try the rules of topics before they are applied.

    \b
    Example:
      dateline topics preview --rules topics.toml
    """


def _rules_option(command: Callable[..., None]) -> Callable[..., None]:
    return click.option(
        "--rules",
        type=click.Path(path_type=Path, exists=True, dir_okay=False),
        default=None,
        help="A topics.toml to try.  [default: that of the data folder, else ours]",
    )(command)


def _rules(rules: Path | None, data: Path) -> tuple[TopicRule, ...]:
    return load_topics(load_gazetteer(), rules) if rules else topics_of(DataFolder(data))


@topics_group.command("check")
@_rules_option
@data_option
def check_topics_command(rules: Path | None, data: Path) -> None:
    """Run every topic's own examples: sentences it must match, and sentences it must not.

    \b
    Example:
      dateline topics check --rules topics.toml
    """
    tried = _rules(rules, data)
    broken = [(rule, example, wanted) for rule in tried for example, wanted in rule.broken_examples()]
    for rule, example, wanted in broken:
        say(f"{rule.saved.label.id} should {'' if wanted else 'not '}match: {example}")
    examples = sum(len(rule.matching) + len(rule.not_matching) for rule in tried)
    say(f"{counted(len(tried), 'topic')} with {counted(examples, 'example')}: {len(broken) or 'none'} broken")
    if broken:
        sys.exit(SOMETHING_WRONG)


@topics_group.command("preview")
@_rules_option
@data_option
def preview_topics_command(rules: Path | None, data: Path) -> None:
    """Show which articles of the archive would gain and lose which topics. `dateline build` then applies the rules.

    \b
    Example:
      dateline topics preview --rules topics.toml
    """
    tagger = TopicTagger(_rules(rules, data))
    changes: dict[tuple[str, str], list[str]] = defaultdict(list)
    with Store.open(DataFolder(data).archive, must_exist=True) as store:
        for _serial, document in store.documents():
            gained, lost = topic_changes(document, tagger)
            for sign, topics in (("+", gained), ("-", lost)):
                for topic in topics:
                    changes[topic.id, sign].append(f"{document.title.value} ({document.id})")
    for (topic_id, sign), titles in sorted(changes.items()):
        say(f"{sign} {topic_id}: {counted(len(titles), 'article')}", style="bold")
        for title in titles[:_TITLES_SHOWN]:
            say(title, indent=4)
        if len(titles) > _TITLES_SHOWN:
            say(f"and {len(titles) - _TITLES_SHOWN:,} more", indent=4)
    if not changes:
        say("These rules give every article of the archive the topics it has")
