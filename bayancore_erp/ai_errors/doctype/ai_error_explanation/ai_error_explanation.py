"""AI Error Explanation: what a language model said about a kind of problem, kept by the problem, the question's version and the
model. A reviewer may mend its words, approve it for its code, or withdraw it.
"""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime

from bayancore_erp.ai_errors.adapter import learning
from bayancore_erp.ai_errors.adapter.explaining import as_answer
from bayancore_erp.ai_errors.core.answer import AnswerRefused, read


class AIErrorExplanation(Document):
	"""Held to the same form as an answer, whoever wrote its words."""

	def validate(self) -> None:
		try:
			read(as_answer(self))
		except AnswerRefused:
			frappe.throw(
				_("An explanation is plain text in English and in Arabic, without links, markup or code.")
			)
		if self.promoted and self.withdrawn:
			frappe.throw(_("An explanation is either approved or withdrawn."))
		before = self.get_doc_before_save()
		if before and any(before.get(field) != self.get(field) for field in ("promoted", "withdrawn")):
			self.reviewed_by = frappe.session.user
			self.reviewed_at = now_datetime()
		self.rank = learning.rank(self)
