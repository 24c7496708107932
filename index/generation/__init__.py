"""A generation on disk: how it is written, published, opened by readers, and removed.

`snapshot` is its articles, in `parts` that generations share; `snapshot_writing` writes them, merged by `tiers`.
`publish` makes a generation the one to answer from, `retention` removes others, `opening` is how a reader opens one
meanwhile. Where its files lie and what is said of them is in `index.layout`.
"""
