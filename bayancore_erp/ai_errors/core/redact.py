"""What may leave this site about a problem: an allow-list first, redaction as the second line.

Takes a problem and the strings of its document; gives a `Redacted` problem in which every letter comes from our own lists:
code, category, document type and field paths by name, and of ZATCA's message only words of a fixed vocabulary. What looks
like a number, date, amount, address or identity is blotted before that, and whatever the document itself contains after it.
Never lets a doubt pass: where something of the document could still be read, the whole message stays here.
Source: PDPL art. 29 (transfer abroad), DESIGN.md promises 9 and 10.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from bayancore_erp.ai_errors.core.catalogue import canonical, find
from bayancore_erp.ai_errors.core.places import DATA, nearest
from bayancore_erp.zatca.core.xml import parse

BLOT = "[x]"
"""Too short to be, or to complete, anything of a document."""
NO_CODE = "unknown"
"""What is said in place of a code that may not leave: of one such code what is known of another is not true."""
LEAST = 3
"""Strings of fewer characters say nothing by themselves."""
MOST_MESSAGE = 4000

CATEGORIES = frozenset(
	{"EN_16931", "KSA", "XSD", "XSD validation", "INVOICE_HASHING_ERRORS", "CERTIFICATE_ERRORS"}
	| {"SIGNATURE_ERRORS", "QRCODE_VALIDATION", "PIH", "Duplicate-Invoice", "Permissions", "OTP", "CSR"}
)
DOCUMENT_TYPES = frozenset(
	f"{kind} {document}"
	for kind in ("standard", "simplified")
	for document in ("invoice", "credit note", "debit note", "prepayment invoice")
)

_IDENTITIES = re.compile(
	"|".join(
		(
			r"https?://\S+",
			r"[^\s@<>\"']+@[^\s@<>\"']+",  # e-mail
			r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}",  # UUID
			r"\b[a-z]{2}\d{2}(?:(?:[ -]?\d{1,4}){3,8}|[a-z0-9]{11,30})\b",  # IBAN
			r"(?:\+|00)\d[\d\s()-]{6,16}\d",  # telephone, international
			r"\b0?5\d[\s-]?\d{3}[\s-]?\d{4}\b",  # mobile telephone in the Kingdom
			r"\b3\d{13}3\b",  # VAT number
			r"\b[127]\d{9}\b",  # national id, iqama, commercial register, unified number
			r"\b\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}(?:[t ]\d{1,2}:\d{2}(?::\d{2})?z?)?\b",  # dates
			r"\b\d{1,2}:\d{2}(?::\d{2})?\b",  # times
			r"[-+]?\d[\d,٬'\s]*(?:[.٫]\d+)?\s*%?",  # amounts and every other figure
			r"[a-z0-9+/]{24,}={0,2}",  # base64: hashes, keys, QR
		)
	),
	re.IGNORECASE,
)
# The dictionary's own terms hold figures, so they are set aside before figures are blotted.
_TERMS = re.compile(r"\b(?:BT|BG|KSA|BR|UBL)(?:-[A-Z]{1,7}\d{0,6})*-\d{1,3}\b")
_CODE = re.compile(r"[A-Za-z][A-Za-z_-]{2,39}\Z|(?:BR|KSA)(?:-[A-Z]{1,7}\d{0,6})*-[A-Z]?\d{1,3}\Z")
_WORD = re.compile(r"[^\W\d_]+")
# Arabic marks and the tatweel change how a word is written, not which word it is.
_MARKS = re.compile("[\u0640\u064b-\u065f\u0670\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Problem:
	"""What ZATCA said of a document, as it came. None of it leaves as it is."""

	code: str
	message: str = ""
	category: str = ""
	document_type: str = ""
	"""Such as "standard credit note"."""
	fields: tuple[str, ...] = ()
	"""Model paths the locator found, surest first."""


@dataclass(frozen=True, slots=True)
class Redacted:
	"""What may leave: nothing in it was written by the seller, the buyer or anybody but us and the rule book."""

	code: str
	category: str
	message: str
	document_type: str
	fields: tuple[str, ...]

	def as_json(self) -> dict[str, object]:
		"""Ready for the prompt, the preview and the audit."""
		return {
			"code": self.code,
			"category": self.category,
			"message": self.message,
			"document_type": self.document_type,
			"fields": list(self.fields),
		}


def redact(problem: Problem, strings: Iterable[str] = ()) -> Redacted:
	"""The problem without anything of the document. `strings` are the document's own: see `strings_of`, and add what only
	the ERP knows (internal names, contact). Never raises."""
	secrets = Secrets(strings)
	fields = [path for path in map(nearest, problem.fields) if path]
	return Redacted(
		_code(problem.code, secrets),
		problem.category if problem.category in CATEGORIES else "other",
		_message(problem.message, secrets),
		problem.document_type if problem.document_type in DOCUMENT_TYPES else "other",
		tuple(dict.fromkeys(fields)),
	)


# What a message quotes is a value; an apostrophe within a word is none.
_QUOTED = re.compile(
	r"(?<!\w)'[^'\n]{1,200}'(?!\w)|\"[^\"\n]{1,200}\"|[“«‘][^”»’\n]{1,200}[”»’]|\[[^\]\n]{1,200}\]"
)


def fingerprint(problem: Problem) -> Redacted:
	"""What makes two messages the same wording, whatever their documents say: to compare and to count with.

	A word that some document happens to contain stays in it, so it is never shown and never leaves: see `redact` for that.
	"""
	return redact(replace(problem, message=_QUOTED.sub(" \0 ", problem.message[:MOST_MESSAGE])))


# Said of every invoice by the standard itself; names and numbers never stand here.
_PUBLIC_ELEMENTS = frozenset(
	{"ProfileID", "DocumentCurrencyCode", "TaxCurrencyCode", "InvoiceTypeCode", "IdentificationCode"}
	| {"ChargeIndicator", "TaxExemptionReasonCode", "DocumentTypeCode", "AllowanceChargeReasonCode"}
)


def strings_of(document: bytes | None) -> frozenset[str]:
	"""Every text that somebody wrote into the document. Of what is no XML, every word."""
	if not document:
		return frozenset()
	try:
		root = parse(document)
	except Exception:  # a rejected document may be anything, and must leak nothing all the same
		return frozenset(document.decode("utf-8", errors="replace").split())
	return frozenset(text for element in root.iter() for text in _texts(element) if len(text) >= LEAST)


def _texts(element: Any) -> Iterable[str]:
	name = str(element.tag).rpartition("}")[2]
	parent = element.getparent()
	above = "" if parent is None else str(parent.tag).rpartition("}")[2]
	if name not in _PUBLIC_ELEMENTS and above not in ("TaxScheme", "TaxCategory", "ClassifiedTaxCategory"):
		yield (element.text or "").strip()
	yield (element.tail or "").strip()


class Secrets:
	"""The strings that may not be read in what leaves, as they are and word by word."""

	__slots__ = ("whole", "words")

	def __init__(self, strings: Iterable[str]) -> None:
		folded = {fold(text) for text in strings}
		self.whole = {text for text in folded if len(text) >= LEAST}
		self.words = {word for text in folded for word in re.split(r"[\W_]+", text) if len(word) >= LEAST}

	def hold(self, word: str) -> bool:
		"""Whether the word is, or has in it, a word of the document."""
		return any(secret in word for secret in self.words)

	def can_be_read_in(self, text: str) -> bool:
		"""Whether any of the strings occurs, with or without its blanks."""
		folded = fold(text)
		joined = "".join(folded.split())
		return any(
			secret in folded or "".join(secret.split()) in joined for secret in self.whole | self.words
		)


def fold(text: str) -> str:
	"""One spelling for what looks alike: compatibility forms, case, Arabic-Indic digits, marks, blanks."""
	plain = unicodedata.normalize("NFKC", text)
	plain = "".join(
		str(unicodedata.decimal(letter)) if unicodedata.category(letter) == "Nd" else letter
		for letter in plain
	)
	return " ".join(_MARKS.sub("", plain).casefold().split())


def _code(code: str, secrets: Secrets) -> str:
	code = canonical(code)
	if find(code) is not None:
		return code
	if not _CODE.match(code) or secrets.can_be_read_in(code):
		return NO_CODE
	return code


def _message(message: str, secrets: Secrets) -> str:
	message = unicodedata.normalize("NFKC", message[:MOST_MESSAGE])
	kept: list[str] = []
	for part, is_term in _parts(message):
		if is_term:
			kept.append(BLOT if secrets.hold(fold(part)) else part)
			continue
		blotted = _IDENTITIES.sub(" \0 ", fold(part))
		for token in re.findall(r"\0|[^\W\d_]+|[\w]+", blotted):
			known = _WORD.fullmatch(token) and token in vocabulary() and not secrets.hold(token)
			kept.append(token if known else BLOT)
	text = " ".join(
		word for index, word in enumerate(kept) if word != BLOT or kept[index - 1 : index] != [BLOT]
	)
	if secrets.can_be_read_in(text):
		return BLOT
	return text


def _parts(message: str) -> Iterable[tuple[str, bool]]:
	at = 0
	for term in _TERMS.finditer(message):
		yield message[at : term.start()], False
		yield term[0], True
		at = term.end()
	yield message[at:], False


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
	"""The words of rule books and of our own sentences: the only ones that may leave."""
	return frozenset((DATA / "vocabulary.txt").read_text(encoding="utf-8").split())
