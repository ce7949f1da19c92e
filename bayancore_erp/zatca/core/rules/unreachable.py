"""The rule ids that no document can break, each with the reason: what is here is nowhere else in rules/.

A document that would break one is refused by the schema before any sheet is asked (ZATCA's validator stops there), or the
sheet itself never asks: of the templates of one pattern only the first that matches a node is applied to it.
Source: SDK R3.4.6, UBL 2.1 schema and CEN-EN16931-UBL.xsl; tests/rules/test_unreachable.py shows each.
"""

from __future__ import annotations

_SCHEMA = "The schema demands {}, so that a document without it is refused before the rule is asked."
_SHADOWED = (
	"Line allowances are taken by an earlier, empty template of the same pattern (priority 31), so that the template of this"
	" rule (priority 26) is never applied to one."
)

UNREACHABLE: dict[str, str] = {
	"BR-03": _SCHEMA.format("IssueDate, and a date in it"),
	"BR-15": _SCHEMA.format("PayableAmount in LegalMonetaryTotal"),
	"BR-16": _SCHEMA.format("at least one InvoiceLine"),
	"BR-24": _SCHEMA.format("LineExtensionAmount in InvoiceLine"),
	"BR-31": _SCHEMA.format("Amount in AllowanceCharge"),
	"BR-36": _SCHEMA.format("Amount in AllowanceCharge"),
	"BR-43": _SCHEMA.format("Amount in AllowanceCharge"),
	"BR-46": _SCHEMA.format("TaxAmount in TaxSubtotal"),
	"BR-49": _SCHEMA.format("PaymentMeansCode in PaymentMeans"),
	"BR-KSA-F-02": _SCHEMA.format("true, false, 1 or 0 in ChargeIndicator"),
	"BR-KSA-F-05": _SCHEMA.format("a time in IssueTime"),
	"BR-41": _SHADOWED,
	"BR-DEC-24": _SHADOWED,
	"BR-DEC-25": _SHADOWED,
}
