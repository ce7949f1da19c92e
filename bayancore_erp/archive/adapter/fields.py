"""The archive's custom fields and Select values, the one place where they are spelled in Python.

`fixtures/custom_field.json` is the truth about the fields themselves.
"""

from __future__ import annotations

from enum import Enum
from typing import Final


class CustomerField:
	"""Customer: whether and to whom its invoices are mailed."""

	NO_MAIL: Final = "zatca_no_mail"
	RECIPIENTS: Final = "zatca_mail_recipients"


class Occasion(str, Enum):
	"""Why a mail goes out."""

	FINAL = "Final"
	NOT_YET_CLEARED = "Not Yet Cleared"
	REPLACEMENT = "Replacement"
	SENT_AGAIN = "Sent Again"


class Trouble(str, Enum):
	"""Why a mail did not reach anybody."""

	NO_ADDRESS = "No Address"
	INVALID_ADDRESS = "Invalid Address"
	NOT_DELIVERED = "Not Delivered"
	NO_ACCOUNT = "No Outgoing Account"
