"""Put the web together, and serve it."""

import asyncio
import signal
import socket
import sys
import time
from collections.abc import Callable

import uvicorn

from publisher.config import Config
from publisher.errors import InputError
from publisher.web import door
from publisher.web.files import Application, PublicFiles
from publisher.web.versions import Site

#: Seconds that readers have to take what they asked for when the server ends.
_GRACE = 5


def serve(
    config: Config,
    *,
    host: str,
    port: int,
    ready: Callable[[], bool],
    begin: Callable[[], None] = lambda: None,
    rest: Application | None = None,
) -> None:
    """Serve until somebody says stop (SIGINT, SIGTERM); then return, so that others can end well.

    ``ready`` says whether what else is needed to work answers; ``rest`` is the application for
    all that is no public file. ``begin`` is called once readers can connect, and stopping is safe.
    Raises InputError when nobody can listen there.
    """
    # uvicorn stops well at SIGTERM and then raises it again, whose default is to die at once.
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit())
    try:
        with listening(host, port) as listener:
            begin()
            server(config, ready=ready, rest=rest).run(sockets=[listener])
    except (KeyboardInterrupt, SystemExit):
        return
    finally:
        signal.signal(signal.SIGTERM, before)


def server(
    config: Config,
    *,
    ready: Callable[[], bool],
    rest: Application | None = None,
    clock: Callable[[], int] = time.time_ns,
) -> uvicorn.Server:
    """Return the server of a site; it runs when it is told to, on a listener."""
    site = Site(url=config.site.url, hubs=config.feeds.hubs)
    settings = uvicorn.Config(
        PublicFiles(config.public, site, ready=ready, rest=rest, clock=clock),
        http=door.Door,
        ws="none",
        loop="uvloop",
        lifespan="off",
        server_header=False,
        access_log=False,
        # What strangers send wrongly is answered, and is no news.
        log_level="error",
        timeout_keep_alive=door.IDLE,
        timeout_graceful_shutdown=_GRACE,
        timeout_notify=0,
    )
    made = uvicorn.Server(settings)

    async def look() -> None:
        door.sweep(made.server_state.connections, asyncio.get_running_loop().time())

    settings.callback_notify = look
    return made


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens there. Raises InputError when nobody can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        # Python adds where it tried, which we say ourselves.
        reason = str(error.strerror).partition(" (while attempting")[0]
        raise InputError(f"{host}:{port}", f"cannot listen there: {reason}") from error
