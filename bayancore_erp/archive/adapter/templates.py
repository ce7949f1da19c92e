"""The words of a mail: an Email Template of the company's choice, or the one that came with the app.

Takes an invoice, its signed document and the occasion; gives subject and message. The templates are ordinary Email Templates:
people edit them in the desk, and an update of the app leaves them alone. Never puts a figure into a mail that the invoice does
not say.
"""

from __future__ import annotations

from typing import Any

import frappe
from frappe.utils import fmt_money

from bayancore_erp.archive.adapter.fields import Occasion

ENGLISH, ARABIC = "Tax Invoice", "Tax Invoice (Arabic)"
TEXTS = {
	ENGLISH: (
		"{{ notice }}{{ title_en|capitalize }} {{ doc.name }} from {{ seller }}",
		"""<p>Dear {{ doc.customer_name }},</p>
{% if occasion == 'Not Yet Cleared' %}<p>ZATCA's platform cannot be reached at the moment. Attached is a copy of {{ title_en }}
<b>{{ doc.name }}</b> of {{ date }} that is not yet cleared; it does not entitle you to deduct VAT. The cleared invoice follows by
itself.</p>
{% elif occasion == 'Replacement' %}<p>Attached is {{ title_en }} <b>{{ doc.name }}</b> of {{ date }}, issued again. It replaces the
one you received before; please use only this one.</p>
{% else %}<p>Attached is {{ title_en }} <b>{{ doc.name }}</b> of {{ date }}{% if amount %}, {{ amount }}{% endif %}. The PDF contains the
electronic invoice (XML) as ZATCA has it.</p>
{% endif %}<p>Kind regards,<br>{{ seller }}</p>""",
	),
	ARABIC: (
		"{{ notice }}{{ title_ar }} {{ doc.name }} من {{ seller_ar }}",
		"""<div dir="rtl" style="text-align:right"><p>السادة {{ doc.customer_name }} المحترمين،</p>
{% if occasion == 'Not Yet Cleared' %}<p>يتعذر حالياً الوصول إلى بوابة هيئة الزكاة والضريبة والجمارك. نرفق لكم نسخة من {{ title_ar }}
<b>{{ doc.name }}</b> بتاريخ {{ date }} لم تُعتمد بعد، ولا تخوّلكم خصم الضريبة. ستصلكم الفاتورة المعتمدة تلقائياً.</p>
{% elif occasion == 'Replacement' %}<p>نرفق لكم {{ title_ar }} <b>{{ doc.name }}</b> بتاريخ {{ date }} بعد إصدارها من جديد. وهي تحل محل
النسخة التي وصلتكم سابقاً، فنرجو الأخذ بها وحدها.</p>
{% else %}<p>نرفق لكم {{ title_ar }} <b>{{ doc.name }}</b> بتاريخ {{ date }}{% if amount %} بمبلغ {{ amount }}{% endif %}. يتضمن ملف PDF
الفاتورة الإلكترونية (XML) كما هي لدى الهيئة.</p>
{% endif %}<p>مع أطيب التحيات،<br>{{ seller_ar }}</p></div>""",
	),
}
NOTICES = {
	Occasion.NOT_YET_CLEARED.value: {"en": "Not yet cleared: ", "ar": "لم تُعتمد بعد: "},
	Occasion.REPLACEMENT.value: {"en": "Replacement: ", "ar": "نسخة بديلة: "},
}
"""Go before the subject."""
_TITLES = {
	("388", "Standard"): ("tax invoice", "الفاتورة الضريبية"),
	("388", "Simplified"): ("simplified tax invoice", "الفاتورة الضريبية المبسطة"),
	("386", "Standard"): ("prepayment invoice", "فاتورة الدفعة المقدمة"),
	("386", "Simplified"): ("prepayment invoice", "فاتورة الدفعة المقدمة"),
	("381", "Standard"): ("credit note", "الإشعار الدائن"),
	("381", "Simplified"): ("credit note", "الإشعار الدائن"),
	("383", "Standard"): ("debit note", "الإشعار المدين"),
	("383", "Simplified"): ("debit note", "الإشعار المدين"),
}


def install() -> None:
	"""The two templates, where the site has none of that name."""
	for name, (subject, message) in TEXTS.items():
		if not frappe.db.exists("Email Template", name):
			frappe.get_doc(
				{
					"doctype": "Email Template",
					"name": name,
					"subject": subject,
					"use_html": 1,
					"response_html": message,
				}
			).insert(ignore_permissions=True)


def text_of(invoice: Any, document: Any, settings: Any, language: str, occasion: str) -> tuple[str, str]:
	"""Subject and message in the customer's language."""
	chosen = settings.template_ar if language == "ar" else settings.template_en
	name = chosen or (ARABIC if language == "ar" else ENGLISH)
	if not frappe.db.exists("Email Template", name):
		install()
	title_en, title_ar = _TITLES.get((document.type_code, document.kind), ("invoice", "الفاتورة"))
	company = frappe.get_cached_doc("Company", invoice.company)
	template = frappe.get_cached_doc("Email Template", name)
	found = template.get_formatted_email(
		{
			"doc": invoice,
			"document": document,
			"occasion": Occasion(occasion).value,
			"notice": NOTICES.get(occasion, {}).get(language, ""),
			"title_en": title_en,
			"title_ar": title_ar,
			"seller": company.company_name,
			"seller_ar": company.get("zatca_name_ar") or company.company_name,
			"date": str(document.issued_at)[:10],
			"amount": fmt_money(document.total_with_vat, currency=document.currency),
		}
	)
	return str(found["subject"]), str(found["message"])
