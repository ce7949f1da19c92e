"""How a company's papers looked, kept by digest, so that a lost document can be drawn again as it was.

Takes a `Brand`; gives the name of its row, and the brand back. One row for each look, however many documents have it.
"""

from __future__ import annotations

import base64
import hashlib
import json

import frappe

from bayancore_erp.archive.core.pdf import Brand
from bayancore_erp.zatca.adapter.records import append_row, pack, unpack
from bayancore_erp.zatca.core.invoice import Text

DOCTYPE = "Archive Brand"


def remember(brand: Brand) -> str:
	"""The name of the row that holds this look; made where it is new."""
	content = json.dumps(
		{
			"logo": base64.b64encode(brand.logo).decode(),
			"letterhead": base64.b64encode(brand.letterhead).decode(),
			"accent": brand.accent,
			"contact": [brand.contact.ar, brand.contact.en],
			"footer": [brand.footer.ar, brand.footer.en],
			"right_to_left": brand.right_to_left,
		},
		sort_keys=True,
		ensure_ascii=False,
	).encode()
	name = hashlib.sha256(content).hexdigest()
	if not frappe.db.exists(DOCTYPE, name):
		frappe.db.savepoint("archive_brand")
		try:
			append_row(DOCTYPE, pack(content))
		except (frappe.DuplicateEntryError, frappe.UniqueValidationError):
			# Another worker drew the first document with this look at the same moment.
			frappe.db.rollback(save_point="archive_brand")
	return name


def recall(name: str) -> Brand:
	"""The look of that name. Raises ImmutableRecord where the row was tampered with."""
	row = frappe.get_doc(DOCTYPE, name)
	said = json.loads(unpack(row.content, row.content_encoding, row.content_sha256))
	return Brand(
		logo=base64.b64decode(said["logo"]),
		letterhead=base64.b64decode(said["letterhead"]),
		accent=said["accent"],
		contact=Text(*said["contact"]),
		footer=Text(*said["footer"]),
		right_to_left=said["right_to_left"],
	)
