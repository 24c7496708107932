"""From the archive to generations: all at once, or as it changes.

`build` makes and publishes one generation, as a difference if it can. `indexer` follows an archive and publishes again
and again (`stepping` is what it shares with that of a cluster). `tidying` merges beside, and `understanding` has
articles understood by newer rules.
"""
