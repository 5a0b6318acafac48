"""Texts as vectors of what they mean: a model on this machine, or an endpoint that has one."""
