"""The name ZATCA gives an invoice's file: `VAT_YYYYMMDDTHHMMSS_IRN`.

Source: XML Implementation Standard section 14; E-invoicing Resolution, Annex 2.
"""

from __future__ import annotations

import re
from datetime import datetime

_OTHER = re.compile(r"[^0-9A-Za-z]")


def file_name(vat_number: str, issued: datetime, number: str, suffix: str = ".xml") -> str:
	"""The file name of the document `number` that `vat_number` issued at `issued` (BT-31, BT-2 + KSA-25, BT-1).

	Every character of the number but ASCII letters and digits becomes a dash, so the name is safe on any system;
	numbers beyond 150 characters are cut, as file systems allow 255 bytes.
	"""
	return f"{_OTHER.sub('-', vat_number)}_{issued:%Y%m%dT%H%M%S}_{_OTHER.sub('-', number)[:150]}{suffix}"
