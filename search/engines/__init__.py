"""Engines: each answers the contract of `search.engine`; none knows another."""
