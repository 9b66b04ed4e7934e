"""The commands: an edge. It reads the clock and the configuration, calls a verb, and prints.

What is heavy is imported inside the commands, so that ``--help`` answers at once.

    founding.py     init, migrate          house.py               tick, serve, feed, site
    items.py        item, topic            sending.py             deliver
    editing.py      item: what goes out    correcting.py          item: what was wrong
    newsletters.py  newsletter             newsletter_records.py  as commands show it
    issues.py       issue: what is done    issue_records.py       as commands show it
    looking.py      issue: what there is   checks.py              issue check, template
    deliveries.py   delivery               letters.py             letter
    subscribers.py  subscriber             subscriber_files.py    subscriber import, export
    translations.py translation            reports.py             report
    keys.py         key                    dkim.py                dkim
    bounces.py      bounce                 doctor.py              doctor
    workers.py      worker                 demo.py, mailbox.py    demo, and its relay
    common.py       options, output        progress.py            bars
"""

import typer

from publisher.cli import (
    bounces,
    checks,
    common,
    correcting,
    deliveries,
    demo,
    dkim,
    doctor,
    editing,
    founding,
    house,
    issues,
    items,
    keys,
    letters,
    looking,
    newsletters,
    reports,
    subscribers,
    translations,
    workers,
)

app = typer.Typer(
    name="tidings",
    help="Publish news in every one of your languages: feeds and e-mail digests.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def root(ctx: typer.Context, config: common.ConfigOption = None) -> None:
    """Take what stands before the command."""
    ctx.obj = config


@app.command()
def version(*, as_json: common.JsonOption = False) -> None:
    """Say which Tidings this is."""
    from importlib.metadata import version as installed  # noqa: PLC0415  (slow to import)

    common.show({"version": installed("tidings")}, as_json=as_json)


app.command()(founding.init)
app.command()(founding.migrate)
house.add_to(app)
app.command()(workers.worker)
app.command()(demo.demo)
app.add_typer(items.item)
editing.add_to(items.item)
correcting.add_to(items.item)
app.add_typer(items.topic)
translations.add_to(items.item)
app.add_typer(translations.translation)
app.add_typer(newsletters.newsletter)
looking.add_to(issues.issue)
issues.add_to(issues.issue)
app.add_typer(issues.issue)
checks.add_to(issues.issue)
app.add_typer(checks.template)
app.add_typer(deliveries.delivery)
app.add_typer(letters.letter)
app.add_typer(bounces.bounce)
app.add_typer(subscribers.subscriber)
app.add_typer(keys.key)
app.add_typer(dkim.dkim)
app.command()(doctor.doctor)
app.add_typer(reports.report)

__all__ = ["app"]
