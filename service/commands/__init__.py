"""The commands of `dateline`, by what they do to an archive; `frame` is what they share."""
