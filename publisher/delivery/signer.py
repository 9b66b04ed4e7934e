"""Sign in a process beside this one, where mails are many: a second processor does half the work.

    we     the keys, then by turns   (number of the key, digest) ...
    it     a byte once it is ready,  signature ...

OpenSSL signs while it keeps all other threads of a process from running, so they cannot do it
beside each other. The process ends with its input, so none outlives who started it, however that
ended. Where it fails, the signatures are made here.
"""

import select
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock

from publisher.mail import keys
from publisher.mail.keys import Key

#: Bytes of a question: the number of the key, and a SHA-256.
_QUESTION = 33
_READY = b"+"
#: Bytes that tell how long a packed key is.
_HEAD = 4
#: Seconds that it may take for some signatures.
_PATIENCE = 30.0


class Signer:
    """Signs for any number of threads, at first here."""

    def __init__(self) -> None:
        self._turn = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._there: socket.socket | None = None
        self._lengths: dict[Key, tuple[int, int]] = {}
        self._is_ready = False

    def start(self, known: Sequence[Key]) -> None:
        """Start the process; it signs once it is ready."""
        ours, theirs = socket.socketpair()
        with theirs:
            command = (sys.executable, "-m", "publisher.delivery.signer")
            self._process = subprocess.Popen(command, stdin=theirs, stdout=theirs)  # noqa: S603
        ours.settimeout(_PATIENCE)
        packed = [key.packed for key in known]
        told = b"".join(len(each).to_bytes(_HEAD, "big") + each for each in packed)
        ours.sendall(len(packed).to_bytes(1, "big") + told)
        self._there = ours
        self._lengths = {key: (number, key.length) for number, key in enumerate(known)}

    def sign(self, wanted: Sequence[tuple[Key, bytes]]) -> list[bytes]:
        """Return the signatures of digests by keys."""
        if wanted and self._there:
            with self._turn:
                try:
                    if self._there and self._ready(self._there):
                        return self._ask(self._there, wanted)
                except OSError:
                    self._there.close()
                    self._there = None
        return [key.sign(digest) for key, digest in wanted]

    def _ready(self, there: socket.socket) -> bool:
        if not self._is_ready and select.select([there], [], [], 0)[0]:
            self._is_ready = _read(there, len(_READY)) == _READY
        return self._is_ready

    def _ask(self, there: socket.socket, wanted: Sequence[tuple[Key, bytes]]) -> list[bytes]:
        known = [self._lengths[key] for key, _ in wanted]
        said = zip(known, wanted, strict=True)
        there.sendall(b"".join(bytes((number,)) + digest for (number, _), (_, digest) in said))
        return [_read(there, length) for _, length in known]

    def close(self) -> None:
        """End the process."""
        if self._there:
            self._there.close()
            self._there = None
        if self._process:
            self._process.wait()


def _read(there: socket.socket, length: int) -> bytes:
    """Return so many bytes. Raises ConnectionError where there are no more."""
    data = there.recv(length, socket.MSG_WAITALL)
    while len(data) < length:
        more = there.recv(length - len(data))
        if not more:
            raise ConnectionError("the process that signs has ended")
        data += more
    return data


def main(there: socket.socket) -> None:
    """Sign for who started us, until they end."""
    known = []
    for _ in range(_read(there, 1)[0]):
        length = int.from_bytes(_read(there, _HEAD), "big")
        known.append(keys.unpacked(_read(there, length)))
    there.sendall(_READY)
    with suppress(ConnectionError):
        while True:
            question = _read(there, _QUESTION)
            there.sendall(known[question[0]].sign(question[1:]))


if __name__ == "__main__":
    with suppress(KeyboardInterrupt), socket.socket(fileno=sys.stdin.fileno()) as whole:
        main(whole)
