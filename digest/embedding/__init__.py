"""Vectors of texts: a table that is shipped, and models."""
