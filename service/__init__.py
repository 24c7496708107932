"""The only package that knows HTTP, the environment and processes."""
