"""The command `digest`, also as `python -m digest`."""

import importlib
import sys


def main() -> None:
    """As `digest.cli.main.main`; who stops the program while that is still loading sees no more
    of it than later on."""
    try:
        program = importlib.import_module("digest.cli.main")
    except KeyboardInterrupt:
        sys.exit(130)
    program.main()


if __name__ == "__main__":
    main()
