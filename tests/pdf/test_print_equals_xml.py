"""What is on the paper is what is in the XML: every figure, the names, the titles, the QR, the bytes inside."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from papers import ABROAD, FOREIGN, PAPERS, SIMPLIFIED, STANDARD, paper
from reading import numbers, qr_text, scan, stated, texts, words

from bayancore_erp.archive.core.pdf import Brand, check, extract_xml, render
from bayancore_erp.zatca.core.invoice import Text

Printed = dict[str, tuple[bytes, bytes]]
TITLES = {
	"standard": ("فاتورة ضريبية", "Tax Invoice"),
	"prepayment": ("فاتورة ضريبية – دفعة مقدمة", "Tax Invoice Prepayment"),
	"credit": ("إشعار دائن للفاتورة الضريبية", "Credit Note for Tax Invoice"),
	"debit": ("إشعار مدين للفاتورة الضريبية", "Debit Note for Tax Invoice"),
	"simplified": ("فاتورة ضريبية مبسطة", "Simplified Tax Invoice"),
	"simplified_credit": ("إشعار دائن للفاتورة الضريبية المبسطة", "Credit Note for Simplified Tax Invoice"),
}


def _judge(name: str, xml: bytes, pdf: bytes) -> None:
	assert check(pdf) == [], name
	assert extract_xml(pdf) == xml, name
	text, side = scan(pdf)
	assert text == qr_text(xml), name
	assert side >= 38, f"{name}: the QR is {side:.1f} mm wide"
	on_paper = numbers(" ".join(texts(pdf)))
	assert [(path, value) for path, value in stated(xml) if value not in on_paper] == [], name


@pytest.mark.parametrize("name", PAPERS)
def test_own_papers(name: str, printed: Printed) -> None:
	xml, pdf = printed[name]
	_judge(name, xml, pdf)


def test_official_samples(printed_samples: Printed) -> None:
	assert len(printed_samples) == 19
	for name, (xml, pdf) in printed_samples.items():
		_judge(name, xml, pdf)
		assert len(texts(pdf)) == 1, f"{name} needs one page"


@pytest.mark.parametrize("name", TITLES)
def test_title_is_the_laws(name: str, printed: Printed) -> None:
	page = words(texts(printed[name][1])[0])
	for title in TITLES[name]:
		assert words(title) <= page


@pytest.mark.parametrize("name", [name for name in PAPERS if name != "two_hundred"])
def test_names_and_wordings_are_on_the_paper(name: str, printed: Printed) -> None:
	invoice = PAPERS[name]
	page = words(" ".join(texts(printed[name][1])))
	said = [
		invoice.number,
		invoice.uuid,
		invoice.purchase_order,
		invoice.contract,
		str(invoice.issue_date),
		str(invoice.supply_date or ""),
		str(invoice.reason),
		*invoice.billing_references,
		*(str(line.name) for line in invoice.lines),
		*(line.seller_item_id for line in invoice.lines),
		*(str(line.vat.exemption_reason) for line in invoice.lines),
		*(str(one.reason) for one in invoice.allowance_charges),
		*(one.invoice_number for one in invoice.prepayments),
		*(note.text for note in invoice.notes),
	]
	for party in filter(None, (invoice.seller, invoice.buyer)):
		address = party.address
		assert address
		said += [party.name, party.vat_number, party.identification.value if party.identification else ""]
		said += [address.street, address.district, address.city, address.postal_code, address.building_number]
	missing = {text for text in said if not words(text) <= page}
	assert not missing


def test_ordinary_invoices_take_one_page(printed: Printed) -> None:
	assert {name: len(texts(pdf)) for name, (_, pdf) in printed.items() if name != "two_hundred"} == {
		name: 1 for name in PAPERS if name != "two_hundred"
	}


def test_head_and_totals_over_many_pages(printed: Printed) -> None:
	xml, pdf = printed["two_hundred"]
	pages = texts(pdf)
	assert 5 <= len(pages) <= 10
	due = dict(stated(xml))
	payable = next(value for path, value in due.items() if path.endswith("PayableAmount"))
	for number, page in enumerate(pages, 1):
		assert words("Description Quantity VAT") <= words(page)
		# PDFium hands "2 / 9" out turned round where the line around it is Arabic.
		assert f"{number} / {len(pages)}" in page or f"{len(pages)} / {number}" in page
		if number > 1:
			assert words("SINV-2026-00500") <= words(page)
			assert payable in numbers(page)
	# The sum carried forward at the foot of the last page is the sum of all lines.
	lines = next(
		value for path, value in due.items() if "LegalMonetaryTotal" in path and "LineExtension" in path
	)
	assert lines in numbers(pages[-1])
	assert words("Carried forward") <= words(pages[0])
	assert not words("Carried forward") <= words(pages[-1])


def test_foreign_currency_shows_riyals_and_rate(printed: Printed) -> None:
	text = texts(printed["foreign"][1])[0]
	assert "534.55" in text and "3.7512" in text


def test_rate_is_shown_as_applied_where_the_xml_has_none() -> None:
	xml = paper(FOREIGN)
	start, end = xml.index(b"<cac:TaxExchangeRate>"), xml.index(b"</cac:TaxExchangeRate>")
	text = texts(render(xml[:start] + xml[end + len(b"</cac:TaxExchangeRate>") :]))[0]
	assert "3.7512" in text and words("as applied") <= words(text)


def test_foreign_buyers_country_is_in_arabic_too() -> None:
	assert ABROAD.address
	assert words("Germany ألمانيا") <= words(texts(render(paper(FOREIGN)))[0])


def test_receipt_shows_what_a_simplified_invoice_must() -> None:
	xml = paper(SIMPLIFIED)
	pdf = render(xml, layout="receipt")
	assert check(pdf) == [] and extract_xml(pdf) == xml
	text, side = scan(pdf)
	assert text == qr_text(xml) and side >= 38
	page = texts(pdf)[0]
	needed = [
		value
		for path, value in stated(xml)
		if "InvoiceLine" not in path or path.endswith(("Quantity", "RoundingAmount"))
	]
	assert set(needed) <= numbers(page)
	assert words("فاتورة ضريبية مبسطة 310122393500003 POS1 000931") <= words(page)


def test_same_input_gives_same_bytes() -> None:
	xml = paper(STANDARD)
	first = render(xml)
	render(paper(SIMPLIFIED))
	assert render(xml) == first


def test_without_qr_there_is_none_and_watermark_says_why() -> None:
	xml = paper(STANDARD, qr="")
	pdf = render(xml, watermark=Text("لم تُعتمد بعد", "Not yet cleared"))
	with pytest.raises(AssertionError, match="0 codes"):
		scan(pdf)
	assert words("Not yet cleared") <= words(texts(pdf)[0])
	assert check(pdf) == []


def test_a_copy_zatca_has_not_seen_shows_no_qr() -> None:
	import zxingcpp
	from reading import picture

	pdf = render(
		paper(STANDARD), watermark=Text(ar="لم تُعتمد بعد", en="Not yet cleared"), embed=False, scannable=False
	)
	assert not zxingcpp.read_barcodes(picture(pdf))


def test_watermark_leaves_the_qr_readable() -> None:
	xml = paper(STANDARD)
	assert scan(render(xml, watermark=Text("نسخة", "COPY COPY COPY")))[0] == qr_text(xml)


def test_preview_carries_no_xml() -> None:
	pdf = render(paper(STANDARD), embed=False)
	assert {problem.code for problem in check(pdf)} == {"AF"}


def test_embedded_bytes_keep_mark_and_line_ends() -> None:
	xml = b"\xef\xbb\xbf" + paper(STANDARD).replace(b"<cbc:UUID>", b"\r\n<cbc:UUID>", 1)
	assert extract_xml(render(xml)) == xml


def test_print_follows_the_xml() -> None:
	"""The control: a figure changed in the XML changes on the paper, so the comparison above means something."""
	xml = paper(STANDARD)
	forged = xml.replace(b"20383.90", b"20383.91")
	assert forged != xml
	page = numbers(texts(render(forged))[0])
	assert [value for _, value in stated(xml) if value not in page]


def test_english_first_turns_every_pair_about() -> None:
	"""Small print too: reasons, payment, exchange rate, units, addresses."""
	from bayancore_erp.archive.core.pdf.reader import read
	from bayancore_erp.archive.core.pdf.sheet import compose

	def pairs(value: object) -> list[tuple[str, str]]:
		found: list[tuple[str, str]] = []
		if isinstance(value, dict):
			value = list(value.values())
		if isinstance(value, list):
			for one, two in pairwise(value):
				if isinstance(one, dict) and isinstance(two, dict) and "t" in one and one["r"] != two["r"]:
					found.append((one["t"], two["t"]))
			for each in value:
				found += pairs(each)
		return found

	def sheet(name: str, right_to_left: bool) -> dict[str, object]:
		return compose(read(paper(PAPERS[name])), Brand(right_to_left=right_to_left), None)

	for name in ("standard", "mixed", "advanced", "foreign", "simplified"):
		english, arabic = pairs(sheet(name, False)), pairs(sheet(name, True))
		for one, two in (("Discount", "خصم"), ("piece", "قطعة"), ("Exchange rate", "سعر الصرف")):
			assert ((one, two) in english) == ((two, one) in arabic), (name, one)
			assert (two, one) not in english and (one, two) not in arabic, (name, one)
	assert ("Freight", "شحن") in pairs(sheet("mixed", False))
	assert ("Credit transfer", "حوالة دائنة") in pairs(sheet("standard", False))
	assert ("Exchange rate", "سعر الصرف") in pairs(sheet("foreign", False))
	for order in (True, False):
		first, _second = sheet("standard", order)["seller"]["address"]  # type: ignore[index]
		assert first[0]["r"] is order


def test_both_reading_orders() -> None:
	from bayancore_erp.archive.core.pdf import Brand

	xml = paper(replace(STANDARD, notes=()))
	for right_to_left in (True, False):
		pdf = render(xml, brand=Brand(right_to_left=right_to_left))
		_judge(str(right_to_left), xml, pdf)
