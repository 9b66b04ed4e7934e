"""People: how they come, what they choose, how they leave.

importing.py   one by one, or from a CSV file of any length
"""

from publisher.subscriptions.importing import Outcome, add, import_csv

__all__ = ["Outcome", "add", "import_csv"]
