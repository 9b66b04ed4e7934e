"""The house keeps its order: imports go one way, and each library has one home."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

#: From the ground up: a module may import from its own row and from those above it here.
ROWS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("store", ("store",)),
    ("ground", ("publisher.errors", "publisher.languages")),
    (
        "tools",
        (
            "publisher.addresses",
            "publisher.beside",
            "publisher.characters",
            "publisher.collecting",
            "publisher.config",
            "publisher.config_file",
            "publisher.cron",
            "publisher.cutting",
            "publisher.images",
            "publisher.kept",
            "publisher.markup",
            "publisher.packing",
            "publisher.placing",
            "publisher.rendering",
            "publisher.resolving",
            "publisher.rules",
            "publisher.schedules",
            "publisher.settings",
            "publisher.tokens",
            "publisher.wallclock",
            "publisher.windows",
        ),
    ),
    (
        "makers",
        (
            "publisher.cases",
            "publisher.feeds",
            "publisher.freshness",
            "publisher.issue_states",
            "publisher.ledger",
            "publisher.mail",
            "publisher.policy",
            "publisher.selection",
            "publisher.story",
            "publisher.telling",
            "publisher.variants",
        ),
    ),
    (
        "verbs",
        (
            "publisher.approvals",
            "publisher.bounces",
            "publisher.corrections",
            "publisher.debts",
            "publisher.delivery",
            "publisher.differences",
            "publisher.doctor",
            "publisher.editing",
            "publisher.editions",
            "publisher.exchange",
            "publisher.gating",
            "publisher.ingest",
            "publisher.inspection",
            "publisher.issuing",
            "publisher.launching",
            "publisher.outlook",
            "publisher.passes",
            "publisher.press",
            "publisher.previewing",
            "publisher.proofs",
            "publisher.publishing",
            "publisher.reminding",
            "publisher.reports",
            "publisher.retracting",
            "publisher.sealing",
            "publisher.site",
            "publisher.subscriptions",
            "publisher.trialled",
            "publisher.trials",
            "publisher.websub",
        ),
    ),
    ("scheduler", ("scheduler",)),
    ("edges", ("publisher.cli", "publisher.web", "publisher.__main__")),
)

#: The only modules that may import a library.
HOMES = {
    "PIL": ("publisher.images",),
    "aiosmtpd": ("publisher.cli.mailbox",),
    "aiosmtplib": ("publisher.delivery.smtp",),
    "alembic": ("store",),
    "apscheduler": ("scheduler",),
    "babel": ("publisher.languages",),
    "cryptography": ("publisher.mail.keys",),
    "css_inline": ("publisher.mail.edition",),
    "dns": ("publisher.resolving",),
    "fastapi": ("publisher.web",),
    "feedgen": ("publisher.feeds",),
    "feedparser": ("publisher.ingest.syndicated",),
    "flufl": ("publisher.mail.returned",),
    "holidays": ("publisher.windows",),
    "httpcore2": ("publisher.ingest.connect",),
    "httpx2": ("publisher.ingest.fetch", "publisher.ingest.refusals", "publisher.websub"),
    "idna": ("publisher.addresses",),
    "imap_tools": ("publisher.bounces.imap",),
    "isal": ("publisher.packing",),
    "itsdangerous": ("publisher.tokens",),
    "jinja2": ("publisher.rendering",),
    "langcodes": ("publisher.languages",),
    "limits": ("publisher.web",),
    "lxml": ("publisher.feeds", "publisher.exchange.xliff", "publisher.ingest.trees"),
    "markdown_it": ("publisher.markup",),
    "nh3": ("publisher.markup",),
    "procrastinate": ("publisher.delivery.workers",),
    "psycopg": ("publisher.delivery.workers",),
    "polib": ("publisher.exchange.po",),
    "py3langid": ("publisher.languages",),
    "protego": ("publisher.ingest.robots",),
    "pydantic": ("publisher.config", "publisher.config_file", "publisher.settings"),
    "pydantic_settings": ("publisher.config", "publisher.config_file", "publisher.settings"),
    "rich": ("publisher.cli",),
    "sqlalchemy": ("store",),
    "starlette": ("publisher.web",),
    "trafilatura": ("publisher.ingest.article",),
    "typer": ("publisher.cli",),
    "uvicorn": ("publisher.web",),
    "uvloop": ("publisher.delivery.engine",),
    "yaml": ("publisher.ingest.frontmatter",),
}

#: A module is about one thing, and no longer than this.
LINES = 250

#: Where the clock may be read: the edges, and the module that is about time.
CLOCK = ("publisher.cli", "publisher.web", "scheduler")
#: Where transactions may be opened: verbs, and edges that only read.
TRANSACTIONS = (*dict(ROWS)["verbs"], "scheduler", "publisher.cli")


@dataclass(frozen=True, kw_only=True)
class Module:
    """A module of ours: its dotted name and its source."""

    name: str
    source: str

    @property
    def imports(self) -> Iterator[str]:
        """Yield the dotted names that it imports, wherever in it that stands."""
        for node in ast.walk(ast.parse(self.source)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.name}: relative import"
                yield str(node.module)
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def modules() -> list[Module]:
    files = [*ROOT.glob("publisher/**/*.py"), *ROOT.glob("store/**/*.py"), ROOT / "scheduler.py"]
    return [
        Module(name=_dotted(path.relative_to(ROOT)), source=path.read_text(encoding="utf-8"))
        for path in files
    ]


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def within(name: str, prefixes: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in prefixes)


def row_of(name: str) -> int | None:
    """Return the row that a module stands in, None for a package that only holds others."""
    found = [number for number, (_, prefixes) in enumerate(ROWS) if within(name, prefixes)]
    return found[0] if found else None


def violations(module: Module) -> Iterator[str]:
    """Yield each rule of the house that a module breaks."""
    mine = row_of(module.name)
    for name in module.imports:
        theirs = row_of(name)
        if mine is not None and theirs is not None and theirs > mine:
            yield f"{module.name} ({ROWS[mine][0]}) imports {name} ({ROWS[theirs][0]})"
        library = name.partition(".")[0]
        if library in HOMES and not within(module.name, HOMES[library]):
            yield f"{module.name} imports {library}, whose home is {', '.join(HOMES[library])}"
    for node in ast.walk(ast.parse(module.source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            call = ast.unparse(node)
            clock = call in {"datetime.now", "datetime.today", "date.today", "time.time"}
            if clock and not within(module.name, CLOCK):
                yield f"{module.name} reads the clock: take `now` as a parameter"
            opens = call in {"database.read", "database.write", "self.database.write"}
            if opens and not within(module.name, TRANSACTIONS):
                yield f"{module.name} opens a transaction: only verbs do"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_a_module_keeps_the_rules_of_the_house(module: Module) -> None:
    assert list(violations(module)) == []


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_every_module_stands_in_a_row(module: Module) -> None:
    assert row_of(module.name) is not None or module.name == "publisher"


@pytest.mark.parametrize("module", modules(), ids=lambda module: module.name)
def test_no_module_is_longer_than_250_lines(module: Module) -> None:
    assert len(module.source.splitlines()) <= LINES


@pytest.mark.parametrize(
    ("name", "line", "complaint"),
    [
        ("store.items", "from publisher import policy", "(store) imports publisher.policy"),
        ("publisher.policy", "from publisher.press import plan", "(makers) imports"),
        ("publisher.press", "import scheduler", "(verbs) imports scheduler"),
        ("scheduler", "from publisher.cli import app", "(scheduler) imports publisher.cli"),
        ("publisher.press", "def f():\n    import jinja2", "whose home is publisher.rendering"),
        ("publisher.cli.items", "from sqlalchemy import select", "whose home is store"),
        ("publisher.press", "now = datetime.now(UTC)", "reads the clock"),
        ("publisher.policy", "with database.write() as tx: ...", "opens a transaction"),
    ],
)
def test_a_planted_violation_is_found(name: str, line: str, complaint: str) -> None:
    found = list(violations(Module(name=name, source=line)))
    assert any(complaint in violation for violation in found), found


def test_every_library_of_ours_has_a_home() -> None:
    ours = {"publisher", "store", "scheduler"}
    used = {name.partition(".")[0] for module in modules() for name in module.imports}
    assert used - ours - set(sys.stdlib_module_names) == set(HOMES)
