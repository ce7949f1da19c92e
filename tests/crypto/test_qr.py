"""The QR: bytes in, the same values out; pictures that a real decoder reads."""

from __future__ import annotations

import base64
import io
import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bayancore_erp.zatca.core import qr
from bayancore_erp.zatca.core.errors import InvalidInput
from bayancore_erp.zatca.core.qr import QrPayload, cap_utf8, decode, encode

PHASE_1 = QrPayload("Bobs Records", "310122393500003", "2022-04-25T15:30:00Z", "1000.00", "150.00")
FULL = replace(
	PHASE_1,
	invoice_hash="h" * 44,
	signature="s" * 96,
	public_key=b"\x00" * 88,
	certificate_signature=b"\xff" * 71,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
payloads = st.builds(
	QrPayload,
	seller_name=st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
	vat_number=texts,
	timestamp=texts,
	total=texts,
	vat_total=texts,
)


@settings(max_examples=60, deadline=None)
@given(payloads, st.booleans(), st.booleans(), st.binary(min_size=1, max_size=100))
def test_what_is_encoded_is_decoded(payload: QrPayload, phase_2: bool, simplified: bool, raw: bytes) -> None:
	if phase_2:
		payload = replace(payload, invoice_hash="h" * 44, signature="s" * 96, public_key=raw)
		if simplified:
			payload = replace(payload, certificate_signature=raw)
	assert decode(encode(payload)) == payload


def test_the_five_tags_are_a_known_example() -> None:
	# The widely published example of Phase 1.
	assert encode(PHASE_1) == (
		"AQxCb2JzIFJlY29yZHMCDzMxMDEyMjM5MzUwMDAwMwMUMjAyMi0wNC0yNVQxNTozMDowMFoEBzEwMDAuMDAFBjE1MC4wMA=="
	)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=200, max_size=400))
def test_a_long_seller_name_ends_at_a_whole_character(name: str) -> None:
	kept = decode(encode(replace(PHASE_1, seller_name=name))).seller_name
	assert name.startswith(kept)
	assert len(kept.encode()) <= 255
	assert kept == name or len(kept.encode()) > 255 - 4


def test_capping_never_splits_a_letter() -> None:
	assert cap_utf8("ش".encode() * 128) == "ش".encode() * 127
	assert cap_utf8(b"x" + "🧾".encode() * 64) == b"x" + "🧾".encode() * 63
	assert cap_utf8(b"a" * 255) == b"a" * 255


def test_the_largest_lawful_payload_stays_under_1000_characters() -> None:
	largest = replace(FULL, seller_name="ش" * 300, signature="s" * 96, certificate_signature=b"c" * 72)
	assert len(encode(largest)) <= 1000


@pytest.mark.parametrize(
	("payload", "code"),
	[
		(replace(PHASE_1, vat_number="3" * 256), "QR-LENGTH"),
		(replace(FULL, total="1" * 200, vat_total="1" * 200), "QR-SIZE"),
		(replace(PHASE_1, seller_name="\ud800"), "QR-TEXT"),
		(replace(PHASE_1, signature="s"), "QR-TAGS"),
	],
)
def test_what_does_not_fit_is_refused(payload: QrPayload, code: str) -> None:
	with pytest.raises(InvalidInput) as told:
		encode(payload)
	assert told.value.code == code


def _tlv(*fields: tuple[int, bytes]) -> str:
	return base64.b64encode(b"".join(bytes((tag, len(value))) + value for tag, value in fields)).decode()


FIVE = [(tag, b"x") for tag in range(1, 6)]


@pytest.mark.parametrize(
	("text", "words"),
	[
		("", "lacks tag 1"),
		("%%%", "not base64"),
		("AQ==\n", "not base64"),
		("AQE", "not base64"),
		(encode(PHASE_1)[:-3] + "B==", "plain base64"),
		(base64.b64encode(base64.b64decode(_tlv(*FIVE))[:-1]).decode(), "ends inside tag 5"),
		(base64.b64encode(base64.b64decode(_tlv(*FIVE))[:-2]).decode(), "ends inside the head"),
		(_tlv(*FIVE[:4]), "lacks tag 5"),
		(_tlv(*FIVE, (6, b"h")), "lacks tag 7"),
		(_tlv(*FIVE, (5, b"x")), "more than once"),
		(_tlv(*FIVE, (10, b"x")), "tag 10, which does not exist"),
		(_tlv(*FIVE[::-1]), "out of order"),
		(_tlv((1, b"\xff"), *FIVE[1:]), "not UTF-8"),
		("A" * 1004, "1004 characters"),
	],
)
def test_a_broken_code_is_told_in_words(text: str, words: str) -> None:
	with pytest.raises(InvalidInput, match=words):
		decode(text)


@settings(max_examples=60, deadline=None)
@given(
	st.one_of(st.text(max_size=60), st.binary(max_size=120).map(lambda raw: base64.b64encode(raw).decode()))
)
def test_nothing_but_invalid_input_comes_out_of_decoding(text: str) -> None:
	try:
		payload = decode(text)
	except InvalidInput as error:
		assert error.message
	else:
		assert payload.tags


def test_pictures_are_read_back_by_a_decoder() -> None:
	zxing = pytest.importorskip("zxingcpp")
	image = pytest.importorskip("PIL.Image")
	for payload in (PHASE_1, FULL, replace(FULL, seller_name="شركة توريد التكنولوجيا بأقصى سرعة " * 3)):
		text = encode(payload)
		for scale in (2, 3, 4):
			found = zxing.read_barcodes(image.open(io.BytesIO(qr.image_png(text, scale=scale))).convert("L"))
			assert [code.text for code in found] == [text]
			assert found[0].ec_level == "L"


def test_the_picture_is_dark_on_light() -> None:
	"""Some readers take the inverse as well, most tills' do not."""
	image = pytest.importorskip("PIL.Image").open(io.BytesIO(qr.image_png("x", scale=3)))
	assert image.size == (29 * 3, 29 * 3)
	assert image.convert("L").getpixel((0, 0)) == 255
	assert image.convert("L").getpixel((4 * 3, 4 * 3)) == 0


def test_the_vector_picture_draws_the_same_modules() -> None:
	"""Every module of the matrix is covered by the path, and no other."""
	text = encode(FULL)
	matrix = qr.modules(text)
	drawn = [[False] * len(matrix) for _ in matrix]
	svg = qr.image_svg(text).decode()
	for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\d+z", svg):
		for column in range(int(x), int(x) + int(width)):
			drawn[int(y)][column] = True
	assert drawn == matrix
	assert f'viewBox="0 0 {len(matrix)} {len(matrix)}"' in svg


def test_four_light_modules_surround_the_code() -> None:
	matrix = qr.modules("x")
	assert not any(any(row) for row in matrix[:4] + matrix[-4:])
	assert not any(any(row[:4] + row[-4:]) for row in matrix)


def test_more_than_a_picture_holds_is_refused() -> None:
	with pytest.raises(InvalidInput):
		qr.modules("x" * 3000)
