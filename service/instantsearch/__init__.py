"""`POST /v1/instantsearch`: the archive as InstantSearch.js and its relatives expect a search service to be.

`resource` is the route. `reading` takes a request apart into `Item`s, or names everything that is wrong with it;
`filters` reads its three filter languages into a `Query`. `attributes` says what fields are called there and which
text stands for which value. `answering` makes each result from the very answer that `/v1/search` would give, so the
numbers are the same. `wire` spells the JSON. What is supported and what is not: docs/instantsearch.md.
"""
