"""Every word of the desk exists in Arabic, in our own wording, and one thing has one name through the whole app.

Frappe's and ERPNext's own Arabic is not to be relied on: it calls Automatic an equation, an Amount a quantity and the
Sandbox a box of sand. What is borrowed from it all the same is listed here, each word read.
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "bayancore_erp"
SENTENCES = PACKAGE / "zatca" / "core" / "rules" / "sentences.json"

BORROWED = {
	"API Key", "Advances", "Assignment", "Certificate", "Company", "Create", "Credit Note", "Debit Note", "Details", "Difference",
	"Export", "Get Items From", "Help", "Invoice", "Invoice Type", "No", "Open", "Payment", "Payment Entry", "Progress", "Remove",
	"Sales Order", "Service", "State", "Yes",
}  # fmt: skip
# Words of ERPNext's own forms whose Arabic misleads beside ours: an amount is no quantity, and what is submitted is not enrolled.
CORRECTED = {
	"Amount", "Posting Time", "Edit Posting Date and Time", "Is Return (Credit Note)",
	"Submit", "Submitted", "Submit this document to confirm",
}  # fmt: skip
# What must not be said -> what is said instead.
WORDS = {
	"زاتكا": "الهيئة، إعدادات الفوترة الإلكترونية",
	"هيئة الزكاة(?! والضريبة)": "الهيئة",
	"رقم التسجيل الضريبي": "الرقم الضريبي",
	"منشأتكم|شركتكم|مستندكم|فواتيركم": "شركتك …: people are spoken to in the singular",
	"الالتزام": "الامتثال",
	"مدير النظام": "مسؤول النظام",
	"سجل العميل": "بطاقة العميل",
	"في سجل الشركة": "بيانات الشركة",
	"المجاميع|مجاميع": "الإجماليات",
	"خارج نطاق الضريبة|خارج النطاق": "غير خاضع للضريبة",
	"فئة الضريبة": "الفئة الضريبية",
	"توريد اسمي": "توريد افتراضي",
	"ال?مجمَّعة": "ملخصة",
	"قُيّد|مقيدة": "رُحّل",
	"(?<!ال)عمليات الخلفية": "العمليات الخلفية",
	"بيانات (ال)?اعتماد": "بيانات الدخول",
	"رمز الاستجابة": "رمز QR",
	"متقاعد": "خارج الخدمة",
	"السطر \\{": "الصف",
	"البوابة": "بوابة الهيئة",
}
SPELLING = {
	"\u064e?\u064b\u0627": "tanwin stands on the alif: اً",
	"\u0651\u0650|\u0650\u0651": "shadda alone: صحّح",
	"(?<![\u0600-\u06ff])(ال)?عداد(?![\u0600-\u06ff])": "العدّاد",
	"٪|(\\}|\\d) %": "15%",
	"[a-zA-Z\u0600-\u06ff],|\\?|;": "، ؛ ؟",
	"  ": "one blank",
}


def rows() -> list[list[str]]:
	"""English, Arabic, and the place where the word means this; empty where it means it everywhere."""
	with (PACKAGE / "translations" / "ar.csv").open(encoding="utf-8", newline="") as file:
		return list(csv.reader(file))


def shown() -> Iterator[tuple[str, str, str]]:
	"""Every text of the desk, the place that Frappe translates it in, and the file it stands in."""
	for doctype in documents("doctype"):
		yield doctype["name"], "", doctype["name"]
		yield from fields(doctype["fields"], doctype["name"])
	for field in json.loads((PACKAGE / "fixtures" / "custom_field.json").read_text(encoding="utf-8")):
		yield from fields([field], field["dt"])
	for kind in ("workspace", "report", "page", "number_card", "dashboard_chart"):
		for document in documents(kind):
			yield document.get("title") or document.get("label") or document["name"], "", kind
			for part in (*document.get("links", []), *document.get("shortcuts", [])):
				yield part["label"], "", kind
	for file in (*PACKAGE.rglob("*.js"), *PACKAGE.rglob("*.html")):
		for text, place in re.findall(
			r'\b__\(\s*"((?:[^"\\]|\\.)+)"(?:,\s*(?:null|\[[^\]]*\]),\s*"([^"]+)")?',
			file.read_text(encoding="utf-8"),
		):
			yield text, place, file.name
	for file in PACKAGE.rglob("*.py"):
		for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
			if not (isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_" and node.args):
				continue
			text_, context = node.args[0], {word.arg: word.value for word in node.keywords}.get("context")
			if isinstance(text_, ast.Constant):
				yield text_.value, context.value if isinstance(context, ast.Constant) else "", file.name  # type: ignore[misc]


def documents(kind: str) -> Iterator[dict[str, object]]:
	"""The standard documents of a kind: doctypes, reports, pages …"""
	for file in sorted(PACKAGE.glob(f"*/{kind}/*/*.json")):
		document = json.loads(file.read_text(encoding="utf-8"))
		if isinstance(document, dict) and "name" in document:
			yield document


def fields(found: object, place: str) -> Iterator[tuple[str, str, str]]:
	"""Labels, descriptions and options, which Frappe translates in the place of their doctype."""
	assert isinstance(found, list)
	for field in found:
		for key in ("label", "description"):
			yield field.get(key) or "", place, place
		if field["fieldtype"] == "Select":
			for option in (field.get("options") or "").split("\n"):
				yield option, place, place


@lru_cache(maxsize=1)
def arabic() -> tuple[tuple[str, str], ...]:
	"""Every Arabic text of the app with where it stands."""
	return tuple(written())


def written() -> Iterator[tuple[str, str]]:
	"""In the catalogue, the desk, the program."""
	for row in rows():
		yield row[1], row[0]
	for code, entry in json.loads(SENTENCES.read_text(encoding="utf-8")).items():
		for variant in (entry, *entry.get("fields", {}).values()):
			for key in ("ar", "ar_values"):
				yield variant.get(key, ""), code
	for file in PACKAGE.rglob("*.py"):
		for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
			if isinstance(node, ast.Constant) and isinstance(node.value, str) and is_prose(node.value):
				yield node.value, f"{file.name}:{node.lineno}"


def is_prose(text: str) -> bool:
	"""Arabic sentences, not the patterns, docstrings and units that hold some."""
	return bool(re.search("[\u0621-\u064a]{2}", text)) and not re.search(r"[|\\\[\]<>\n]", text)


def test_every_text_of_the_desk_is_in_our_arabic() -> None:
	known = {(row[0], row[2]) for row in rows()}
	missing = {
		(text, place, where)
		for text, place, where in shown()
		if re.search("[A-Za-z]", text)
		and (text, place) not in known
		and (text, "") not in known
		and text not in BORROWED
	}
	assert not missing


def test_the_forms_own_words_are_corrected() -> None:
	assert {row[0] for row in rows() if not row[2]} >= CORRECTED


def test_what_is_borrowed_is_still_used() -> None:
	assert {text for text, _, _ in shown()} >= BORROWED


def test_the_arabic_file_is_clean() -> None:
	sources = [(row[0], row[2]) for row in rows()]
	assert len(sources) == len(set(sources))
	for row in rows():
		assert len(row) == 3 and row[1].strip() == row[1] != "", row
		assert sorted(re.findall(r"\{\d*\}", row[0])) == sorted(re.findall(r"\{\d*\}", row[1])), row
		for english, ours in ((".", "."), ("?", "؟"), ("…", "…"), (":", ":")):
			assert row[0].endswith(english) == row[1].endswith(ours), row


def test_no_english_is_left_in_the_arabic() -> None:
	def latin(text: str) -> set[str]:
		return set(re.findall(r"[A-Za-z][A-Za-z0-9-]+", re.sub(r"\{\d*\}", "", text)))

	for row in rows():
		assert latin(row[1]) <= latin(row[0]) | {"OTP"}, row


@pytest.mark.parametrize("wrong", WORDS)
def test_one_word_for_one_thing(wrong: str) -> None:
	assert not [(text, where) for text, where in arabic() if re.search(wrong, text)], WORDS[wrong]


@pytest.mark.parametrize("wrong", SPELLING)
def test_one_spelling(wrong: str) -> None:
	found = [
		(text, where)
		for text, where in arabic()
		if re.search(wrong, re.sub(r"`[^`]*`|https?:\S+", "x", text))
	]
	assert not found, SPELLING[wrong]


def test_a_state_is_asked_for_with_its_context() -> None:
	"""Without it Frappe gives ERPNext's word: another On Hold, another Sandbox."""
	bare = re.compile(r"__\(\w+\.(?:state|environment)\)")
	assert not [
		file.name
		for file in (PACKAGE / "zatca").rglob("*.js")
		if bare.search(file.read_text(encoding="utf-8"))
	]
