"""``python -m bench.recording PORT FILE``: a relay that writes down whom it took a mail for.

It does so before it says that it has it, with one write to a file that outlives everybody:
a line of recipient and Message-ID. Then it takes its time, as relays do, so that whoever is
killed meanwhile cannot know.
"""

import asyncio
import os
import re
import sys
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

#: Seconds from the moment when it has a mail to the one when it says so.
PAUSE = 0.003

_LONGEST = 1 << 20
_RECIPIENT = re.compile(rb"RCPT TO:\s*<([^>]*)>", re.IGNORECASE)
_MESSAGE_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_GREETED = b"250-sink.example.org\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
_REPLIES = {
    b"EHLO": _GREETED,
    b"HELO": b"250 sink.example.org\r\n",
    b"MAIL": b"250 2.1.0 Ok\r\n",
    b"RCPT": b"250 2.1.5 Ok\r\n",
    b"RSET": b"250 2.0.0 Ok\r\n",
    b"NOOP": b"250 2.0.0 Ok\r\n",
    b"DATA": b"354 Go on\r\n",
    b"QUIT": b"221 2.0.0 Bye\r\n",
}


async def _converse(reader: StreamReader, writer: StreamWriter, file: int) -> None:
    writer.write(b"220 sink.example.org ESMTP\r\n")
    recipients: list[bytes] = []
    while line := await reader.readline():
        verb = line[:4].upper()
        writer.write(_REPLIES.get(verb, b"500 5.5.2 What?\r\n"))
        if verb == b"RCPT" and (found := _RECIPIENT.match(line)):
            recipients.append(found[1])
        elif verb == b"DATA":
            message = await reader.readuntil(b"\r\n.\r\n")
            _record(file, recipients, message)
            recipients = []
            await asyncio.sleep(PAUSE)
            writer.write(b"250 2.0.0 I have it\r\n")
        elif verb in {b"RSET", b"MAIL", b"EHLO"}:
            recipients = []
        elif verb == b"QUIT":
            return


def _record(file: int, recipients: list[bytes], message: bytes) -> None:
    named = _MESSAGE_ID.search(message.partition(b"\r\n\r\n")[0])
    identity = named[1] if named else b"-"
    os.write(file, b"".join(b"%s %s\n" % (recipient, identity) for recipient in recipients))


async def _serve(port: int, file: int) -> None:
    async def one(reader: StreamReader, writer: StreamWriter) -> None:
        # Half a message of somebody who died is none.
        with suppress(OSError, asyncio.IncompleteReadError):
            await _converse(reader, writer, file)
        writer.close()

    server = await asyncio.start_server(one, "127.0.0.1", port, limit=_LONGEST)
    await server.serve_forever()


def main() -> None:
    """Serve until somebody ends it."""
    port, path = sys.argv[1:]
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    asyncio.run(_serve(int(port), file))


if __name__ == "__main__":
    main()
