"""Ranking on files: judged collections and moments in, our own ranking and its quality out."""
