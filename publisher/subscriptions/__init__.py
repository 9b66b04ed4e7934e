r"""People: how they come, what they choose, how they leave.

    form --> joining --> confirmed --> preferences --> leaving --> undo
                                                   \--> erasure

importing.py     one by one, or from a CSV file of any length
joining.py       sign-up and its confirmation          choices.py       what can be chosen
preferences.py   what readers change by themselves     leaving.py       one click, and back
erasure.py       all that is known, and forgetting it  suppressions.py  who must not be written to
keyring.py       the keys of signed links              writing.py       letters to single people
embedding.py     the form for pages of others
"""

from publisher.subscriptions.importing import Outcome, add, import_csv

__all__ = ["Outcome", "add", "import_csv"]
