r"""People: how they come, what they choose, how they leave.

    form --> joining --> confirmed --> preferences --> leaving --> undo
                                                   \--> erasure

importing.py      files of any length           adding.py           one person, or many at once
checks.py         what a row says, checked      email_addresses.py  addresses, checked
reading.py        a file, row by row            glance.py           rows that are plain, sooner
foreign.py        what other programs write     exporting.py        some or all, as a file
joining.py        sign-up                       confirming.py       and its confirmation
choices.py        what can be chosen            preferences.py      what readers change
address_change.py another address               leaving.py          one click, and back
erasure.py        all that is known, and out    suppressions.py     who must not be written to
keyring.py        the keys of signed links      writing.py          letters to single people
embedding.py      the form for other pages
"""

from publisher.subscriptions.adding import add
from publisher.subscriptions.checks import frequency
from publisher.subscriptions.exporting import RejectedFile, export_csv
from publisher.subscriptions.importing import Outcome, import_csv
from publisher.subscriptions.reading import Given

__all__ = ["Given", "Outcome", "RejectedFile", "add", "export_csv", "frequency", "import_csv"]
