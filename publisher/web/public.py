"""Put the reader's pages together: sign up, confirm, choose, leave.

    /subscribe            to the page in the reader's language; forms elsewhere are posted here
    /subscribe/fr         the form
    /confirm/TOKEN        GET shows a button, POST confirms: mail scanners follow links
    /preferences/TOKEN    what a reader has chosen, and all that we know of them
    /leave/TOKEN          GET shows a button; POST leaves, also by a mail program (RFC 8058)

    /hooks/bounce         POST hands in a mail that came back, by who knows the operator's secret

A link is all that is needed: nothing here reads or sets a cookie.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from fastapi import FastAPI, Request, Response
from starlette.requests import ClientDisconnect

from publisher.config import Config
from publisher.errors import RenderError, TokenError
from publisher.web import hooks
from publisher.web.forms import LONGEST, Crowd
from publisher.web.pages import HEADERS, Pages
from publisher.web.reader import Reader
from publisher.web.signup import SignUp
from store.database import Database

_LOG = logging.getLogger(__name__)

_READING = ["GET", "HEAD"]

#: Nothing about readers goes to anybody: addresses of pages hold their tokens.
_SILENT = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def application(database: Database, config: Config, *, clock: Callable[[], datetime]) -> FastAPI:
    """Return the application that stands behind the public files. Raises ConfigError."""
    app = FastAPI(
        openapi_url=None,
        redirect_slashes=False,
        max_body_size=LONGEST,
        telemetry=_SILENT,  # type: ignore[arg-type]
    )
    pages = Pages(config=config)
    crowd = Crowd(config.signup.asked_an_hour)
    signup = SignUp(database=database, pages=pages, clock=clock, crowd=crowd)
    reader = Reader(database=database, pages=pages, clock=clock, crowd=crowd)
    reading: Mapping[str, Callable[..., Any]] = {
        "/subscribe": signup.find,
        "/subscribe/{language}": signup.show,
        "/confirm/{token}": signup.show_confirm,
        "/preferences/{token}": reader.show,
        "/preferences/{token}/export": reader.export,
        "/leave/{token}": reader.show_leave,
    }
    posting: Mapping[str, Callable[..., Any]] = {
        "/subscribe": signup.join,
        "/subscribe/{language}": signup.join_in,
        "/confirm/{token}": signup.confirm,
        "/preferences/{token}": reader.change,
        "/leave/{token}": reader.leave,
    }
    for path, answer in reading.items():
        app.add_api_route(path, answer, methods=_READING, response_model=None)
    for path, answer in posting.items():
        app.add_api_route(path, answer, methods=["POST"], response_model=None)
    secret = config.hook_secret()
    if secret:
        hook = hooks.Hooks(database=database, config=config, clock=clock, secret=secret)
        app.add_api_route(
            "/hooks/bounce",
            hook.bounce,
            methods=["POST"],
            response_model=None,
            max_body_size=hooks.LONGEST,
        )
    app.add_exception_handler(TokenError, pages.bad_link)
    app.add_exception_handler(404, pages.bad_link)
    app.add_exception_handler(RenderError, _unmade)
    app.add_exception_handler(ClientDisconnect, _unheard)
    return app


def _unmade(_request: Request, error: Exception) -> Response:
    """Tell the operator which template is at fault; not the address, which may hold a token."""
    _LOG.error("tidings: a page cannot be made: %s", error)
    return Response("Internal Server Error\n", 500, HEADERS, "text/plain")


def _unheard(_request: Request, _error: Exception) -> Response:
    """Answer who has gone before all was said; an error would fill the log with what is no news."""
    return Response(status_code=400)
