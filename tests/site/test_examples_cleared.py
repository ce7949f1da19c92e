"""Every worked example on the shipped way: all handlers on, cleared or issued at the till, reported, then posted.

What is judged is what was kept: the stored XML says the expected totals and the official sheets find nothing in it, and the ledger
has the expected lines. What the mapper alone says of the same documents is test_mapper_examples'.
"""

from __future__ import annotations

import sys
from decimal import Decimal
from typing import Any

import pytest
import world
from fatoora import Fatoora, finish, fresh
from stored import stated
from test_mapper_examples import EXAMPLES, EXAMPLES_FILE, booked_as, make


@pytest.fixture(scope="module")
def oracle() -> Any:
	"""The official sheets."""
	pytest.importorskip("saxonche")
	sys.path.insert(0, str(EXAMPLES_FILE.parent / "zatca"))
	try:
		from oracle import Oracle
	finally:
		sys.path.pop(0)
	return Oracle(native=False)


@pytest.fixture
def frappe(site: Any) -> Any:
	yield site
	site.db.rollback()
	site.db.set_single_value("Global Defaults", "disable_rounded_total", 1)
	site.db.commit()
	world.forget_settings(site)


@pytest.mark.skipif(not EXAMPLES, reason="../shared/examples.json is not on this machine")
@pytest.mark.parametrize("example", EXAMPLES, ids=[example["id"] for example in EXAMPLES])
def test_example(frappe: Any, fatoora: Fatoora, oracle: Any, example: dict[str, Any]) -> None:
	doc = make(frappe, example)
	frappe.db.commit()
	doc.submit()
	frappe.db.commit()
	simplified = example["inputs"]["flags"].startswith("02")
	assert doc.docstatus == (1 if simplified else 0), "only a simplified one is booked by its submit"
	finish(doc)
	posted = fresh(frappe, doc)
	assert (posted.docstatus, posted.zatca_state) == (1, "Reported" if simplified else "Cleared"), [
		row.message for row in frappe.get_doc("ZATCA Submission", posted.zatca_submission).messages
	]
	(sent,) = fatoora.submissions(posted.zatca_uuid)
	assert sent["accepted"] and sent["number"] == posted.name
	assert world.ledger(frappe, posted) == booked_as(example)
	kept = frappe.get_doc("ZATCA Document", posted.zatca_document).xml
	assert stated(kept) == {key: Decimal(value) for key, value in example["expected"]["totals"].items()}
	verdict = oracle.judge(kept)
	assert (verdict["errors"], verdict["warnings"]) == ([], [])
