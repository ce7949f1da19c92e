"""The native judge: whether ZATCA would accept a document, and every reason why not, without Java and without network.

Takes an XML document; gives findings, each with its code, severity, place in the XML, field in the model and sentence.
Never changes the document, never asks the clock more than once. Decides as the official schema and rule sheets decide
(SDK R3.4.6): the schema first and alone where it fails, then both sheets with all that is wrong at once.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.rules.finding import Finding, Layer, Severity
from bayancore_erp.zatca.core.rules.judge import check

__all__ = ["Finding", "Layer", "Severity", "check"]
