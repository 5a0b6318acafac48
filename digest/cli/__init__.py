"""The command line: one module for each group of commands."""

from digest.cli.main import main

__all__ = ["main"]
