"""What may be written in an element or attribute: the lexical forms of the XML Schema types that UBL uses.

Takes a text as it stands in the document; gives whether the type accepts it. Never converts anything.
Accepts exactly what libxml2's schema validator accepts, since that is what the verdict is compared with: no spaces
around dates, leading ones before a time, stray characters inside base64, an empty anyURI. Source: XML Schema part 2, and libxml2 2.14.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable
from functools import lru_cache

Check = Callable[[str], object]

SPACES = " \t\n\r"
_NUMBER = r"[ \t\n\r]*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[ \t\n\r]*"
_ZONE = r"(?:Z|[+-](?:0[0-9]|1[0-3]):[0-5][0-9]|[+-]14:00)?"
_DAY = r"(-?(?:[1-9][0-9]{4,}|[0-9]{4}))-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?|24:00:00(?:\.0+)?)"
_MAX_YEAR = 9223372036854775807
_MOST_YEAR_DIGITS = 20

# RFC 3986, after libxml2 has replaced what it lets pass anyway (spaces, quotes, non-ASCII letters) by an underscore.
_PCHAR = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_REGNAME = r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
_AUTHORITY = rf"//(?:(?:{_REGNAME}|:)*@)?(?:\[[^\]]*\]|{_REGNAME}*)(?::[0-9]+)?(?:/{_PCHAR}*)*"
_ROOTED = rf"/(?:{_PCHAR}+(?:/{_PCHAR}*)*)?"
_SEGMENTS = rf"{_PCHAR}+(?:/{_PCHAR}*)*"
_FIRST_WITHOUT_COLON = rf"(?:(?!:){_PCHAR})+(?:/{_PCHAR}*)*"
_TAIL = rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?\[\]])*)?"
_URI = re.compile(
	rf"(?:[A-Za-z][A-Za-z0-9+.-]*:(?:{_AUTHORITY}|{_ROOTED}|{_SEGMENTS}|)"
	rf"|{_AUTHORITY}|{_ROOTED}|{_FIRST_WITHOUT_COLON}|){_TAIL}"
)
_URI_LENIENT = re.compile(r"[^!#-;=?-\[\]_a-z~]")
_PORT = re.compile(
	r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#@]*@)?(?:\[[^\]]*\]|[^:/?#]*):([0-9]+)(?=[/?#]|$)"
)
_MAX_PORT = 2147483647

_BASE64 = re.compile("([A-Za-z0-9+/]*)(={0,2})")
_LAST_BEFORE_PADDING = ("", "AEIMQUYcgkosw048", "AQgw")
_STRAY = re.compile("[^A-Za-z0-9+/=]+")

is_decimal: Check = re.compile(_NUMBER).fullmatch
are_decimals: Check = re.compile(f"{_NUMBER}(?:\0{_NUMBER})*").fullmatch
"""Several decimals at once, with a character between them that no document can hold."""
is_integer: Check = re.compile(r"[ \t\n\r]*[+-]?[0-9]+[ \t\n\r]*").fullmatch
is_boolean: Check = re.compile(r"[ \t\n\r]*(?:true|false|1|0)[ \t\n\r]*").fullmatch
is_time: Check = re.compile(rf"[ \t\n\r]*{_CLOCK}{_ZONE}").fullmatch
is_language: Check = re.compile(r"[ \t\n\r]*[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*[ \t\n\r]*").fullmatch
is_name: Check = re.compile(r"[ \t\n\r]*[^\W\d][\w.\-\u00b7]*[ \t\n\r]*").fullmatch
_match_date = re.compile(_DAY + _ZONE).fullmatch
_match_date_time = re.compile(rf"{_DAY}T{_CLOCK}(?:{_ZONE[:-1]}[ \t\n\r]*)?").fullmatch


@lru_cache(maxsize=256)
def is_date(text: str) -> bool:
	"""A day that the calendar has, with an optional time zone."""
	return _is_day(_match_date(text))


def is_date_time(text: str) -> bool:
	"""A day and a time of day, with an optional time zone."""
	return _is_day(_match_date_time(text))


def _is_day(match: re.Match[str] | None) -> bool:
	if match is None:
		return False
	if len(match[1]) > _MOST_YEAR_DIGITS:
		return False
	year, month, day = int(match[1]), int(match[2]), int(match[3])
	if not year or abs(year) > _MAX_YEAR:
		return False
	# The calendar repeats every 400 years, which brings any year into the range that the library knows.
	return day <= 28 or day <= monthrange(year % 400 + 2000, month)[1]


def is_base64(text: str) -> bool:
	"""Base64 with correct padding; characters outside the alphabet do not count."""
	match = _BASE64.fullmatch(text) or _BASE64.fullmatch(_STRAY.sub("", text))
	if match is None:
		return False
	letters, padding = match.groups()
	if (len(letters) + len(padding)) % 4:
		return False
	# Bits beyond the last whole byte must be zero, which leaves few letters before the padding.
	return not padding or (letters[-1:] in _LAST_BEFORE_PADDING[len(padding)] and bool(letters))


@lru_cache(maxsize=256)
def is_uri(text: str) -> bool:
	"""A URI reference; what RFC 3986 forbids but people write (spaces, Arabic) is let pass."""
	given = _URI_LENIENT.sub("_", text.strip(SPACES))
	if not _URI.fullmatch(given):
		return False
	port = _PORT.match(given)
	return port is None or int(port[1].lstrip("0")[:11] or "0") <= _MAX_PORT


TEXT_TYPES: dict[str, Check | None] = {
	"string": None,
	"normalizedString": None,
	"decimal": is_decimal,
	"integer": is_integer,
	"boolean": is_boolean,
	"date": is_date,
	"time": is_time,
	"dateTime": is_date_time,
	"base64Binary": is_base64,
	"anyURI": is_uri,
	"language": is_language,
	"ID": is_name,
	"any": None,
}
"""Every type of text in the schemas by its name; None where any text will do."""


def check_for(name: str) -> Check | None:
	"""The test for a type name, or for an enumeration written `a|b`."""
	if "|" in name:
		return frozenset(name.split("|")).__contains__
	return TEXT_TYPES[name]
