"""What can go wrong in the store.

The whole family is drawn in :mod:`publisher.errors`; its root stands here because
the store imports nothing of ours.
"""


class TidingsError(Exception):
    """The root: every error that Tidings raises on purpose."""


class StoreError(TidingsError):
    """The database refused; the message is the driver's first line."""


class NotFoundError(TidingsError):
    """No such record.

    ``kind`` names what was looked for (``"item"``), ``key`` is what it was looked for by.
    """

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"no {kind} {key!r}")
        self.kind = kind
        self.key = key


class ConflictError(TidingsError):
    """The record exists already, or somebody changed it in between; nothing was written."""


class BusyError(TidingsError):
    """Another process holds what is needed; trying again later is right."""


class SchemaError(TidingsError):
    """The database is of another version than this program."""
