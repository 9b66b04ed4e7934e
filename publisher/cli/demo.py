"""``tidings demo``: the main job on the sample content, from Markdown files to a mailbox."""

import hashlib
import shutil
import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common, founding, house

if TYPE_CHECKING:
    from publisher.config import Config
    from store.database import Database

#: In the wheel the sample content stands inside the package, in a checkout beside it.
_PLACES = (
    Path(__file__).parent.parent / "example",
    Path(__file__).parent.parent.parent / "examples" / "icmc",
)

#: Tells a folder that the demo made from one that holds somebody's site.
_MARK = ".tidings-demo"

_URL = "https://news.example.org"

#: The newsletter's schedule is weekly: begun a week ago, it has exactly one slot that is due.
_WEEK = timedelta(days=7)


def demo(
    ctx: typer.Context,
    *,
    folder: Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where to make it.")] = Path(
        "demo"
    ),
    serve: Annotated[bool, typer.Option("--serve", help="Then serve its pages.")] = False,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Publish the sample content in three languages: feeds, digests, a mailbox."""
    import scheduler  # noqa: PLC0415
    from publisher.cli.mailbox import Mailbox  # noqa: PLC0415
    from publisher.config_file import load  # noqa: PLC0415
    from store.database import open_database  # noqa: PLC0415

    started, moment = perf_counter(), common.clock(now)
    sample = next(place for place in _PLACES if place.exists())
    about = tomllib.loads((sample / "site.toml").read_text(encoding="utf-8"))
    _begin(folder)
    # Never the environment: it may name the database of a real site.
    path, _ = founding.found_site(folder, _configuration(about, moment), environment=False)
    with Mailbox(folder / "mailbox") as mailbox:
        config = load(path, environment=False)
        host, port = mailbox.address
        relay = config.mail.model_copy(update={"host": host, "port": port, "tls": "none"})
        config = config.model_copy(update={"mail": relay})
        database = open_database(config.database_url)
        _fill(database, config, sample, about, moment)
        done = scheduler.tick(database, config, now=moment)
        record = _record(database, config, done)
        database.close()
    record["seconds"] = round(perf_counter() - started, 3)
    if as_json:
        common.print_json(record)
    else:
        _print(record, folder)
    for problem in done.problems:
        common.warn(problem)
    if done.problems:
        raise typer.Exit(1)
    if serve:
        house.serve(ctx, config=path, no_scheduler=True)


def _begin(folder: Path) -> None:
    """Make the folder, in the place of an earlier demo, and mark it as one.

    First of all: one that breaks off is an earlier demo, too. Raises InputError for a folder that
    holds anything else.
    """
    from publisher.errors import InputError  # noqa: PLC0415

    try:
        if folder.exists():
            if not (folder / _MARK).exists() and any(folder.iterdir()):
                reason = "is not empty and no earlier demo; choose another --dir"
                raise InputError(str(folder), reason)
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        (folder / _MARK).touch()
    except OSError as error:
        raise InputError(str(folder), f"{error.strerror or error}; choose another --dir") from error


def _configuration(about: Mapping[str, Any], now: datetime) -> str:
    from publisher.settings.composing import compose  # noqa: PLC0415

    languages = ",".join(about["site"]["languages"])
    return compose(_URL, languages, year=now.year, names=about["site"]["name"])


def _fill(
    database: "Database", config: "Config", sample: Path, about: Mapping[str, Any], now: datetime
) -> None:
    from publisher import launching, subscriptions  # noqa: PLC0415
    from publisher.ingest import intake, sources  # noqa: PLC0415
    from publisher.subscriptions import keyring  # noqa: PLC0415
    from store.records import Newsletter  # noqa: PLC0415

    # Known to everybody, so that the same content gives the same mails: they leave no machine.
    keyring.begin(database, hashlib.sha256(_MARK.encode()).hexdigest(), now=now)
    for key, names in about["topics"].items():
        intake.put_topic(database, config, key, names)
    for key, wanted in about["newsletters"].items():
        newsletter = Newsletter(
            key=key,
            names=wanted["name"],
            languages=tuple(wanted["languages"]),
            topics=tuple(wanted["topics"]),
            schedule=wanted["schedule"],
            timezone=wanted["timezone"],
            rules={"*": wanted["missing"]},
            since=now - _WEEK,
        )
        launching.start(database, config, newsletter)
    people = sample / "subscribers.csv"
    with people.open(encoding="utf-8", newline="") as lines:
        subscriptions.import_csv(database, config, lines, str(people))
    intake.take_from(database, config, [sources.source_of(str(sample / "items"), config)], now=now)


def _record(database: "Database", config: "Config", done: Any) -> dict[str, Any]:  # noqa: ANN401
    from publisher.cli.issue_records import issue_record  # noqa: PLC0415
    from publisher.site import feed_files  # noqa: PLC0415
    from store import deliveries, issues, items  # noqa: PLC0415

    files = feed_files(database, config)
    with database.read() as tx:
        item_count, text_count = items.counts(tx)
        numbers = [issue_record(tx, issue) for issue in issues.listing(tx)]
        mails = [mail for number in numbers for mail in deliveries.listing(tx, number["id"])]
    return {
        "items": item_count,
        "translations": text_count,
        "published": len(done.published),
        "feeds": [
            {
                "language": file.feed.language,
                "topic": file.feed.topic or None,
                "format": file.format,
                "path": file.path,
                "entries": len(file.feed.stories),
            }
            for file in files
        ],
        "editions": [
            {
                "newsletter": number["newsletter"],
                "language": edition["language"],
                "subject": edition["subject"],
                "items": edition["items"],
                "recipients": edition["recipients"],
            }
            for number in numbers
            for edition in number["editions"]
        ],
        "mailboxes": [
            {"email": mail.email, "language": mail.language, "state": mail.state} for mail in mails
        ],
        "delivered": done.sent,
    }


def _print(record: Mapping[str, Any], folder: Path) -> None:
    rows = [
        ("feed", entry["language"], f"{entry['entries']} entries", entry["path"])
        for entry in record["feeds"]
    ]
    rows += [
        ("edition", entry["language"], f"{entry['items']} items", entry["subject"])
        for entry in record["editions"]
    ]
    rows += [
        ("mailbox", entry["language"], entry["state"], entry["email"])
        for entry in record["mailboxes"]
    ]
    common.table(("what", "language", "holds", "where"), rows)
    common.show(
        {
            "items": record["items"],
            "translations": record["translations"],
            "published": record["published"],
            "delivered": f"{record['delivered']} mails in {folder / 'mailbox'}",
            "pages": folder / "public",
            "seconds": record["seconds"],
        },
        as_json=False,
    )
