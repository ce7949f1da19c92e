"""What is wrong with a document: which rule, how bad, where in the XML and in which field of the model.

Takes nothing; the layers of rules make findings. Gives the sentence for people through `sentences`.
Never raises for a missing wording or placeholder. Severity is what the official sheets execute (their `flag`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bayancore_erp.zatca.core.rules.sentences import sentence


class Severity(str, Enum):
	"""An error is rejected; a warning is accepted today and "might become" a rejection (Detailed Guideline p. 53)."""

	ERROR = "error"
	WARNING = "warning"


class Layer(str, Enum):
	"""Who says so: the schema, the EN 16931 sheet, the KSA sheet, or the law itself (checked on the model)."""

	XSD = "XSD"
	EN = "EN"
	KSA = "KSA"
	LAW = "LAW"


@dataclass(frozen=True, slots=True)
class Finding:
	"""One thing that is wrong."""

	code: str
	"""The rule's id; `XSD` for the schema, `XML` for what is no XML at all, `XSL` where the official sheet itself fails."""
	severity: Severity
	layer: Layer
	at: str
	"""XPath in the document, such as /Invoice/cac:InvoiceLine[2]/cac:Price; positions where a name repeats."""
	field: str
	"""Path in the model, such as lines[1].unit_price; empty where the whole document is meant."""
	values: tuple[tuple[str, str], ...] = ()
	"""What the sentence names: `line` (counted from 1), `expected`, `found`."""

	@property
	def en(self) -> str:
		"""The plain sentence in English."""
		return sentence(self.code, "en", values=self.values, field=self.field)

	@property
	def ar(self) -> str:
		"""The plain sentence in Arabic."""
		return sentence(self.code, "ar", values=self.values, field=self.field)
