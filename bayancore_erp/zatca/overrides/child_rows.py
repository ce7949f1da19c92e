"""Any row of a table that is saved or deleted by itself, handed to the guard of its invoice. Wiring, no logic.

Frappe's own calls do so (`frappe.client.save`, `bulk_update`, REST), and none of them asks the row's document.
"""

from __future__ import annotations

from typing import Any

from bayancore_erp.zatca.adapter import guard


def refuse(doc: Any, method: str | None = None) -> None:
	"""Before anything is written: `bulk_update` keeps what was, whatever is thrown afterwards."""
	if doc.meta.istable:
		guard.refuse_row(doc)
