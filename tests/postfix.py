"""A Postfix of the tests' own, with a log of its own; what it takes it throws away.

It stands below a temporary folder and listens on loopback only. Debian's package is enough; no
setting of the machine is read or changed. Only root can start one.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import afterwards
from tests.fakes import free_port

#: Everything without a chroot, since nothing of the system is copied into the folder.
_SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
smtp unix - - n - - smtp
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, kw_only=True)
class Postfix:
    """A running Postfix."""

    port: int
    #: What it writes down, in its own format.
    log: Path


@contextmanager
def server(**settings: str) -> Iterator[Postfix]:
    """Give a running Postfix; ``settings`` are lines of its main.cf.

    A machine without one fails the test. So does one where only root may start it and we are not
    root, if it is CI's; on others the test is skipped.
    """
    program = shutil.which("postfix", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.fail("no Postfix here: install it, or run the tests by ./run test as root")
    if os.geteuid() != 0:
        may_not = "only root can start a Postfix"
        pytest.fail(may_not) if os.environ.get("CI") else pytest.skip(may_not)
    with tempfile.TemporaryDirectory(prefix="tidings-postfix-") as folder:
        home = Path(folder)
        home.chmod(0o755)
        for name in ("etc", "queue", "data"):
            (home / name).mkdir()
        shutil.chown(home / "data", "postfix")
        lines = {**_main(home), **settings}
        main = "".join(f"{name} = {value}\n" for name, value in lines.items())
        (home / "etc" / "main.cf").write_text(main, encoding="utf-8")
        with afterwards.stopping(home, program, "-c", home / "etc", "stop"):
            yield Postfix(port=_start(program, home / "etc"), log=home / "log")


def _start(program: str, etc: Path) -> int:
    """Start it; return its port. Somebody else may take a port that was free: then another."""
    for last in (False, False, True):
        port = free_port()
        (etc / "master.cf").write_text(_SERVICES.format(port=port), encoding="utf-8")
        try:
            _run(program, "-c", str(etc), "start")
        except RuntimeError:
            if last:
                raise
        else:
            return port
    raise AssertionError


def _main(home: Path) -> dict[str, str]:
    return {
        "compatibility_level": "3.6",
        "queue_directory": f"{home}/queue",
        "data_directory": f"{home}/data",
        "maillog_file": f"{home}/log",
        "maillog_file_prefixes": str(home),
        "myhostname": "relay.example.org",
        "mydestination": "",
        "mynetworks": "127.0.0.0/8",
        "inet_protocols": "ipv4",
        "alias_maps": "",
        "alias_database": "",
        "local_recipient_maps": "",
        "smtpd_relay_restrictions": "permit_mynetworks, reject",
        "smtpd_peername_lookup": "no",
        "default_transport": "discard",
    }


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
