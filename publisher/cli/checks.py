"""``tidings issue check`` and ``tidings template``: what is looked at before readers see it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from publisher.cli import common

if TYPE_CHECKING:
    from publisher.mail.finding import Finding
    from publisher.rendering import Template

template = typer.Typer(name="template", help="Templates, yours and ours.", no_args_is_help=True)


def add_to(issue: typer.Typer) -> None:
    """Add what issues are checked by to their commands."""
    issue.command("check")(check_issue)


def check_issue(
    ctx: typer.Context,
    number: Annotated[int, typer.Argument(metavar="N")],
    *,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Look at an issue's editions as mail: dead links, missing words, size and more."""
    from publisher import proofs  # noqa: PLC0415
    from publisher.cli.issue_records import issue_record  # noqa: PLC0415
    from store import issues  # noqa: PLC0415

    with common.opened(ctx, config) as house:
        found = proofs.check(house.database, house.config, number, now=common.clock(now))
        with house.database.read() as tx:
            record = issue_record(tx, issues.get(tx, number))
    findings = [_finding(language, each) for language, of in found for each in of]
    errors = sum(each["level"] == "error" for each in findings)
    counts = {"errors": errors, "warnings": len(findings) - errors}
    if as_json:
        common.print_json({**record, **counts, "findings": findings})
    else:
        shown = {key: record[key] for key in ("id", "newsletter", "slot", "state")}
        common.show({**shown, **counts}, as_json=False)
        if findings:
            common.listing(findings, tuple(findings[0]), as_json=False)
    if errors:
        raise typer.Exit(1)


@template.command("list")
def list_templates(
    ctx: typer.Context,
    *,
    config: common.ConfigOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """List the templates, and which of them are yours."""
    from publisher import rendering  # noqa: PLC0415
    from publisher.config_file import load  # noqa: PLC0415

    settings = load(common.configuration(ctx, config))
    found = [_template(each) for each in rendering.listing(settings.templates)]
    common.listing(found, ("name", "from", "path"), as_json=as_json)


@template.command("check")
def check_templates(
    ctx: typer.Context,
    *,
    config: common.ConfigOption = None,
    now: common.NowOption = None,
    as_json: common.JsonOption = False,
) -> None:
    """Render every template with hostile and with hardly any news, in all languages of the site."""
    from publisher import trials  # noqa: PLC0415
    from publisher.config_file import load  # noqa: PLC0415
    from publisher.web.visits import visits  # noqa: PLC0415

    settings = load(common.configuration(ctx, config))
    trial = trials.run(settings, now=common.clock(now), visits=visits)
    common.show(
        {
            "templates": len(trial.templates),
            "own": sum(each.is_own for each in trial.templates),
            "faults": trial.faults if as_json else len(trial.faults),
            "untried": trial.untried,
        },
        as_json=as_json,
    )
    for fault in () if as_json else trial.faults:
        common.warn(fault)
    if trial.faults:
        raise typer.Exit(1)


def _finding(language: str, finding: "Finding") -> dict[str, Any]:
    return {"language": language, **vars(finding)}


def _template(found: "Template") -> dict[str, Any]:
    origins = {(True, True): "yours, for ours", (True, False): "yours", (False, True): "ours"}
    return {
        "name": found.name,
        "from": origins[found.is_own, found.is_ours],
        "overridden": found.is_own and found.is_ours,
        "path": found.path,
    }
