"""What may leave as a tax invoice, and what the paper of the rest has to say.

Takes an invoice; gives the refusal to let it leave, or None, and the words that stand across its paper, or None. Decides from
the database's row, never from the document in hand: a form or an API call prints what it was given. Never prints or sends.
Sources: TAX.md section 2 (outage, wrong environment), FRAPPE.md section 4 (every path), DESIGN.md, promise 13.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import frappe
from frappe import _
from frappe.utils import cint

from bayancore_erp.zatca.adapter.fields import INVOICE_DOCTYPES, InvoiceField, Kind, SalesInvoiceField, State
from bayancore_erp.zatca.adapter.mapper import skip_reason
from bayancore_erp.zatca.adapter.mapper.preload import settings_of
from bayancore_erp.zatca.adapter.training import is_training

PRODUCTION: Final = "Production"
MAIL_TEST_PAPERS: Final = "zatca_mail_test_papers"
"""In site_config.json: a site for trying things out may mail the papers of a simulator, marked as such."""


class MayNotLeave(frappe.ValidationError, frappe.PermissionError):
	"""The invoice is not lawful yet, so no copy of it leaves as a tax invoice.

	A lack of permission too: Auto Repeat mails without its attachment then, where it would disable itself otherwise.
	"""


@dataclass(frozen=True, slots=True)
class Refusal:
	"""Why an invoice may not leave, as a sentence in the user's language."""

	code: str
	sentence: str

	@property
	def is_preview(self) -> bool:
		"""Whether the company's own people may still look at it on paper, marked."""
		return self.code in ("DRAFT", "CANCELLED", "TEST-PAPER")


@dataclass(frozen=True, slots=True)
class Watermark:
	"""What stands across a paper, always in both languages. `hides_qr`: the QR would claim what is not so."""

	codes: tuple[str, ...]
	en: str
	ar: str
	hides_qr: bool

	@property
	def text(self) -> str:
		"""Both languages on one line."""
		return f"{self.en} / {self.ar}"


DRAFT: Final = Watermark(("DRAFT",), "DRAFT, NOT A TAX INVOICE", "مسودة وليست فاتورة ضريبية", True)
NOT_YET_CLEARED: Final = Watermark(("NOT-YET-CLEARED",), "NOT YET CLEARED BY ZATCA", "لم تُعتمد بعد", True)
TEST: Final = Watermark(("TEST",), "TEST PAPER, NOT A TAX INVOICE", "مستند تجريبي وليس فاتورة ضريبية", False)
VOID: Final = Watermark(("VOID",), "VOID, NOT A TAX INVOICE", "ملغاة وليست فاتورة ضريبية", True)

_FIELDS = (
	"docstatus",
	"company",
	InvoiceField.STATE,
	InvoiceField.KIND,
	InvoiceField.DOCUMENT,
	InvoiceField.ENVIRONMENT,
)


def may_leave(doc: Any, *, test_papers: bool | None = None) -> Refusal | None:
	"""Why no copy of `doc` may reach anybody outside as a tax invoice (mail, share, portal), or None.

	A released one may, marked (see `watermark_of`). `test_papers`: whether a paper of a test environment may; by default
	as site_config.json says. What is no business of ZATCA's (another country, a skip with its reason) may always.
	"""
	row = stored(doc)
	if row is None:
		return None
	allowed = cint(frappe.conf.get(MAIL_TEST_PAPERS)) if test_papers is None else test_papers
	allowed = allowed and not is_training(row.company)
	return refusal_of(doc, row) or (None if allowed else test_refusal(row))


def refusal_of(doc: Any, row: Any) -> Refusal | None:
	"""By the state the database knows."""
	name, state = doc.get("name") or "", State(row[InvoiceField.STATE] or "")
	if row.docstatus == 2:
		return Refusal("CANCELLED", _("{0} is cancelled and is no tax invoice.").format(name))
	if row.docstatus == 0:
		return Refusal("DRAFT", _("{0} is not cleared yet: a draft is no tax invoice.").format(name))
	if state is State.REJECTED:
		return Refusal(
			"REJECTED", _("ZATCA rejected {0}. Issue it again before handing it out.").format(name)
		)
	if not row[InvoiceField.DOCUMENT]:
		return Refusal("NOT-ISSUED", _("{0} was never issued through ZATCA.").format(name))
	if row[InvoiceField.KIND] == Kind.SIMPLIFIED.value or state in (State.CLEARED, State.REPORTED):
		return None
	if state is State.CLEARANCE_PENDING and row.get(SalesInvoiceField.RELEASED_AT):
		return None
	return Refusal("NOT-CLEARED", _("{0} is not cleared by ZATCA yet.").format(name))


def test_refusal(row: Any) -> Refusal | None:
	"""What a test environment accepted is no tax invoice, however green its state."""
	if not is_test(row):
		return None
	return Refusal(
		"TEST-PAPER",
		_(
			"It was issued with a device of a test environment and is no tax invoice, so it is not sent to anybody. "
			"On a site for trying things out, set {0} to 1 in site_config.json."
		).format(MAIL_TEST_PAPERS),
	)


def watermark_of(doc: Any) -> Watermark | None:
	"""What has to stand across the paper of `doc`, wherever it is rendered; None for a lawful one."""
	row = stored(doc)
	if row is None:
		return None
	refusal = refusal_of(doc, row)
	if refusal:
		return DRAFT if row.docstatus == 0 else VOID
	marks = []
	if State(row[InvoiceField.STATE] or "") is State.CLEARANCE_PENDING:
		marks.append(NOT_YET_CLEARED)
	if is_test(row):
		marks.append(TEST)
	return joined(marks)


def joined(marks: list[Watermark]) -> Watermark | None:
	"""Several marks as one."""
	if len(marks) < 2:
		return marks[0] if marks else None
	return Watermark(
		tuple(code for mark in marks for code in mark.codes),
		" - ".join(mark.en for mark in marks),
		" - ".join(mark.ar for mark in marks),
		any(mark.hides_qr for mark in marks),
	)


def is_test(row: Any) -> bool:
	"""Whether it was signed by a device that is not a production one."""
	return bool(row[InvoiceField.ENVIRONMENT]) and row[InvoiceField.ENVIRONMENT] != PRODUCTION


def stored(doc: Any) -> Any:
	"""What the database says of an invoice that is ZATCA's business; None for anything else.

	One that was never saved is a draft, whatever the document in hand says of itself.
	"""
	if doc.doctype not in INVOICE_DOCTYPES:
		return None
	fields = [*_FIELDS, *((SalesInvoiceField.RELEASED_AT,) if doc.doctype == "Sales Invoice" else ())]
	row = frappe.db.get_value(doc.doctype, doc.get("name"), fields, as_dict=True) if doc.get("name") else None
	if row and row[InvoiceField.DOCUMENT]:
		return row
	company = row.company if row else doc.get("company")
	if not company or not cint(settings_of(company).get("enabled")):
		return None
	if (row and row[InvoiceField.STATE] == State.SKIPPED.value) or skip_reason(
		frappe.get_doc(doc.doctype, doc.name) if row else doc
	):
		return None
	return row or frappe._dict(dict.fromkeys(fields), docstatus=0, company=company)


def require(doc: Any, *, test_papers: bool | None = None) -> None:
	"""Raise MayNotLeave where `may_leave` refuses."""
	refusal = may_leave(doc, test_papers=test_papers)
	if refusal:
		refuse(refusal)


def refuse(refusal: Refusal) -> None:
	"""Raise MayNotLeave with its sentence."""
	frappe.throw(refusal.sentence, MayNotLeave, title=_("Not a Tax Invoice Yet"))
