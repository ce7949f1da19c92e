#!/usr/bin/env python3
"""Derives `rules/structure.json`, the content model of a UBL 2.1 invoice, from the published XML schemas.

Takes the folder of the schemas (default: ../shared/zatca/sdk/Data/Schemas beside the checkout, or under ZATCA_SDK_HOME).
Gives facts only: which element may stand where, how often, with which attributes and which type of text. No wording,
documentation or schema syntax is carried over. Run it again when the schemas change: `python scripts/derive_structure.py`.

Content models read like DTDs: `a b? c* d+`, groups in parentheses, alternatives with `|`, `name=type` for an element
declared in place, `any(namespace,strictness)` for a wildcard.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from lxml import etree

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "bayancore_erp/zatca/core/rules/structure.json"
XS = "{http://www.w3.org/2001/XMLSchema}"
PREFIXES = {
	"urn:oasis:names:specification:ubl:schema:xsd:Invoice-2": "inv",
	"urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2": "cac",
	"urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2": "cbc",
	"urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2": "ext",
	"urn:oasis:names:specification:ubl:schema:xsd:CommonSignatureComponents-2": "sig",
	"urn:oasis:names:specification:ubl:schema:xsd:SignatureAggregateComponents-2": "sac",
	"urn:oasis:names:specification:ubl:schema:xsd:SignatureBasicComponents-2": "sbc",
	"urn:oasis:names:specification:ubl:schema:xsd:UnqualifiedDataTypes-2": "udt",
	"urn:oasis:names:specification:ubl:schema:xsd:QualifiedDataTypes-2": "qdt",
	"urn:un:unece:uncefact:data:specification:CoreComponentTypeSchemaModule:2": "cct",
	"http://www.w3.org/2000/09/xmldsig#": "ds",
	"http://uri.etsi.org/01903/v1.3.2#": "xades",
	"http://uri.etsi.org/01903/v1.4.1#": "xades141",
	"http://www.w3.org/2001/XMLSchema": "xs",
}
OCCURS = {("1", "1"): "", ("0", "1"): "?", ("0", "unbounded"): "*", ("1", "unbounded"): "+"}


class Schemas:
	"""All schema documents of a folder, their global elements and types by prefixed name."""

	def __init__(self, folder: Path) -> None:
		self.elements: dict[str, etree._Element] = {}
		self.types: dict[str, etree._Element] = {}
		parser = etree.XMLParser(remove_comments=True, resolve_entities=True, no_network=True)
		for file in sorted(folder.rglob("*.xsd")):
			schema = etree.parse(str(file), parser).getroot()
			space = PREFIXES.get(schema.get("targetNamespace", ""), "")
			for child in schema:
				name = f"{space}:{child.get('name')}"
				if child.tag == XS + "element":
					self.elements[name] = child
				elif child.tag in (XS + "complexType", XS + "simpleType"):
					self.types[name] = child

	def qualified(self, node: etree._Element, name: str) -> str:
		"""A reference as it stands in `node`, with our prefix; schema built-ins as `xs:name`."""
		prefix, _, local = name.rpartition(":")
		return f"{PREFIXES[node.nsmap[prefix or None]]}:{local}"

	def space(self, node: etree._Element) -> str:
		return PREFIXES[node.getroottree().getroot().get("targetNamespace")]

	def type_of(self, element: etree._Element) -> str:
		name = element.get("type")
		return self.qualified(element, name) if name else "xs:anyType"

	def attributes(self, node: etree._Element) -> dict[str, str]:
		"""`name` -> type, `!` in front where required, for the attributes written directly under `node`."""
		out = {}
		for attribute in node.iterchildren(XS + "attribute"):
			required = "!" if attribute.get("use") == "required" else ""
			out[attribute.get("name")] = required + self.qualified(attribute, attribute.get("type"))
		if node.find(XS + "anyAttribute") is not None:
			out["*"] = "any"
		return out

	def simple(self, name: str) -> str:
		"""The built-in that decides a simple type, or `a|b` for an enumeration."""
		while not name.startswith("xs:"):
			restriction = self.types[name].find(XS + "restriction")
			values = [e.get("value") for e in restriction.iterchildren(XS + "enumeration")]
			if values:
				return "|".join(values)
			name = self.qualified(restriction, restriction.get("base"))
		return name[3:]

	def describe(self, name: str) -> dict[str, Any]:
		"""Type `name` as {"text"} or {"model"}, with "attrs" and "mixed" where there are any."""
		node = self.types[name]
		if node.tag == XS + "simpleType":
			return {"text": self.simple(name)}
		simple = node.find(XS + "simpleContent")
		if simple is not None:
			derived = simple[0]
			base = self.qualified(derived, derived.get("base"))
			out = dict(self.describe(base)) if base in self.types else {"text": base[3:]}
			attributes = {**out.get("attrs", {}), **self.attributes(derived)}
			return {"text": out["text"], **({"attrs": attributes} if attributes else {})}
		content = node.find(XS + "complexContent")
		body = content[0] if content is not None else node
		out = {}
		particles = [c for c in body if c.tag in (XS + "sequence", XS + "choice")]
		out["model"] = self.particle(particles[0]) if particles else ""
		attributes = self.attributes(body)
		if attributes:
			out["attrs"] = attributes
		if node.get("mixed") == "true":
			out["mixed"] = True
		if node.get("abstract") == "true":
			out["abstract"] = True
		return out

	def particle(self, node: etree._Element) -> str:
		bounds = node.get("minOccurs", "1"), node.get("maxOccurs", "1")
		if bounds not in OCCURS:
			raise SystemExit(f"Unexpected occurrence {bounds} in {self.space(node)}.")
		occurs = OCCURS[bounds]
		if node.tag == XS + "element":
			if node.get("ref"):
				return self.qualified(node, node.get("ref")) + occurs
			return f"{self.space(node)}:{node.get('name')}={self.type_of(node)}{occurs}"
		if node.tag == XS + "any":
			namespace = node.get("namespace", "##any").lstrip("#")
			if namespace == "other":
				namespace = "not-" + self.space(node)
			return f"any({namespace},{node.get('processContents', 'strict')}){occurs}"
		joint = "|" if node.tag == XS + "choice" else " "
		parts = [self.particle(c) for c in node if c.tag != XS + "annotation"]
		text = joint.join(parts)
		return (
			text
			if not occurs and node.getparent().tag == XS + "complexType" and joint == " "
			else f"({text}){occurs}"
		)


def derive(folder: Path) -> dict[str, Any]:
	"""The whole data: `elements` and `types`, elements of one simple type gathered under it to keep the file small."""
	schemas = Schemas(folder)
	if "inv:Invoice" not in schemas.elements:
		raise SystemExit(f"No UBL invoice schema under {folder}.")
	types: dict[str, Any] = {}
	leaves: dict[str, list[str]] = {}
	nodes: dict[str, str] = {}
	for name, element in sorted(schemas.elements.items()):
		kind = schemas.type_of(element)
		described = schemas.describe(kind) if kind in schemas.types else {"text": kind[3:]}
		if "text" in described:
			attributes = " ".join(
				f"{a}:{t.replace('xs:', '')}" for a, t in sorted(described.get("attrs", {}).items())
			)
			leaves.setdefault(f"{described['text']} {attributes}".strip(), []).append(name)
		else:
			nodes[name] = kind
	for name in sorted(schemas.types):
		if name.split(":")[0] not in ("cbc", "udt", "qdt", "cct", "sbc"):
			described = schemas.describe(name)
			if "attrs" in described:
				attrs = {
					a: t if t == "any" else t.replace("!", "").replace(":", ":")
					for a, t in described["attrs"].items()
				}
				described["attrs"] = " ".join(
					f"{a}:{'!' if described['attrs'][a].startswith('!') else ''}{t if t == 'any' else schemas.simple(t)}"
					for a, t in sorted(attrs.items())
				)
			types[name] = described
	used = {prefix: uri for uri, prefix in PREFIXES.items() if prefix not in ("udt", "qdt", "cct", "xs")}
	return {
		"source": "UBL 2.1 (OASIS), XML Signature (W3C), XAdES 1.3.2 and 1.4.1 (ETSI); see scripts/derive_structure.py",
		"namespaces": used,
		"leaves": {kind: " ".join(names) for kind, names in sorted(leaves.items())},
		"elements": nodes,
		"types": types,
	}


def main() -> int:
	options = argparse.ArgumentParser(
		description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
	)
	home = os.environ.get("ZATCA_SDK_HOME")
	default = Path(home) if home else ROOT.parent / "shared/zatca/sdk"
	options.add_argument("folder", nargs="?", type=Path, default=default)
	options.add_argument(
		"--check", action="store_true", help="only say whether the file in the package is up to date"
	)
	given = options.parse_args()
	text = json.dumps(derive(given.folder), indent=1, ensure_ascii=False) + "\n"
	if given.check:
		fresh = TARGET.is_file() and TARGET.read_text(encoding="utf-8") == text
		print("up to date" if fresh else "out of date")
		return 0 if fresh else 1
	TARGET.write_text(text, encoding="utf-8")
	print(f"{TARGET.relative_to(ROOT)}: {len(text)} characters")
	return 0


if __name__ == "__main__":
	sys.exit(main())
