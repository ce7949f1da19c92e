"""The shape of a stamp: which elements it consists of, and the two ways its signed part is written.

Takes elements of a parsed document. Gives the first difference to the SDK's layout, and SignedProperties as the SDK
prints it for its digest. What is inside the excluded elements is covered by no hash, so the shape allows nothing more
there than the values that `verify` checks one by one.
Never raises on any tree.

Source: Security Features Implementation Standard section 2.3.3; the SDK's own samples; dom4j's asXML().
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from bayancore_erp.zatca.core.crypto import xades
from bayancore_erp.zatca.core.crypto.facts import NAMESPACES
from bayancore_erp.zatca.core.xml import CBC

_DECLARATIONS = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())

# Leaves whose text varies from stamp to stamp; `verify` has a check for each.
_VARIABLE = frozenset(
	{
		f"{{{xades.DS}}}DigestValue",
		f"{{{xades.DS}}}SignatureValue",
		f"{{{xades.DS}}}X509Certificate",
		f"{{{xades.DS}}}X509IssuerName",
		f"{{{xades.DS}}}X509SerialNumber",
		f"{{{xades.XADES}}}SigningTime",
		f"{{{CBC}}}EmbeddedDocumentBinaryObject",
	}
)

Shape = tuple[str, tuple[tuple[str, str], ...], str]


def _shape(element: etree._Element) -> Iterator[Shape]:
	"""Path, attributes and fixed text of the element and all below it, in order."""
	stack = [(element, _name(element))]
	while stack:
		current, path = stack.pop()
		children = list(current)
		text = current.text or ""
		if children:
			text = "".join([text, *(child.tail or "" for child in children)]).strip()
		elif current.tag in _VARIABLE:
			text = ""
		attributes = tuple(sorted((_short(str(k)), str(v)) for k, v in current.attrib.items()))
		yield path, attributes, text
		stack.extend((child, f"{path}/{_name(child)}") for child in reversed(children))


def _name(element: etree._Element) -> str:
	"""A name for people, which still tells namespaces apart."""
	if not isinstance(element.tag, str):
		return "a processing instruction"
	return _short(element.tag)


def _short(tag: str) -> str:
	uri, _, local = tag.rpartition("}")
	known = _PREFIXES.get(uri[1:]) if uri else ""
	return tag if known is None else f"{known}:{local}" if known else local


_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()} | {
	xades.DS: "ds",
	xades.XADES: "xades",
	xades.SIG: "sig",
	xades.SAC: "sac",
	xades.SBC: "sbc",
}


def _expected(text: str) -> tuple[Shape, ...]:
	return tuple(_shape(etree.fromstring(text)))


EXTENSIONS = _expected(f"<ext:UBLExtensions{_DECLARATIONS}>{xades.specimen()}</ext:UBLExtensions>")
QR_REFERENCE = _expected(xades.qr_reference("", _DECLARATIONS))
POINTER = _expected(xades.signature_pointer(_DECLARATIONS))


def difference(element: etree._Element, expected: tuple[Shape, ...]) -> str:
	"""Where `element` first departs from the expected shape, as a path; empty if it does not."""
	found = list(_shape(element))
	for one, other in zip(found, expected, strict=False):
		if one != other:
			return one[0] if one[0] == other[0] else f"{one[0]} (expected {other[0]})"
	if len(found) > len(expected):
		return found[len(expected)][0]
	return expected[len(found)][0] + " (missing)" if len(found) < len(expected) else ""


def signed_properties_alone(element: etree._Element) -> bytes:
	"""SignedProperties as the SDK digests it: namespaces declared where dom4j would, else what the document says."""
	return "".join(_printed(element, frozenset())).encode("utf-8", "surrogatepass")


def _printed(element: etree._Element, scope: frozenset[str]) -> Iterator[str]:
	if not isinstance(element.tag, str):
		return
	uri, _, local = element.tag.rpartition("}")
	prefix = element.prefix
	name = f"{prefix}:{local}" if prefix else local
	declaration = ""
	if uri and uri not in scope:
		declaration = f' xmlns:{prefix}="{uri[1:]}"' if prefix else f' xmlns="{uri[1:]}"'
	attributes = "".join(
		f' {str(key).rpartition("}")[2]}="{xades.escape(str(value)).replace(chr(34), "&quot;")}"'
		for key, value in element.attrib.items()
	)
	content = [xades.escape(element.text or "")]
	for child in element:
		content += _printed(child, scope | {uri})
		content.append(xades.escape(child.tail or ""))
	inside = "".join(content)
	yield f"<{name}{declaration}{attributes}" + (f">{inside}</{name}>" if inside else "/>")
