"""Findings as text and as JSON, the same for every verb that reports some."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bayancore_erp.zatca.core.rules import Finding, Severity


def as_json(finding: Finding) -> dict[str, Any]:
	"""One finding with both sentences."""
	return {
		"code": finding.code,
		"severity": finding.severity.value,
		"layer": finding.layer.value,
		"field": finding.field,
		"at": finding.at,
		"values": dict(finding.values),
		"en": finding.en,
		"ar": finding.ar,
	}


def as_text(finding: Finding, language: str = "en") -> str:
	"""One finding as a line, its field below."""
	sentence = finding.ar if language == "ar" else finding.en
	return f"  {finding.severity.value:7} {finding.code:18} {sentence}\n{'':28}{finding.field or finding.at}"


def has_errors(findings: Iterable[Finding]) -> bool:
	"""Whether ZATCA would reject the document."""
	return any(finding.severity is Severity.ERROR for finding in findings)
