"""How well a paper fits a person and how fast it rises: arithmetic that can be explained."""
