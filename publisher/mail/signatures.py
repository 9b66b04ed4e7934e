"""Whether the signatures of an edition will be good at those who get it (DKIM). Pure."""

from collections.abc import Sequence
from email import message_from_bytes
from email.utils import parseaddr

from publisher.mail.finding import Findings, Proof, error, warning
from publisher.mail.keys import Key

_WHERE = "headers"


def findings(proof: Proof) -> Findings:
    """Look whether there is a key of the sender's domain, and the DNS has the public half."""
    signing = proof.signing
    if signing.fault:
        yield error("dkim-key", _WHERE, signing.fault, "mend dkim.selectors, or the key's file")
    if signing.fault or not signing.keys.keys:
        return
    field = message_from_bytes(proof.message)["From"]
    address = parseaddr(field.replace("\r\n", ""))[1]
    fault = signing.keys.fault(address)
    if fault:
        mend = f"'tidings dkim keygen --domain {address.rpartition('@')[2]}', or another --from"
        yield error("dkim-unaligned", _WHERE, fault, mend)
    for key in signing.keys.of(address):
        if key.name in signing.records:
            yield from _record(key, signing.records[key.name])


def _record(key: Key, texts: Sequence[str] | None) -> Findings:
    mend = "publish what 'tidings dkim record' prints, or wait until the DNS has it everywhere"
    if texts is None:
        said = f"no name server says what stands at {key.name}"
        yield warning("dkim-unasked", _WHERE, said, "look again later")
    elif not texts:
        yield error("dkim-record", _WHERE, f"the DNS has nothing at {key.name}", mend)
    elif not key.is_in(texts):
        said = f"the DNS has another key at {key.name}: nobody would believe the signature"
        yield error("dkim-record", _WHERE, said, mend)
