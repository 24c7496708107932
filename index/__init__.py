"""The write side of Dateline, and every format on disk. Knows nothing of searching or serving."""
