"""Taking in: from files to the store.

`ingestion` takes in what is under some paths; `watching` whatever comes to some folders, once it is at rest
(`at_rest`), and nothing twice (`file_memory`). What is in a file is for `index.read` to say.
"""
