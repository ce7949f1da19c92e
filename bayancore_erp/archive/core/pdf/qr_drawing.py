"""The QR of the XML as one vector path, for printing.

Takes the base64 text of KSA-14. Gives SVG text of the dark modules alone; the layout leaves the quiet zone white.
Source: ISO/IEC 18004. Error correction L and the text as it is, as in `zatca.core.qr`.
"""

from __future__ import annotations

from functools import lru_cache

import qrcode
from qrcode.constants import ERROR_CORRECT_L
from qrcode.exceptions import DataOverflowError

from bayancore_erp.zatca.core.errors import InvalidInput

# Any mask is readable; trying all eight costs 40 ms a page and changes nothing for base64, which is random to the eye.
_MASK = 2


@lru_cache(maxsize=64)
def qr_svg(text: str) -> str:
	"""`text` as an SVG, one unit a module, no quiet zone. Raises InvalidInput if it fits no QR."""
	code = qrcode.QRCode(error_correction=ERROR_CORRECT_L, border=0, mask_pattern=_MASK)
	code.add_data(text, optimize=0)
	try:
		code.make(fit=True)
	except (DataOverflowError, ValueError):
		raise InvalidInput(
			f"The QR text of {len(text)} characters does not fit into a QR.", field="qr"
		) from None
	matrix: list[list[bool]] = code.get_matrix()
	side = len(matrix)
	path = "".join(f"M{x} {y}h{width}v1h-{width}z" for y, row in enumerate(matrix) for x, width in _runs(row))
	return (
		f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{side}" height="{side}">'
		f'<path fill="#000000" d="{path}"/></svg>'
	)


def _runs(row: list[bool]) -> list[tuple[int, int]]:
	"""Start and length of each unbroken stretch of dark modules."""
	found: list[tuple[int, int]] = []
	start = -1
	for x, dark in enumerate([*row, False]):
		if dark and start < 0:
			start = x
		elif not dark and start >= 0:
			found.append((start, x - start))
			start = -1
	return found
