"""Ranking on files: judged collections in, the product's own ranking and its quality out."""
