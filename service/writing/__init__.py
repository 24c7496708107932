"""Writing over HTTP: articles that arrive by PUT and POST, and articles that are deleted.

    arrivals    bodies of requests as articles, or all that is wrong with them
    intake      what happens to an arrival: it is identified, understood, and kept, or nothing is
    keeper      the store of one process, which threads take turns at
    rules       the rules articles are understood by, as they are now
    wire        the JSON of these routes
    resources   the routes

An answer of 2xx means that what was sent is on disk. Searching finds it as soon as the indexer has published it: when
`/readyz` tells a `change` that is at least the one the answer told.
"""
