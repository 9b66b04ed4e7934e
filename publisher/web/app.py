"""Put the web together, and serve it; uvicorn's one home."""

import signal
import socket
import sys

import uvicorn

from publisher.config import Config
from publisher.errors import InputError
from publisher.web.files import PublicFiles


def serve(config: Config, *, host: str, port: int) -> None:
    """Serve until somebody says stop (SIGINT, SIGTERM); then return, so that others can end well.

    Raises InputError when nobody can listen there.
    """
    settings = uvicorn.Config(
        PublicFiles(config.public), lifespan="off", server_header=False, log_level="warning"
    )
    # uvicorn stops well at SIGTERM and then raises it again, whose default is to die at once.
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit())
    try:
        with _listening(host, port) as listener:
            uvicorn.Server(settings).run(sockets=[listener])
    except (KeyboardInterrupt, SystemExit):
        return
    finally:
        signal.signal(signal.SIGTERM, before)


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise InputError(f"{host}:{port}", f"cannot listen there: {error.strerror}") from error
