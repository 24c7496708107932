"""The archive: every article as received and as understood, which nothing else replaces, and its copies in one file.

`store.Store` is the source of truth, in one SQLite file (`database`); `identity` says which article an arrival is.
`backup` and `restore` copy an archive whole, and are seen only when they are (`work_folder`).
"""
