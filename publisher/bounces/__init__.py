"""What comes back of mails: read, and drawn the conclusions from.

message files, Maildir, mbox, a pipe    sources.py --+
an IMAP folder                          imap.py    --+--> take() --> status, suppression
POST /hooks/bounce                      (web)      --+

identity.py    which of our mails a message is about, and how we can be sure
taking.py      what follows from it for the reader
refusals.py    the same, of what a relay does not even take
"""

from publisher.bounces.taking import Taken, take, tidy

__all__ = ["Taken", "take", "tidy"]
