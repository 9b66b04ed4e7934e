"""Sign in a process beside this one, where mails are many: a second processor does half the work.

    we     the keys, then by turns   (number of the key, digest) ...
    it     a byte once it is ready,  signature ...

OpenSSL signs while it keeps all other threads of a process from running, so they cannot do it
beside each other. The process ends with its input, so none outlives who started it, however that
ended. Where it fails, the signatures are made here.
"""

import os
import select
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from threading import Lock

from publisher.mail import keys
from publisher.mail.compiled import Draft
from publisher.mail.keys import Key
from publisher.mail.signing import sign

#: Bytes of a question: the number of the key, and a SHA-256.
_QUESTION = 33
_READY = b"+"
#: Bytes that tell how long a packed key is.
_HEAD = 4
#: Seconds that it may take for some signatures.
_PATIENCE = 30.0
#: Seconds that it may take to end.
_GOODBYE = 5.0


class Signer:
    """Signs for any number of threads: first here, then there, if there are enough mails."""

    def __init__(self, known: Sequence[Key], *, many: int) -> None:
        """Begin here; the process is started after so ``many`` mails as make it worth it."""
        self._keys = known
        self._left = many if known and (os.cpu_count() or 1) > 1 else -1
        self._turn = Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._there: socket.socket | None = None
        self._places: dict[str, tuple[bytes, int]] = {}
        self._is_ready = False

    def sign(self, drafts: Sequence[Draft]) -> list[list[bytes]]:
        """Return the signatures of each message."""
        with self._turn:
            try:
                if self._is_there(len(drafts)):
                    return self._ask(drafts)
            except OSError:
                self._leave()
        return [sign(draft.seal.keys, draft.digests) for draft in drafts]

    def _is_there(self, count: int) -> bool:
        """Say whether the process can be asked; start it when it is time to."""
        if self._left >= 0:
            self._left -= count
            if self._left < 0:
                self._start()
        if self._there and not self._is_ready and _is_readable(self._there):
            self._is_ready = _read(self._there, len(_READY)) == _READY
        return self._there is not None and self._is_ready

    def _start(self) -> None:
        """Start the process; it signs once it is ready."""
        self._there, theirs = socket.socketpair()
        self._there.settimeout(_PATIENCE)
        self._places = {
            key.name: (bytes((place,)), key.length) for place, key in enumerate(self._keys)
        }
        packed = [key.packed for key in self._keys]
        told = b"".join(len(each).to_bytes(_HEAD, "big") + each for each in packed)
        self._there.sendall(bytes((len(packed),)) + told)
        command = (sys.executable, "-m", __name__)
        with theirs:
            # Of its own group: who stops us by the keyboard does not stop it before us.
            self._process = subprocess.Popen(  # noqa: S603
                command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, process_group=0
            )

    def _ask(self, drafts: Sequence[Draft]) -> list[list[bytes]]:
        assert self._there is not None  # noqa: S101  (who asks has looked)
        places = [[self._places[key.name] for key in draft.seal.keys] for draft in drafts]
        questions = [
            place + digest
            for each, draft in zip(places, drafts, strict=True)
            for (place, _), digest in zip(each, draft.digests, strict=True)
        ]
        self._there.sendall(b"".join(questions))
        said = BytesIO(_read(self._there, sum(length for each in places for _, length in each)))
        return [[said.read(length) for _, length in each] for each in places]

    def _leave(self) -> None:
        if self._there:
            self._there.close()
            self._there = None

    def close(self) -> None:
        """End the process."""
        self._leave()
        if self._process:
            try:
                self._process.wait(_GOODBYE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def _is_readable(there: socket.socket) -> bool:
    poll = select.poll()
    poll.register(there, select.POLLIN)
    return bool(poll.poll(0))


def _read(there: socket.socket, length: int) -> bytes:
    """Return so many bytes. Raises ConnectionError where there are no more."""
    data = b""
    while len(data) < length:
        more = there.recv(length - len(data))
        if not more:
            raise ConnectionError("the other process has ended")
        data += more
    return data


def main(there: socket.socket) -> None:
    """Sign for who started us, until they end."""
    known = []
    for _ in range(_read(there, 1)[0]):
        length = int.from_bytes(_read(there, _HEAD), "big")
        known.append(keys.unpacked(_read(there, length)))
    there.sendall(_READY)
    questions = b""
    while said := there.recv(_QUESTION * 1_000):
        questions += said
        whole = len(questions) - len(questions) % _QUESTION
        asked = [questions[start : start + _QUESTION] for start in range(0, whole, _QUESTION)]
        questions = questions[whole:]
        there.sendall(b"".join(known[each[0]].sign(each[1:]) for each in asked))


if __name__ == "__main__":
    # Who started us may end at any moment.
    with suppress(ConnectionError), socket.socket(fileno=os.dup(0)) as starter:
        main(starter)
