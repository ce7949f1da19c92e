"""The sRGB colour profile that a PDF/A names as its output intent, built from the standard's own numbers.

Gives 480-odd bytes of ICC profile, version 4.2, class display (`mntr`), colour space RGB, connection space XYZ.
Source: IEC 61966-2-1 (primaries, transfer curve), adapted to D50 as in Annex E of ICC.1:2010 (Bradford).
"""

from __future__ import annotations

import struct
from functools import cache

# Signed fixed-point numbers with 16 binary places, as the profile holds them.
_D50 = (0xF6D6, 0x10000, 0xD32D)
_RED = (0x6FA2, 0x38F5, 0x0390)
_GREEN = (0x6299, 0xB785, 0x18DA)
_BLUE = (0x24A0, 0x0F84, 0xB6CF)
# From D65, the white of sRGB, to D50.
_ADAPTATION = (68674, 1502, -3291, 1939, 64912, -1118, -605, 988, 49262)
# ((x + 0.055) / 1.055) ** 2.4 above 0.04045, x / 12.92 below.
_CURVE = (0x26666, 0xF2A7, 0x0D59, 0x13D0, 0x0A5B)
_MADE = (2026, 1, 1, 0, 0, 0)


@cache
def profile() -> bytes:
	"""The ICC profile."""
	curve = b"para" + bytes(4) + struct.pack(">HH5i", 3, 0, *_CURVE)
	tags = {
		b"desc": _words("sRGB"),
		b"cprt": _words("No copyright, use freely"),
		b"wtpt": _xyz(_D50),
		b"chad": b"sf32" + bytes(4) + struct.pack(">9i", *_ADAPTATION),
		b"rXYZ": _xyz(_RED),
		b"gXYZ": _xyz(_GREEN),
		b"bXYZ": _xyz(_BLUE),
		b"rTRC": curve,
		b"gTRC": curve,
		b"bTRC": curve,
	}
	return _assembled(tags)


def _words(text: str) -> bytes:
	body = text.encode("utf-16-be")
	return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(body), 28) + body


def _xyz(values: tuple[int, int, int]) -> bytes:
	return b"XYZ " + bytes(4) + struct.pack(">3i", *values)


def _assembled(tags: dict[bytes, bytes]) -> bytes:
	start = 128 + 4 + 12 * len(tags)
	table, body = b"", b""
	places: dict[bytes, int] = {}
	for name, data in tags.items():
		# The three curves are one.
		if data not in places:
			body += bytes(-len(body) % 4)
			places[data] = start + len(body)
			body += data
		table += struct.pack(">4sII", name, places[data], len(data))
	body += bytes(-len(body) % 4)
	header = struct.pack(
		">I4sI4s4s4s6H4s4sI4s4sQI3i",
		start + len(body),
		bytes(4),
		0x04200000,
		b"mntr",
		b"RGB ",
		b"XYZ ",
		*_MADE,
		b"acsp",
		bytes(4),
		0,
		bytes(4),
		bytes(4),
		0,
		0,
		*_D50,
	)
	return header.ljust(128, b"\x00") + struct.pack(">I", len(tags)) + table + body
