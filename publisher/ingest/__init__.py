"""Ways in: sources yield drafts, and :mod:`publisher.ingest.intake` takes them."""
