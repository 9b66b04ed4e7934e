"""People: how they come, what they choose, how they leave.

importing.py   one by one, or from a file of any length
checks.py      what a row says, checked and in the form that is kept
reading.py     a file, row by row; its delimiter, its header
foreign.py     what listmonk, Mailchimp and Mailman write
exporting.py   everybody, or some, as such a file
"""

from publisher.subscriptions.exporting import RejectedFile, export_csv
from publisher.subscriptions.importing import Outcome, add, import_csv
from publisher.subscriptions.reading import Given

__all__ = ["Given", "Outcome", "RejectedFile", "add", "export_csv", "import_csv"]
