"""``tidings newsletter``."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from publisher.cli import common
from publisher.cli.newsletter_records import newsletter_record

if TYPE_CHECKING:
    from store.records import UnknownRule

newsletter = typer.Typer(name="newsletter", help="Recurring mailings.", no_args_is_help=True)

NameOption = Annotated[
    list[str] | None, typer.Option(metavar="LANG=NAME", help="Its title, again for each.")
]
MissingOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[LANG=]RULE",
        help="hold, skip, fallback or 'hold until thu 17:00, then fallback'; again for languages "
        "that differ. A new one has hold.",
    ),
]
UnknownOption = Annotated[
    str,
    typer.Option(
        metavar="RULE",
        help="What becomes of mails that nobody can say of whether the relay has them: ask it, "
        "hold them for a person, or retry, even if somebody gets one twice.",
    ),
]


@newsletter.command()
def add(
    ctx: typer.Context,
    key: Annotated[str, typer.Argument(help="Lower-case letters, digits and hyphens.")],
    *,
    schedule: Annotated[
        str,
        typer.Option(
            help="'fri 07:00', 'daily 07:00', 'every 3 days 09:00', 'first Thursday 09:00', "
            "'once 2026-12-18 10:00', or cron: '0 7 * * FRI'."
        ),
    ],
    frequency: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=SCHEDULE",
            help="Another frequency for who chooses it, such as monthly='first thu 09:00'; "
            "again for each.",
        ),
    ] = None,
    minimum: Annotated[int, typer.Option(min=1, help="Items that make an issue.")] = 1,
    window: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[LANG=]WINDOW",
            help="When mail may go out: 'mon-fri 08:00-18:00', with a zone or 'reader', with "
            "'holidays FR'; again for languages that differ [default: at any time].",
        ),
    ] = None,
    timezone: Annotated[str, typer.Option(metavar="TZ", help="The zone of the schedule.")] = "",
    languages: Annotated[str, typer.Option(help="Such as en,fr [default: the site's].")] = "",
    missing: MissingOption = None,
    topics: Annotated[str, typer.Option(help="Topic keys [default: all].")] = "",
    name: NameOption = None,
    sender: Annotated[
        list[str] | None,
        typer.Option(
            "--from",
            metavar="[LANG=]MAILBOX",
            help="Who it comes from, such as 'News <news@example.org>'; "
            "again for languages that differ [default: the site].",
        ),
    ] = None,
    reply_to: Annotated[
        list[str] | None,
        typer.Option(metavar="[LANG=]MAILBOX", help="Who answers go to [default: the sender]."),
    ] = None,
    template: Annotated[
        str, typer.Option(metavar="NAME", help="The folder of email/ that it is made by.")
    ] = "digest",
    approval: Annotated[
        bool, typer.Option("--approval", help="Somebody else than the authors must approve issues.")
    ] = False,
    unknown: UnknownOption = "ask",
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Begin a newsletter: it takes what enters the store from now on."""
    import scheduler  # noqa: PLC0415
    from publisher import gating, launching  # noqa: PLC0415
    from store.records import Newsletter  # noqa: PLC0415

    moment = common.clock(now)
    with common.opened(ctx, config) as house:
        wanted = Newsletter(
            key=key,
            names=common.pairs(name or [], "--name"),
            languages=common.words(languages) or house.config.site.languages,
            topics=common.words(topics),
            schedule=schedule,
            timezone=timezone or house.config.site.timezone,
            rules={gating.OTHERS: "hold", **_by_language(missing or [])},
            since=moment,
            approval=approval,
            frequencies=common.pairs(frequency or [], "--frequency", example="weekly='fri 07:00'"),
            minimum=minimum,
            windows=_by_language(window or []),
            senders=_mailboxes(sender or []),
            replies=_mailboxes(reply_to or []),
            template=template,
            unknown=_unknown(unknown),
        )
        scheduler.check_all(wanted)
        begun = launching.start(house.database, house.config, wanted)
    common.show(newsletter_record(begun, moment), as_json=as_json)


@newsletter.command("set")
def set_newsletter(
    ctx: typer.Context,
    key: str,
    *,
    name: NameOption = None,
    missing: MissingOption = None,
    unknown: UnknownOption = "",
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Change a newsletter's title, what it does where a text is missing, or unknown mails."""
    from publisher import launching  # noqa: PLC0415

    if not (name or missing or unknown):
        raise typer.BadParameter("give at least one of --name, --missing, --unknown")
    with common.opened(ctx, config) as house:
        changed = launching.change(
            house.database,
            key,
            names=common.pairs(name or [], "--name"),
            rules=_by_language(missing or []),
            unknown=_unknown(unknown) if unknown else None,
        )
    common.show(newsletter_record(changed, common.clock(now)), as_json=as_json)


@newsletter.command("list")
def list_newsletters(
    ctx: typer.Context,
    *,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List the newsletters."""
    from store import newsletters  # noqa: PLC0415

    with common.opened(ctx, config) as house, house.database.read() as tx:
        found = [newsletter_record(entry, common.clock(now)) for entry in newsletters.listing(tx)]
    columns = ("key", "languages", "schedule", "timezone", "missing", "next_slots")
    common.listing(found, columns, as_json=as_json)


@newsletter.command("show")
def show_newsletter(
    ctx: typer.Context,
    key: str,
    *,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Show a newsletter and its next slots."""
    from store import newsletters  # noqa: PLC0415

    with common.opened(ctx, config) as house, house.database.read() as tx:
        found = newsletters.get(tx, key)
    common.show(newsletter_record(found, common.clock(now)), as_json=as_json)


@newsletter.command()
def embed(
    ctx: typer.Context,
    key: str,
    *,
    language: Annotated[str, typer.Option(help="The language of the form.")],
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Print a sign-up form in HTML, to be pasted into a page of any site."""
    from publisher.subscriptions import embedding  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        html = embedding.snippet(house.database, house.config, key, language)
    if as_json:
        common.print_json({"newsletter": key, "language": language, "html": html})
    else:
        typer.echo(html, nl=False)


def _by_language(entries: list[str]) -> dict[str, str]:
    """Return the sentences of ``[LANG=]SENTENCE``; one without a language is for all others."""
    split = [entry.rpartition("=") for entry in entries]
    return {language.strip() or "*": sentence.strip() for language, _, sentence in split}


def _mailboxes(entries: list[str]) -> dict[str, str]:
    """Return the mailboxes of ``[LANG=]MAILBOX``; one without a language is for all others."""
    found = {}
    for entry in entries:
        # A name may hold the sign as well; a language has no spaces.
        tagged = re.fullmatch(r"([A-Za-z0-9-]+)=(.*)", entry)
        language, box = tagged.groups() if tagged else ("*", entry)
        found[language] = box.strip()
    return found


def _unknown(text: str) -> "UnknownRule":
    from store.records import UnknownRule  # noqa: PLC0415

    if text not in list(UnknownRule):
        raise typer.BadParameter(f"--unknown is one of {', '.join(UnknownRule)}")
    return UnknownRule(text)
