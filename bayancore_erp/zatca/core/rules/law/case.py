"""What a rule of the law is given, and how it says that something is wrong.

Takes the invoice, its totals where they could be computed, and what the books know beyond the document; values only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from bayancore_erp.zatca.core.calculator.figures import Totals
from bayancore_erp.zatca.core.codes import VatCategory
from bayancore_erp.zatca.core.invoice import Invoice, Party, Vat
from bayancore_erp.zatca.core.rules.finding import Severity

# Schemes that only a private person has; all others but OTH belong to taxable or legal persons.
PRIVATE_SCHEMES = frozenset({"NAT", "IQA", "PAS", "GCC"})
BUSINESS_SCHEMES = frozenset({"700", "CRN", "MOM", "MLS", "SAG", "TIN"})

_LINE = re.compile(r"lines\[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Original:
	"""What the books know of an invoice that a note refers to."""

	number: str
	simplified: bool
	issue_date: date
	total: Decimal
	"""BT-112, in its currency."""
	credited: Decimal = Decimal("0.00")
	"""BT-112 of the credit notes already issued against it."""
	currency: str = "SAR"
	sar_rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Known:
	"""What the books know beyond the document; every rule that needs an unknown fact keeps silent."""

	originals: tuple[Original, ...] = ()
	"""The invoices a note refers to. The credited total is judged only if all of them are here."""
	event_date: date | None = None
	"""When what a note is for happened: the return, the cancellation, the agreement on a new price."""
	prepayment_invoices: frozenset[str] | None = None
	"""Numbers of the 386 invoices issued to this buyer, those from before go-live included."""


@dataclass(frozen=True, slots=True)
class Case:
	"""One document before the law."""

	invoice: Invoice
	totals: Totals | None
	known: Known = field(default_factory=Known)

	@property
	def sar_value(self) -> Decimal | None:
		"""BT-109 in riyals, or None where the totals or the rate are missing."""
		if self.totals is None:
			return None
		if self.invoice.currency == "SAR":
			return self.totals.tax_exclusive
		rate = self.invoice.sar_rate
		return None if rate is None else self.totals.tax_exclusive * rate

	def vats(self) -> Iterator[tuple[str, Vat]]:
		"""Every statement of VAT in the document, with its field."""
		for index, line in enumerate(self.invoice.lines):
			yield f"lines[{index}].vat", line.vat
		for index, part in enumerate(self.invoice.allowance_charges):
			if part.vat is not None:
				yield f"allowance_charges[{index}].vat", part.vat
		for index, prepayment in enumerate(self.invoice.prepayments):
			yield f"prepayments[{index}].vat", prepayment.vat

	def has(self, category: VatCategory) -> bool:
		"""Whether any line or document charge falls under the category."""
		parts = self.invoice.allowance_charges
		return any(line.vat.category is category for line in self.invoice.lines) or any(
			part.is_charge and part.vat is not None and part.vat.category is category for part in parts
		)


class Breach(NamedTuple):
	"""One place where a rule is not kept: the field in the model, and what the sentence names."""

	field: str
	values: tuple[tuple[str, str], ...] = ()


class Law(NamedTuple):
	"""A rule of the law with its own id. `check` is a function whose docstring names the source."""

	code: str
	severity: Severity
	check: Callable[[Case], Iterator[Breach]]


def breach(field: str, **values: str) -> Breach:
	"""A breach at `field`; on a line, the sentence names the line by its position from 1."""
	line = _LINE.match(field)
	number = (("line", str(int(line[1]) + 1)),) if line else ()
	return Breach(field, (*number, *values.items()))


def is_private(party: Party) -> bool:
	"""A consumer, as far as the document tells: not registered, identified by what only a person has."""
	scheme = party.identification.scheme if party.identification else ""
	return not party.vat_number and scheme in PRIVATE_SCHEMES


def is_business(party: Party) -> bool:
	"""A taxable or legal person: registered for VAT, or with a registration that only those have."""
	scheme = party.identification.scheme if party.identification else ""
	return bool(party.vat_number) or scheme in BUSINESS_SCHEMES
