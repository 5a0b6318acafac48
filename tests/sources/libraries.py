"""Where the exported libraries of the tests are."""

from pathlib import Path

FIXTURES = Path(__file__).parent / "fixtures" / "libraries"
