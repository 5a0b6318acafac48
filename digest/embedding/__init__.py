"""Texts as vectors of what they mean: a table that is shipped, and models, of this machine or
behind an address."""
