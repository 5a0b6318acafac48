"""Texts made by a language model, where one is configured."""
