"""The pages people read: search, article, documentation, embedded search; rendered here, complete without JavaScript.

`resources` are the routes. Each page is a frozen value, made by a module of its own and rendered by a template of that
name: `search_page` (with its parts `choices`, `histogram`, `province_map`, `results`), `article_page`, `docs_page`,
`problem_page`. `rendering` makes HTML of values and has the headers of pages; `addresses` writes every link;
`embedding` is for other sites. Numbers are those of the read side, never computed here.
"""
