"""Counter, previous hash, QR and stamp: the parts that tie a document to its device and to the one before.

Takes facts; gives nothing: the rules register themselves. Only presence and form, as the sheets check them; whether the
figures are right is for crypto.verify.
Source: rules BR-KSA-26 … -30, -33, -34, -60, -61, BR-CL-KSA-14, BR-KSA-CL-03.
"""

from __future__ import annotations

import re

from bayancore_erp.zatca.core.rules.engine import KSA, Verdict
from bayancore_erp.zatca.core.rules.facts import Facts
from bayancore_erp.zatca.core.rules.lists import MIME_CODES
from bayancore_erp.zatca.core.rules.nodes import Node
from bayancore_erp.zatca.core.rules.situations import (
	Nodes,
	document,
	references,
	simplified_document,
	typed_simplified,
)
from bayancore_erp.zatca.core.rules.xpath import filled, in_list, only_text, spaceless, texts

_SIGNATURE_ID = "urn:oasis:names:specification:ubl:signature:Invoice"
_SIGNATURE_NUMBER = "urn:oasis:names:specification:ubl:signature:1"
_SIGNATURE_METHOD = "urn:oasis:names:specification:ubl:dsig:enveloped:xades"
_ATTACHMENT = "Attachment"
_OBJECT = "Attachment/EmbeddedDocumentBinaryObject"
_ONLY_DIGITS = re.compile("[0-9]*").fullmatch


def _named(facts: Facts, name: str) -> list[Node]:
	"""The document's additional references of that name."""
	return facts.references.get(name, [])


def _of_document(facts: Facts) -> Nodes:
	return facts.root.kids.get("AdditionalDocumentReference", ())


def _is_plain_text(reference: Node) -> bool:
	return _OBJECT in reference.leaf and spaceless(reference.attribute(_OBJECT, "mimeCode")) == "text/plain"


@KSA.warning("BR-KSA-27", simplified_document, "AdditionalDocumentReference")
def no_qr(invoice: Node, facts: Facts) -> Verdict:
	if not any(_OBJECT in node.leaf for node in _named(facts, "QR")):
		return True
	exact = [node for node in _of_document(facts) if node.leaf["ID"] == "QR"]
	return not (filled(only_text(exact, _OBJECT)) and any(_is_plain_text(node) for node in exact))


@KSA.error("BR-CL-KSA-14", document, "AdditionalDocumentReference")
def qr_of_wrong_length(invoice: Node, facts: Facts) -> Verdict:
	qr = only_text(_named(facts, "QR"), _OBJECT)
	return qr is not None and not 1 <= len(qr) <= 1000


@KSA.error("BR-KSA-33", document, "AdditionalDocumentReference")
def no_counter(invoice: Node, facts: Facts) -> Verdict:
	return not (_named(facts, "ICV") and any(texts(_of_document(facts), "UUID")))


@KSA.error("BR-KSA-34", document, "AdditionalDocumentReference")
def counter_is_no_number(invoice: Node, facts: Facts) -> Verdict:
	return not _ONLY_DIGITS(only_text(_of_document(facts), "UUID") or "")


@KSA.warning("BR-KSA-61", document, "AdditionalDocumentReference")
def no_previous_hash(invoice: Node, facts: Facts) -> Verdict:
	hashes = _named(facts, "PIH")
	return not (any(texts(hashes, _OBJECT)) and any(_is_plain_text(node) for node in hashes))


def _previous_hashes(facts: Facts) -> Nodes:
	return [
		node for node in references(facts) if _ATTACHMENT in node.leaf and spaceless(node.leaf["ID"]) == "PIH"
	]


def _other_attachments(facts: Facts) -> Nodes:
	if not facts.simplified:
		return ()
	return [
		node for node in references(facts) if _ATTACHMENT in node.leaf and spaceless(node.leaf["ID"]) != "PIH"
	]


@KSA.warning("BR-KSA-26", _previous_hashes, _OBJECT)
def unreadable_previous_hash(reference: Node, facts: Facts) -> Verdict:
	return not (reference.leaf.get(_OBJECT) and _is_plain_text(reference))


@KSA.error("BR-KSA-CL-03", references, f"{_OBJECT}/@mimeCode")
def unknown_mime_code(reference: Node, facts: Facts) -> Verdict:
	return _OBJECT in reference.leaf and not in_list(reference.attribute(_OBJECT, "mimeCode"), MIME_CODES)


def _signature_information(facts: Facts) -> list[Node]:
	return facts.root.all(
		"ext:UBLExtensions",
		"ext:UBLExtension",
		"ext:ExtensionContent/sig:UBLDocumentSignatures",
		"sac:SignatureInformation",
	)


@KSA.error("BR-KSA-28", _other_attachments, _ATTACHMENT)
def stamp_without_its_number(reference: Node, facts: Facts) -> Verdict:
	stated = texts(_signature_information(facts), "ID")
	return not (reference.leaf.get(_OBJECT) and _SIGNATURE_NUMBER in stated)


@KSA.warning("BR-KSA-29", _other_attachments, _ATTACHMENT)
def stamp_without_its_name(reference: Node, facts: Facts) -> Verdict:
	if _SIGNATURE_ID not in texts(facts.document.branches.get("Signature", ()), "ID"):
		return True
	return spaceless(only_text(_signature_information(facts), "sbc:ReferencedSignatureID")) != _SIGNATURE_ID


@KSA.error("BR-KSA-30", _other_attachments, _ATTACHMENT)
def stamp_by_another_method(reference: Node, facts: Facts) -> Verdict:
	methods = texts(facts.document.branches.get("Signature", ()), "SignatureMethod")
	return not (reference.leaf.get(_OBJECT) and _SIGNATURE_METHOD in methods)


@KSA.warning("BR-KSA-60", typed_simplified, "Signature")
def no_stamp(invoice: Node, facts: Facts) -> Verdict:
	return not any(_has_text(node) for node in facts.document.branches.get("Signature", ()))


def _has_text(node: Node) -> bool:
	"""Whether the element has any text, the spaces between its tags included, which only the parsed element knows."""
	return any(node.leaf.values()) or any(node.element.itertext())
