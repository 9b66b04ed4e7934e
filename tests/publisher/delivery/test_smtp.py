"""The seam of the SMTP library: none of its errors leaves it as it is."""

import inspect
from collections.abc import Iterator

import aiosmtplib
import pytest

from publisher.delivery.smtp import translate
from publisher.errors import MailError, RefusedError, UnansweredError, UnreachableError


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
@pytest.mark.parametrize("text_may_be_out", [True, False])
def test_every_error_of_the_library_becomes_one_of_ours(
    error: Exception, text_may_be_out: bool
) -> None:
    ours = translate(error, text_may_be_out=text_may_be_out)
    assert isinstance(ours, MailError)
    answered = isinstance(
        error, aiosmtplib.SMTPResponseException | aiosmtplib.SMTPRecipientsRefused
    )
    assert isinstance(ours, RefusedError) == answered
    if not answered:
        expected = UnansweredError if text_may_be_out else UnreachableError
        assert type(ours) is expected


@pytest.mark.parametrize(("code", "permanent"), [(450, False), (421, False), (550, True)])
def test_the_first_digit_says_whether_a_refusal_is_for_ever(code: int, permanent: bool) -> None:
    ours = translate(aiosmtplib.SMTPDataError(code, "no"), text_may_be_out=True)
    assert isinstance(ours, RefusedError)
    assert ours.permanent is permanent
