r"""People: how they come, what they choose, how they leave.

    form --> joining --> confirmed --> preferences --> leaving --> undo
                                                   \--> erasure

importing.py     one by one, or from a file of any length
checks.py        what a row says, checked              reading.py       a file, row by row
foreign.py       what other programs write             exporting.py     some or all, as a file
joining.py       sign-up and its confirmation          choices.py       what can be chosen
preferences.py   what readers change by themselves     leaving.py       one click, and back
erasure.py       all that is known, and forgetting it  suppressions.py  who must not be written to
keyring.py       the keys of signed links              writing.py       letters to single people
embedding.py     the form for pages of others
"""

from publisher.subscriptions.checks import frequency
from publisher.subscriptions.exporting import RejectedFile, export_csv
from publisher.subscriptions.importing import Outcome, add, import_csv
from publisher.subscriptions.reading import Given

__all__ = ["Given", "Outcome", "RejectedFile", "add", "export_csv", "frequency", "import_csv"]
