"""Which characters the shipped fonts can draw, and text made safe to draw.

Takes any text, hostile or broken. Gives text in which every character has a glyph, nothing reorders or hides its
neighbours, and no word is too long to be broken. PDF/A forbids the "no glyph" box (ISO 19005-3, 6.2.11.8), so what no
font covers becomes U+FFFD; the XML beside it in the PDF keeps the original.

Source: OpenType 1.9 `cmap` formats 4 and 12; Unicode UAX #9 (bidirectional controls).
"""

from __future__ import annotations

import struct
import unicodedata
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path

FONT_FOLDER = Path(str(resources.files(__package__))) / "fonts"
# In the order of preference; the template names the same families.
FONT_FILES = ("IBMPlexSansArabic-Regular.ttf", "NotoSans-Regular.ttf")

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# Arabic and Persian spelling needs these two; all other format characters only move or hide text.
_JOINERS = "\N{ZERO WIDTH NON-JOINER}\N{ZERO WIDTH JOINER}"
_BREAK = "\N{ZERO WIDTH SPACE}"
# An IBAN has 24 characters and must be copied as it is; a UUID (36) is asked for with a limit of its own.
LONG_WORD = 26
_EVERY = 11
_MAX_MARKS = 4


@cache
def coverage() -> tuple[frozenset[int], ...]:
	"""The code points that each font draws, in order of preference."""
	return tuple(_covered((FONT_FOLDER / name).read_bytes()) for name in FONT_FILES)


@lru_cache(maxsize=4096)
def safe(text: str, longest: int = LONG_WORD) -> str:
	"""`text` ready to be drawn, words of more than `longest` characters given places to break."""
	text = unicodedata.normalize("NFC", text)
	drawn: list[str] = []
	fonts: tuple[frozenset[int], ...] = ()
	marks = 0
	for char in text:
		kind = unicodedata.category(char)
		if char in _JOINERS:
			drawn.append(char)
		elif char in "\n\r\t" or kind in ("Zs", "Zl", "Zp"):
			drawn.append(" ")
			fonts, marks = (), 0
		elif kind[0] == "C":
			# Controls and format characters vanish; unassigned and private ones show that something stood there.
			if kind in ("Cn", "Co", "Cs"):
				drawn.append(_REPLACEMENT)
			fonts, marks = (), 0
		elif kind[0] == "M":
			# One font must draw a letter and all its marks together.
			shared = tuple(font for font in fonts if ord(char) in font)
			marks += 1
			if shared and marks <= _MAX_MARKS:
				drawn.append(char)
				fonts = shared
		else:
			fonts, marks = _drawn_by(char), 0
			drawn.append(char if fonts else _compatible(char))
	return " ".join(_breakable(word, longest) for word in "".join(drawn).split())


def is_rtl(text: str) -> bool:
	"""Whether the first strong letter is of a right-to-left script."""
	for char in text:
		direction = unicodedata.bidirectional(char)
		if direction in ("R", "AL"):
			return True
		if direction == "L":
			return False
	return False


def _drawn_by(char: str) -> tuple[frozenset[int], ...]:
	return tuple(font for font in coverage() if ord(char) in font)


def _compatible(char: str) -> str:
	"""What the character stands for in plain letters (as `m2` for the squared-metre sign), or U+FFFD."""
	plain = unicodedata.normalize("NFKC", char)
	return plain if plain != char and all(_drawn_by(one) for one in plain) else _REPLACEMENT


def _breakable(word: str, longest: int) -> str:
	if len(word) <= longest:
		return word
	pieces: list[str] = []
	start = 0
	while start < len(word):
		end = start + _EVERY
		# A break never parts a letter from its marks.
		while end < len(word) and unicodedata.category(word[end])[0] == "M":
			end += 1
		pieces.append(word[start:end])
		start = end
	return _BREAK.join(pieces)


def _covered(font: bytes) -> frozenset[int]:
	"""The code points in the `cmap` table of a TrueType or OpenType font."""
	(tables,) = struct.unpack(">H", font[4:6])
	for index in range(tables):
		tag, _, offset, length = struct.unpack(">4sIII", font[12 + 16 * index : 28 + 16 * index])
		if tag == b"cmap":
			return _read_cmap(font[offset : offset + length])
	return frozenset()


def _read_cmap(cmap: bytes) -> frozenset[int]:
	found: set[int] = set()
	(count,) = struct.unpack(">H", cmap[2:4])
	for index in range(count):
		_, _, offset = struct.unpack(">HHI", cmap[4 + 8 * index : 12 + 8 * index])
		(form,) = struct.unpack(">H", cmap[offset : offset + 2])
		if form == 4:
			found |= _format_4(cmap[offset:])
		elif form == 12:
			found |= _format_12(cmap[offset:])
	return frozenset(found)


def _format_4(table: bytes) -> set[int]:
	(doubled,) = struct.unpack(">H", table[6:8])
	count = doubled // 2

	def row(at: int) -> tuple[int, ...]:
		return struct.unpack(f">{count}H", table[at : at + doubled])

	ends, starts = row(14), row(16 + doubled)
	deltas, offsets = row(16 + 2 * doubled), row(16 + 3 * doubled)
	found: set[int] = set()
	for segment, (start, end, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
		for code in range(start, end + 1):
			if not offset:
				glyph = (code + delta) & 0xFFFF
			else:
				at = 16 + 3 * doubled + 2 * segment + offset + 2 * (code - start)
				(glyph,) = struct.unpack(">H", table[at : at + 2]) if at + 2 <= len(table) else (0,)
			if glyph and code != 0xFFFF:
				found.add(code)
	return found


def _format_12(table: bytes) -> set[int]:
	(groups,) = struct.unpack(">I", table[12:16])
	found: set[int] = set()
	for index in range(groups):
		start, end, glyph = struct.unpack(">III", table[16 + 12 * index : 28 + 12 * index])
		found.update(range(start + (0 if glyph else 1), end + 1))
	return found
