"""Both official judges over one unsigned document: the sheets, and `fatoority` where it is installed."""

from __future__ import annotations

from typing import Any

from lxml import etree

from bayancore_erp.zatca.core.chain import FIRST_PIH

# What a simplified document lacks before it is stamped, and the 24 hours, which a fixed date cannot keep.
BESIDE_THE_POINT = {"BR-KSA-27", "BR-KSA-28", "BR-KSA-29", "BR-KSA-30", "BR-KSA-60", "BR-KSA-98"}


def findings(oracle: Any, xml: bytes) -> list[str]:
	"""Codes that either judge raises, errors and warnings alike."""
	found = [finding["code"] for finding in oracle._rules(etree.fromstring(xml), xml)]
	try:
		import fatoora
	except ImportError:
		pass
	else:
		config = fatoora.Config(fatoora.Environment.NON_PRODUCTION)
		report = fatoora.validate_zatca_invoice_from_str(
			config, xml.decode(), previous_invoice_hash=FIRST_PIH
		)
		for stage in report["stages"]:
			if stage["stage"] in ("xsd", "cen", "ksa"):
				found += [finding["code"] for finding in stage["findings"]]
	return sorted(set(found) - BESIDE_THE_POINT)
