"""The read side of Dateline: what is asked and what is answered. Knows nothing of HTTP, extraction or the store."""
