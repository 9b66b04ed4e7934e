"""A newsletter as the commands show it."""

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from store.records import Newsletter

#: How many coming slots are shown.
_NEXT = 3


def newsletter_record(entry: "Newsletter", now: datetime) -> dict[str, Any]:
    """Return what is shown of a newsletter, with its next slots."""
    import scheduler  # noqa: PLC0415

    coming = {
        frequency: list(islice(scheduler.coming(entry, frequency, after=now), _NEXT))
        for frequency in entry.schedules
    }
    return {
        "key": entry.key,
        "names": dict(entry.names),
        "languages": list(entry.languages),
        "topics": list(entry.topics),
        "schedule": entry.schedule,
        "timezone": entry.timezone,
        "missing": dict(entry.rules),
        "approval": entry.approval,
        "next_slots": coming[""],
        "frequencies": [
            {"name": name, "schedule": schedule, "next_slots": coming[name]}
            for name, schedule in entry.frequencies.items()
        ],
        "minimum": entry.minimum,
        "windows": dict(entry.windows),
        "from": dict(entry.senders),
        "reply_to": dict(entry.replies),
        "template": entry.template,
        "unknown": entry.unknown,
    }
