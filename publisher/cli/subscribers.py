"""``tidings subscriber``."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher import wallclock
from publisher.cli import common, subscriber_files

if TYPE_CHECKING:
    from store.members import Member
    from store.records import Subscriber

subscriber = typer.Typer(name="subscriber", help="People on the lists.", no_args_is_help=True)
subscriber_files.add_to(subscriber)


@subscriber.command()
def add(
    ctx: typer.Context,
    email: str,
    *,
    language: Annotated[str, typer.Option(help="The language that they read.")],
    newsletters: Annotated[str, typer.Option(help="Keys of newsletters, with commas.")] = "",
    frequency: Annotated[
        str, typer.Option(help="How often: one that the newsletters offer, or 'default'.")
    ] = "",
    name: Annotated[str, typer.Option(help="What they are called.")] = "",
    timezone: Annotated[str, typer.Option(metavar="TZ", help="Where they are.")] = "",
    consent_source: Annotated[str, typer.Option(help="How they agreed.")] = "",
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Add somebody who agreed to get mail, or change what is known of them."""
    from publisher import subscriptions  # noqa: PLC0415
    from store import subscribers  # noqa: PLC0415

    row = {
        "email": email,
        "language": language,
        "newsletters": " ".join(common.words(newsletters)),
        "frequency": frequency,
        "name": name,
        "timezone": timezone,
        "consent_at": wallclock.in_utc(common.clock(now)),
        "consent_source": consent_source,
    }
    with common.opened(ctx, config) as house:
        added = subscriptions.add(house.database, house.config, row)
        with house.database.read() as tx:
            record = _record(added, map(vars, subscribers.subscriptions_of(tx, added.id)))
    common.show(record, as_json=as_json)


@subscriber.command("list")
def list_(
    ctx: typer.Context,
    *,
    language: Annotated[str | None, typer.Option(help="Of this language.")] = None,
    status: Annotated[str | None, typer.Option(help="In this status.")] = None,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List the subscribers."""
    from publisher.subscriptions import exporting  # noqa: PLC0415

    wanted = subscriber_files.status_of(status)
    language = subscriber_files.language_of(language)
    columns = ("email", "name", "language", "timezone", "status", "subscriptions")
    with common.opened(ctx, config) as house:
        found = exporting.people(house.database, language=language, status=wanted)
        records = (_of_member(member, as_json=as_json) for member in found)
        common.listing(records, columns, as_json=as_json)


def _of_member(member: "Member", *, as_json: bool) -> dict[str, Any]:
    if not as_json:
        return {**member._asdict(), "subscriptions": list(member.topics)}
    choices = [
        {"newsletter": key, "topics": topics, "frequency": member.often.get(key, "")}
        for key, topics in member.topics.items()
    ]
    return _record(member, choices)


def _record(entry: "Subscriber | Member", choices: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what commands show of somebody with these subscriptions."""
    return {
        "email": entry.email,
        "name": entry.name,
        "language": entry.language,
        "timezone": entry.timezone,
        "status": entry.status,
        "consent_at": entry.consent_at,
        "consent_source": entry.consent_source,
        "subscriptions": [{**choice, "topics": list(choice["topics"])} for choice in choices],
    }


@subscriber.command()
def show(
    ctx: typer.Context,
    email: str,
    *,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Show what somebody gets, what they agreed to, and which letters they were written."""
    from publisher.subscriptions import erasure  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        known = dict(erasure.export(house.database, email))
    known.pop("deliveries")
    if as_json:
        common.print_json(known)
        return
    known["subscriptions"] = [entry["newsletter"] for entry in known["subscriptions"]]
    known["consents"] = [f"{row['act']} {wallclock.in_utc(row['at'])}" for row in known["consents"]]
    known["letters"] = [f"{row['name']} {row['state']}" for row in known["letters"]]
    common.show(known, as_json=False)


@subscriber.command()
def erase(
    ctx: typer.Context,
    email: str,
    *,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Forget somebody for ever; no list can bring them back, only they themself."""
    from publisher.subscriptions import erasure  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        number = erasure.erase(house.database, email, now=common.clock(now))
    common.show({"id": number, "status": "erased"}, as_json=as_json)
