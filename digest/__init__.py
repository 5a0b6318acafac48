"""A daily mail with the trending research papers that matter to each subscriber."""

__version__ = "0.1.0"
