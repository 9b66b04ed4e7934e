"""Feeds: stories in, bytes out; feedgen's one home."""
