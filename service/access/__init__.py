"""Who may do what: keys, tokens made from them, and the sites that a search is embedded in.

    serving.access.require(req, Scope.WRITE)    the key that allows it, or a problem: 401, 403, 429
    serving.access.site_of(req)                 the site that a request names, or None
    serving.access.extent_of(req)               what of the archive it is answered from

`keys`, `tokens` and `sites` are the values; `register` keeps them in one file of the data folder; `rules` is that file
as this process knows it now; `access` answers the questions above, and `guard` asks them before every route. `filters`
reads what keys, tokens and sites are restricted by; `extents` applies it to an archive, below everything that answers.
"""
