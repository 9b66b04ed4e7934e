"""What exists is documented, and what README says is true."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

from publisher import errors
from publisher.cli import app
from publisher.config_file import sections
from store import tables

ROOT = Path(__file__).parent.parent
DOCS = "\n".join(path.read_text(encoding="utf-8") for path in ROOT.glob("docs/*.md"))
#: Options of every command, told once.
COMMON = {"--config", "--now", "--json", "--help"}
#: What Typer adds for the shell.
SHELL = {"--install-completion", "--show-completion"}


def commands(command: Any, path: tuple[str, ...] = ("tidings",)) -> Iterator[tuple[str, Any]]:
    """Yield every command with its whole name."""
    inner = getattr(command, "commands", {})
    if not inner:
        yield " ".join(path), command
    for name, sub in inner.items():
        yield from commands(sub, (*path, name))


COMMANDS = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize(("name", "command"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_every_command_and_every_option_is_documented(name: str, command: Any) -> None:
    assert f"`{name}" in DOCS
    options = {option for parameter in command.params for option in parameter.opts}
    long = {option for option in options if option.startswith("--")} - SHELL
    assert [option for option in sorted(long) if f"{option}" not in DOCS] == []


def test_the_list_of_commands_is_not_empty() -> None:
    assert {"tidings demo", "tidings item import", "tidings tick"} <= {name for name, _ in COMMANDS}


@pytest.mark.parametrize("section", sections())
def test_every_setting_is_documented(section: str) -> None:
    fields = sections()[section].model_fields
    assert [name for name in fields if f"{section}.{name}" not in DOCS] == []


@pytest.mark.parametrize("section", sections())
def test_how_large_a_setting_may_be_stands_in_its_row(section: str) -> None:
    operators = (ROOT / "docs" / "operators.md").read_text(encoding="utf-8")
    rows: dict[str, str] = dict(
        re.findall(r"^\| `([a-z_.]+)` (\|.*)$", operators, flags=re.MULTILINE)
    )
    assert rows
    for name, field in sections()[section].model_fields.items():
        bounds = [str(rule.le) for rule in field.metadata if getattr(rule, "le", None) is not None]
        row = rows.get(f"{section}.{name}", rows.get(f"mail.{name}", ""))
        assert all(re.search(rf"\b{bound}\b", row) for bound in bounds), f"{section}.{name}"


def test_every_error_stands_in_the_tree() -> None:
    tree = errors.__doc__ or ""
    assert [name for name in errors.__all__ if name not in tree] == []


def test_every_table_is_told_of_in_the_design() -> None:
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8")
    assert [name for name in tables.metadata.tables if f"`{name}`" not in design] == []


def test_every_dependency_has_its_reason_in_the_design() -> None:
    design = (ROOT / "docs" / "design.md").read_text(encoding="utf-8").lower()
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    block = project.partition("dependencies = [")[2].partition("[tool.hatch")[0]
    names = re.findall(r'^    "([A-Za-z0-9-]+)', block, re.MULTILINE)
    assert len(names) > 20
    assert [name for name in names if f"`{name.lower()}`" not in design] == []


def test_readme_gives_the_commands_that_ci_runs() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in ("./run check", "./run test"):
        assert command in readme
        assert f"\n{command}\n" in ci
    assert "./run demo" in "\n".join(readme.splitlines()[:20])


def test_links_between_the_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", ROOT / "CHANGES.md", *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_the_lock_pins_every_dependency_with_hashes_and_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = re.findall(
        r"^([a-z0-9-]+)(?:\[[a-z]+\])?==[^\\]+\\\n    --hash=sha256:", lock, re.MULTILINE
    )
    assert len(pinned) == len(re.findall(r"^[a-z]", lock, re.MULTILINE)) > 40
    assert "://" not in lock
