"""How fast and how lean, always as a ratio to a plain program measured in the same run."""
