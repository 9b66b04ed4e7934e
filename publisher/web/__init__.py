"""The web: an edge."""
