"""Readers: one module per input format, each from a file to `RawDocument`s."""
