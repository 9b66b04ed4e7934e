"""What is said of an edition's signature before it is sent."""

from typing import Any

import pytest

from publisher.config import Config
from publisher.mail.finding import Finding
from publisher.mail.keys import Keys, Signing
from publisher.mail.signatures import findings
from tests.publisher.mail.test_preflight import proof
from tests.verifier import ed25519, rsa

BOTH = Keys(keys=(rsa(), ed25519()))
PUBLISHED = {key.name: [key.record] for key in BOTH.keys}
FROM = "From: =?utf-8?b?2KPYrtio2KfYsQ==?=\r\n <news@{}>\r\n\r\n"


def found(config: Config, domain: str = "example.org", **signing: Any) -> list[Finding]:
    message = FROM.format(domain).encode()
    return list(findings(proof(config, message=message, signing=Signing(**signing))))


@pytest.mark.parametrize(
    ("signing", "expected"),
    [
        # The relay signs: nothing is known of that.
        ({}, []),
        ({"fault": "no key"}, [("error", "dkim-key")]),
        # The DNS was not asked.
        ({"keys": BOTH}, []),
        ({"keys": BOTH, "records": PUBLISHED}, []),
        ({"keys": BOTH, "records": {**PUBLISHED, rsa().name: []}}, [("error", "dkim-record")]),
        ({"keys": BOTH, "records": {**PUBLISHED, rsa().name: None}}, [("warning", "dkim-unasked")]),
        (
            {"keys": BOTH, "records": {**PUBLISHED, ed25519().name: [rsa().record]}},
            [("error", "dkim-record")],
        ),
        # An old record beside the new one.
        ({"keys": BOTH, "records": {**PUBLISHED, rsa().name: ["v=x", rsa().record]}}, []),
    ],
)
def test_a_signature_is_good_by_its_key_and_by_the_dns(
    config: Config, signing: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert [(each.level, each.code) for each in found(config, **signing)] == expected


@pytest.mark.parametrize(
    ("domain", "is_signed"),
    [
        ("example.org", True),
        ("lists.example.org", True),
        ("example.net", False),
        ("badexample.org", False),
        ("org", False),
    ],
)
def test_a_key_is_for_the_domain_of_the_sender_and_below(
    config: Config, domain: str, is_signed: bool
) -> None:
    said = found(config, domain, keys=BOTH)
    assert [each.code for each in said] == ([] if is_signed else ["dkim-unaligned"])
    assert all(f"--domain {domain}" in each.mend for each in said)
