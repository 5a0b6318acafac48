"""Bytes from the world: one polite HTTP client, one module per source."""
