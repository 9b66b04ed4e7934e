"""The seam of the SMTP library: none of its errors leaves it as it is."""

import inspect
from collections.abc import Iterator

import aiosmtplib
import pytest

from publisher.delivery.outgoing import Relay
from publisher.delivery.smtp import translate
from publisher.errors import RefusedError, UnreachableError


def made() -> Iterator[Exception]:
    """Yield one of every error that aiosmtplib has."""
    for kind in vars(aiosmtplib).values():
        if inspect.isclass(kind) and issubclass(kind, aiosmtplib.SMTPException):
            if issubclass(kind, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPSenderRefused):
                yield kind(550, "no", "a@example.org")
            elif issubclass(kind, aiosmtplib.SMTPRecipientsRefused):
                yield kind([aiosmtplib.SMTPRecipientRefused(550, "no", "a@example.org")])
            elif issubclass(kind, aiosmtplib.SMTPResponseException):
                yield kind(550, "no")
            else:
                yield kind("no")


@pytest.mark.parametrize("error", list(made()), ids=lambda error: type(error).__name__)
def test_every_error_of_the_library_becomes_one_of_ours(error: Exception) -> None:
    ours = translate(error, Relay(host="mail.example.org", port=25))
    assert isinstance(ours, UnreachableError)
    assert "mail.example.org:25" in str(ours)


@pytest.mark.parametrize(("code", "permanent"), [(450, False), (421, False), (550, True)])
def test_the_first_digit_says_whether_a_refusal_is_for_ever(code: int, permanent: bool) -> None:
    assert RefusedError("no", code=code).permanent is permanent
