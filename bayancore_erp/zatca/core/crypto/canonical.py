"""The invoice hash: what is signed, chained as PIH and sent as `invoiceHash`.

Takes a document, as bytes or parsed. Gives its canonical bytes without what a stamp adds, and their SHA-256.
Never changes the tree it is given; never pretty-prints: whitespace around removed elements stays and is hashed.

Source: XML Implementation Standard, BR-KSA-26; Security Standard section 2.3.3; the SDK's hash of its own samples. C14N 1.1
is named on the wire; inclusive C14N 1.0 gives the same bytes here, for they differ only in xml:* attributes of subtrees.
"""

from __future__ import annotations

import base64
import copy
import hashlib

from lxml import etree

from bayancore_erp.zatca.core.xml import CAC, CBC, EXT, parse

TAG_EXTENSIONS = f"{{{EXT}}}UBLExtensions"
TAG_SIGNATURE = f"{{{CAC}}}Signature"
TAG_REFERENCE = f"{{{CAC}}}AdditionalDocumentReference"
TAG_ID = f"{{{CBC}}}ID"


def is_qr_reference(element: etree._Element) -> bool:
	"""Whether this is the AdditionalDocumentReference that carries the QR (KSA-14)."""
	return element.tag == TAG_REFERENCE and any(
		i.xpath("string()") == "QR" for i in element.iterchildren(TAG_ID)
	)


def is_excluded(element: etree._Element) -> bool:
	"""Whether a child of the root is left out of the hash."""
	return element.tag in (TAG_EXTENSIONS, TAG_SIGNATURE) or is_qr_reference(element)


def strip_stamp(root: etree._Element) -> None:
	"""Remove, in place, the three kinds of elements that the hash leaves out, keeping the text after them."""
	for element in [child for child in root if is_excluded(child)]:
		if element.tail:
			previous = element.getprevious()
			if previous is None:
				root.text = (root.text or "") + element.tail
			else:
				previous.tail = (previous.tail or "") + element.tail
		root.remove(element)


def canonicalise(element: etree._Element) -> bytes:
	"""Inclusive canonical form, without comments."""
	return etree.tostring(element, method="c14n", exclusive=False, with_comments=False)


def canonical_bytes(document: bytes | etree._Element) -> bytes:
	"""The bytes that are hashed. Raises InvalidInput if bytes are given that are not XML."""
	if isinstance(document, bytes):
		root = parse(document)
	else:
		root = copy.deepcopy(document)
	strip_stamp(root)
	return canonicalise(root)


def invoice_hash(document: bytes | etree._Element) -> bytes:
	"""The 32 raw bytes of the invoice hash. Raises InvalidInput if bytes are given that are not XML."""
	return hashlib.sha256(canonical_bytes(document)).digest()


def hash_base64(document: bytes | etree._Element) -> str:
	"""The invoice hash as it travels: base64, 44 characters. Raises as `invoice_hash`."""
	return base64.b64encode(invoice_hash(document)).decode()
