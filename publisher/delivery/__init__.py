"""Delivery: queued mails are claimed, sent and settled."""
