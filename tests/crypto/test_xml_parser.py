"""The parser: nothing dangerous gets in, and what is refused is told in words."""

from __future__ import annotations

import time

import documents
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.xml import MAX_BYTES, parse

BOMB = b"""<?xml version="1.0"?><!-- x --><!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;">]><a>&d;</a>"""


@pytest.mark.parametrize(
	("data", "code"),
	[
		(b"", "XML-EMPTY"),
		(b" \n\t", "XML-EMPTY"),
		(b"not xml", "XML-SYNTAX"),
		(b'{"json": true}', "XML-SYNTAX"),
		(b"<a/><b/>", "XML-SYNTAX"),
		(b"<a></b>", "XML-SYNTAX"),
		(b'<a x="1" x="2"/>', "XML-SYNTAX"),
		(b"<p:a/>", "XML-SYNTAX"),
		(b"<a>", "XML-TRUNCATED"),
		(b"<a", "XML-TRUNCATED"),
		(b'<a b="', "XML-TRUNCATED"),
		(documents.invoice()[:900], "XML-TRUNCATED"),
		(b"<a>\x01</a>", "XML-CHARACTER"),
		(b"<a>&#1;</a>", "XML-CHARACTER"),
		(b"<a>&#xD800;</a>", "XML-CHARACTER"),
		(b"<a>&nbsp;</a>", "XML-ENTITY"),
		(b"<a>\xff</a>", "XML-ENCODING"),
		(b"<a>\x00</a>", "XML-ENCODING"),
		("<a>ش</a>".encode("utf-16"), "XML-ENCODING"),
		(b'<?xml version="1.0" encoding="ISO-8859-6"?><a/>', "XML-ENCODING"),
		(b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE a+AD4-<a/>', "XML-ENCODING"),
		(BOMB, "XML-DTD"),
		(b"\xef\xbb\xbf <!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", "XML-DTD"),
		(b"<a>" * 300 + b"</a>" * 300, "XML-DEPTH"),
		(b"<a>" + b"x" * MAX_BYTES + b"</a>", "XML-SIZE"),
	],
)
def test_what_cannot_be_an_invoice_is_refused_by_name(data: bytes, code: str) -> None:
	with pytest.raises(InvalidInput) as told:
		parse(data)
	assert told.value.code == code
	assert told.value.message.endswith(".")


def test_a_declared_encoding_is_never_followed() -> None:
	"""Where the look at the declaration is outwitted by its length, the parser still reads UTF-8."""
	text = "<?xml version='1.0'" + " " * 300 + "encoding='UTF-7'?><a>+AOk-</a>"
	assert parse(text.encode()).text == "+AOk-"


def test_what_is_lawful_is_read() -> None:
	declared = b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?>\n<!-- <!DOCTYPE x> -->\n'
	assert parse(declared + b"<a>\xd8\xb4</a>").text == "ش"
	assert parse(b"<a><![CDATA[<!DOCTYPE]]></a>").text == "<!DOCTYPE"


def test_a_comment_does_not_split_a_value() -> None:
	assert parse(b"<a>12<!-- hidden -->34</a>").text == "1234"


@pytest.mark.parametrize("unit", [b"<?a?>", b"<!--a-->", b" ", b"<?", b"<!--", b"<?a ?>?>"])
def test_a_hostile_prolog_costs_no_time(unit: bytes) -> None:
	started = time.perf_counter()
	with pytest.raises(InvalidInput):
		parse(unit * (200_000 // len(unit)) + b"<a")
	assert time.perf_counter() - started < 2


@settings(max_examples=150, deadline=None)
@given(
	st.one_of(st.binary(max_size=200), st.text("<>&;!?[]-='\"/ abDOCTYPE#x0", max_size=80).map(str.encode))
)
def test_nothing_but_invalid_input_comes_out(data: bytes) -> None:
	try:
		root = parse(data)
	except InvalidInput as error:
		assert error.code.startswith("XML-")
	else:
		assert isinstance(root.tag, str)
		assert etree.ElementTree(root).docinfo.doctype == ""
