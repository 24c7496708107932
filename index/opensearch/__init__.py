"""The index on an OpenSearch cluster: its mapping, what it says of itself, and how it is written. All of the client.

`client.Cluster` speaks to the cluster. `schema` is the mapping, made from `FIELDS`, and what an article is in it.
`state.State` is what an index says of itself. `writing.IndexWriter` writes one, `following.ClusterBuilder` keeps one
up to date with a store, `view.View` is one as it was at one moment, for searching. Why so: docs/decisions/0022.
"""
