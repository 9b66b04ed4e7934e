"""What it takes to make a message: an edition compiled once, against a message built each time.

In English, which is sent as quoted-printable, and in Arabic, whose text part is sent as base64.
The peers: the standard library's EmailMessage builds the same message; dkimpy signs the same
message; cryptography makes nothing but the RSA signature. All of them take turns in one process and
one thread, a slice of work each, and are judged by the time that the processor worked.
"""

import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from itertools import count
from pathlib import Path
from time import process_time

import dkim
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench.conditions import libraries
from publisher import story
from publisher.mail import links, senders
from publisher.mail.compiled import Compiled, compiled
from publisher.mail.edition import render_edition
from publisher.mail.keys import Key
from publisher.mail.links import Links
from publisher.mail.wire import message_id
from publisher.tokens import Tokens
from store.records import Delivery, DeliveryState, Edition, SigningKey
from tests import make

CONDITIONS = {
    **libraries("cryptography", "dkimpy"),
    "languages": "en, ar; keys without a language: the slower of the two",
    "message": "a digest of 13 items, 40 kB in English, each with its reader's name and links",
    "signature": "DKIM, RSA of 2048 bits, relaxed/relaxed; bare: cryptography's sign() of 32 bytes",
    "turns": "30 (quick: 8), each peer some 0.1 s of processor time a turn, one thread",
}

_TURNS, _QUICK, _SLICE = 30, 8, 0.1
_ITEMS = 13
_NAMES = {"en": "Daniel Mwangi", "ar": "أمينة حسن"}

Figures = dict[str, float]


def measure(*, quick: bool) -> Figures:
    """Return messages a second, by language and of the slower one, and the bytes of a message."""
    key = generate_private_key(public_exponent=65537, key_size=2048)
    figures: Figures = {}
    for language in _NAMES:
        found = _language(language, key, _QUICK if quick else _TURNS)
        figures |= {f"{language}_{name}": value for name, value in found.items()}
        sys.stderr.write(f"{language}: {found}\n")
    names = [name.removeprefix("en_") for name in figures if name.startswith("en_")]
    slower = {
        name: min(figures[f"{language}_{name}"] for language in _NAMES)
        for name in names
        if name != "bytes"
    }
    return {**slower, **figures}


def _language(language: str, key: RSAPrivateKey, turns: int) -> Figures:
    edition = _edition(language)
    sender = senders.sender(make.newsletter(), language, make.config(Path()))
    signer = Key(domain="example.org", selector="bench", private=key)
    ready = compiled(edition, sender, date=make.NOW, tokens=_TOKENS)
    signed = compiled(edition, sender, date=make.NOW, tokens=_TOKENS, keys=[signer])
    numbers = count(1)
    peers: dict[str, Callable[[], bytes]] = {
        "compiled_per_s": lambda: _message(ready, language, next(numbers)),
        "emailmessage_per_s": lambda: _composed(ready, language, next(numbers)),
        "signed_per_s": lambda: _message(signed, language, next(numbers)),
        "bare_rsa_per_s": partial(_bare, key, numbers),
        "dkimpy_per_s": partial(_by_dkimpy, _pem(key), _message(ready, language, 0)),
    }
    rates = _turns(peers, turns)
    return {
        **{name: round(rate) for name, rate in rates.items()},
        "signed_vs_bare_rsa": round(rates["signed_per_s"] / rates["bare_rsa_per_s"], 3),
        "compiled_vs_emailmessage": round(rates["compiled_per_s"] / rates["emailmessage_per_s"], 1),
        "bytes": len(_message(signed, language, 0)),
    }


def _turns(peers: Mapping[str, Callable[[], bytes]], turns: int) -> dict[str, float]:
    """Return how often each peer does its work in a second of the processor's."""
    done, spent = defaultdict[str, int](int), defaultdict[str, float](float)
    for _ in range(turns):
        for name, work in peers.items():
            started = process_time()
            while process_time() - started < _SLICE:
                # Not after each, or the compiled form would be measured with the clock.
                for _ in range(5):
                    work()
                done[name] += 5
            spent[name] += process_time() - started
    return {name: done[name] / spent[name] for name in peers}


def _edition(language: str) -> Edition:
    config = make.config(Path())
    words = make.text(language, summary=make.BODIES[language] * 4)
    stories = [
        story.tell(
            make.publication(item_id=number, language=language, shown_language=language),
            make.item(id=number),
            replace(words, title=f"{words.title} {number}", slug=f"news-{number}"),
            topics={},
            config=config,
        )
        for number in range(1, _ITEMS + 1)
    ]
    rendered = render_edition(
        make.newsletter(), language, stories, slot=make.NOW, config=config, issue_id=3
    )
    return Edition(
        id=5,
        issue_id=3,
        language=language,
        items=_ITEMS,
        sha256=rendered.sha256,
        **vars(rendered),
    )


_TOKENS = Tokens(keys=[SigningKey(id=1, secret="ab" * 32)])
#: Signing links is another work, and the same for all peers: they are ready, and each reader's own.
_LINKS = [links.own(_TOKENS, make.config(Path()), number, "digest") for number in range(1_000)]


def _links(number: int) -> Links:
    return _LINKS[number % len(_LINKS)]


def _delivery(language: str, number: int) -> Delivery:
    return Delivery(
        id=number,
        issue_id=3,
        edition_id=5,
        subscriber_id=number,
        state=DeliveryState.CLAIMED,
        code=0,
        detail="",
        attempts=1,
        email=f"reader{number}@example.org",
        name=_NAMES[language],
        language=language,
    )


def _message(ready: Compiled, language: str, number: int) -> bytes:
    return ready.message(_delivery(language, number), _links(number))


def _composed(ready: Compiled, language: str, number: int) -> bytes:
    """Return the message as the standard library builds it."""
    delivery, edition, sender = _delivery(language, number), ready.edition, ready.sender
    mail = EmailMessage(policy=policy.SMTP.clone(max_line_length=998))
    mail["From"] = f"{sender.name} <{sender.address}>"
    mail["To"] = f"{delivery.name} <{delivery.email}>"
    mail["Subject"] = edition.subject
    mail["Date"] = format_datetime(make.NOW)
    mail["Message-ID"] = message_id(delivery, edition, sender.host, ready.tokens)
    mail["List-Unsubscribe"] = f"<{_links(number).leave}>, <{ready.leave}>"
    mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(_links(number).fill(edition.text))
    mail.add_alternative(_links(number).fill_html(edition.html), subtype="html")
    return mail.as_bytes()


def _bare(key: RSAPrivateKey, numbers: "count[int]") -> bytes:
    return key.sign(next(numbers).to_bytes(32), PKCS1v15(), SHA256())


def _pem(key: RSAPrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def _by_dkimpy(pem: bytes, message: bytes) -> bytes:
    signature: bytes = dkim.sign(
        message,
        b"bench",
        b"example.org",
        pem,
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[b"from", b"to", b"subject", b"date", b"message-id"],
    )
    return signature
