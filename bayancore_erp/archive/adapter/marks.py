"""What lies across a paper that is no tax invoice, or not yet one.

Takes a signed document and whether ZATCA has accepted it; gives the words, or None for a lawful copy.
Source: TAX.md section 2 (outage, training).
"""

from __future__ import annotations

from typing import Any, Final

from bayancore_erp.zatca.adapter.fields import Kind
from bayancore_erp.zatca.core.invoice import Text

DRAFT: Final = Text(ar="مسودة، ليست فاتورة ضريبية", en="Draft, not a tax invoice")
NOT_YET_CLEARED: Final = Text(ar="لم تُعتمد بعد", en="Not yet cleared")
TEST: Final = Text(ar="نسخة تجريبية، ليست فاتورة ضريبية", en="Test copy, not a tax invoice")
PRODUCTION: Final = "Production"


def is_test(document: Any) -> bool:
	"""Whether it went to a simulator or to ZATCA's simulation."""
	return str(document.environment) != PRODUCTION


def mark_of(document: Any, accepted: bool) -> Text | None:
	"""The words for a signed document."""
	if is_test(document):
		return TEST
	if document.kind == Kind.STANDARD.value and not accepted:
		return NOT_YET_CLEARED
	return None
