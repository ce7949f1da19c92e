"""The outcomes of a call to Fatoora, and what each means for the document, the device and the person in front of it.

Takes nothing, decides nothing: names, sentences in both languages, and the value that `parse` returns.
Never shows a secret: `Csid` and everything that holds one print without it. Source: ZATCA.md section 5, TAX.md section 2.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import Enum
from typing import NamedTuple

from bayancore_erp.zatca.core.codes import Name


class Endpoint(str, Enum):
	"""The six calls of the gateway; method, path and headers of each are in `client.endpoints`."""

	COMPLIANCE_CSID = "compliance-csid"
	COMPLIANCE_CHECK = "compliance-check"
	PRODUCTION_CSID = "production-csid"
	RENEWAL = "renewal"
	REPORTING = "reporting"
	CLEARANCE = "clearance"


DOCUMENT_ENDPOINTS = frozenset({Endpoint.REPORTING, Endpoint.CLEARANCE})
CSID_ENDPOINTS = frozenset({Endpoint.COMPLIANCE_CSID, Endpoint.PRODUCTION_CSID, Endpoint.RENEWAL})


class NextAction(str, Enum):
	"""What is to be done now. RESEND_SAME_BYTES is the only one a machine may do by itself, again and again."""

	DONE = "done"
	RESEND_SAME_BYTES = "resend-same-bytes"
	SEND_TO_REPORTING = "send-to-reporting"
	CORRECT_AND_RENUMBER = "correct-and-renumber"
	HOLD_DEVICE = "hold-device"
	FIX_CONFIGURATION = "fix-configuration"
	ENTER_NEW_OTP = "enter-new-otp"
	CORRECT_CSR = "correct-csr"
	RUN_CHECKS = "run-checks"


class Kind(str, Enum):
	"""The verdict in one word."""

	CLEARED = "cleared"
	REPORTED = "reported"
	CLEARED_COPY_MISSING = "cleared-copy-missing"
	REJECTED = "rejected"
	UNEXPLAINED_REFUSAL = "unexplained-refusal"
	CLEARANCE_OFF = "clearance-off"
	UNAUTHORISED = "unauthorised"
	FORBIDDEN = "forbidden"
	VERSION_REFUSED = "version-refused"
	WRONG_ADDRESS = "wrong-address"
	TOO_LARGE = "too-large"
	RATE_LIMITED = "rate-limited"
	UNAVAILABLE = "unavailable"
	UNKNOWN = "unknown"
	NEVER_SENT = "never-sent"
	COMPLIANCE_PASSED = "compliance-passed"
	COMPLIANCE_FAILED = "compliance-failed"
	CSID_ISSUED = "csid-issued"
	CSID_REFUSED = "csid-refused"
	OTP_REFUSED = "otp-refused"
	CHECKS_MISSING = "checks-missing"
	RENEWAL_NEEDS_CHECKS = "renewal-needs-checks"


class Meaning(NamedTuple):
	"""What a kind of outcome means. `is_final`: sending the same bytes again would change nothing.

	`counts_as_sent`: ZATCA has accepted the document, so it must never be corrected, renumbered or sent as a new one.
	"""

	action: NextAction
	is_final: bool
	counts_as_sent: bool
	sentence: Name


_DONE, _RESEND = NextAction.DONE, NextAction.RESEND_SAME_BYTES

MEANINGS: dict[Kind, Meaning] = {
	Kind.CLEARED: Meaning(
		_DONE,
		True,
		True,
		Name(
			"ZATCA has cleared the document. The cleared copy is the legal one: give that one to the buyer.",
			"اعتمدت الهيئة المستند. النسخة المعتمدة هي النسخة النظامية التي تُسلَّم للمشتري.",
		),
	),
	Kind.REPORTED: Meaning(
		_DONE,
		True,
		True,
		Name("The document has been reported to ZATCA.", "تم إبلاغ الهيئة بالمستند."),
	),
	Kind.CLEARED_COPY_MISSING: Meaning(
		_RESEND,
		False,
		True,
		Name(
			"ZATCA has cleared the document, but its cleared copy did not arrive. The same file is sent again to fetch it; "
			"do not change the document.",
			"اعتمدت الهيئة المستند لكن النسخة المعتمدة لم تصل. يُعاد إرسال الملف نفسه لاستلامها؛ لا تُعدّل المستند.",
		),
	),
	Kind.REJECTED: Meaning(
		NextAction.CORRECT_AND_RENUMBER,
		True,
		False,
		Name(
			"ZATCA has rejected the document. Correct what its messages name and submit again.",
			"رفضت الهيئة المستند. صحّح ما تذكره الرسائل ثم أعد التقديم.",
		),
	),
	Kind.UNEXPLAINED_REFUSAL: Meaning(
		_RESEND,
		False,
		False,
		Name(
			"ZATCA refused the request without giving a reason. The same request is sent again a few times; "
			"if that does not help, ask ZATCA's support.",
			"رفضت الهيئة الطلب دون ذكر السبب. يُعاد إرسال الطلب نفسه عدة مرات؛ وإن لم ينجح فتواصل مع دعم الهيئة.",
		),
	),
	Kind.CLEARANCE_OFF: Meaning(
		NextAction.SEND_TO_REPORTING,
		True,
		False,
		Name(
			"ZATCA has switched clearance off for now. The same file is sent to reporting instead.",
			"أوقفت الهيئة خدمة الاعتماد مؤقتاً. يُرسل الملف نفسه إلى خدمة الإبلاغ بدلاً منها.",
		),
	),
	Kind.UNAUTHORISED: Meaning(
		NextAction.HOLD_DEVICE,
		False,
		False,
		Name(
			"ZATCA does not accept this device's credentials. The device is held; its invoices wait unchanged until the "
			"credentials are renewed.",
			"لا تقبل الهيئة بيانات دخول هذا الجهاز. أُوقف الجهاز، وتنتظر فواتيره دون تغيير حتى تُجدَّد بيانات الدخول.",
		),
	),
	Kind.FORBIDDEN: Meaning(
		NextAction.HOLD_DEVICE,
		False,
		False,
		Name(
			"The gateway denies access to this device or this network. The device is held; its invoices wait unchanged.",
			"ترفض بوابة الهيئة وصول هذا الجهاز أو هذه الشبكة. أُوقف الجهاز، وتنتظر فواتيره دون تغيير.",
		),
	),
	Kind.VERSION_REFUSED: Meaning(
		NextAction.FIX_CONFIGURATION,
		False,
		False,
		Name(
			"The gateway does not support the interface version V2 that was asked for. The app needs an update; "
			"invoices wait unchanged.",
			"لا تدعم بوابة الهيئة إصدار الواجهة V2 المطلوب. يحتاج التطبيق إلى تحديث، وتنتظر الفواتير دون تغيير.",
		),
	),
	Kind.WRONG_ADDRESS: Meaning(
		NextAction.FIX_CONFIGURATION,
		False,
		False,
		Name(
			"What answered at this address is not ZATCA's service: check the environment, the gateway address and the proxy. "
			"Invoices wait unchanged.",
			"الجهة التي أجابت على هذا العنوان ليست خدمة الهيئة: تحقق من البيئة وعنوان بوابة الهيئة والخادم الوكيل. "
			"تنتظر الفواتير دون تغيير.",
		),
	),
	Kind.TOO_LARGE: Meaning(
		NextAction.CORRECT_AND_RENUMBER,
		True,
		False,
		Name(
			"The invoice file is larger than ZATCA accepts (about 10 MB). Split it into several invoices.",
			"ملف الفاتورة أكبر مما تقبله الهيئة (نحو 10 ميغابايت). وزّع بنوده على عدة فواتير.",
		),
	),
	Kind.RATE_LIMITED: Meaning(
		_RESEND,
		False,
		False,
		Name(
			"ZATCA asks us to slow down. The same request is sent again a little later.",
			"تطلب الهيئة التمهّل. يُعاد إرسال الطلب نفسه بعد قليل.",
		),
	),
	Kind.UNAVAILABLE: Meaning(
		_RESEND,
		False,
		False,
		Name(
			"ZATCA's service is not working at the moment. The same request is sent again later; nothing needs to be changed.",
			"خدمة الهيئة لا تعمل حالياً. يُعاد إرسال الطلب نفسه لاحقاً؛ لا حاجة لتغيير شيء.",
		),
	),
	Kind.UNKNOWN: Meaning(
		_RESEND,
		False,
		False,
		Name(
			"It is not known whether ZATCA has accepted this, because no clear answer came. "
			"The same request is sent again, unchanged.",
			"لا يُعرف هل قبلت الهيئة هذا الطلب، لأنه لم يصل جواب واضح. يُعاد إرسال الطلب نفسه دون تغيير.",
		),
	),
	Kind.NEVER_SENT: Meaning(
		_RESEND,
		False,
		False,
		Name(
			"ZATCA could not be reached; nothing was sent. It is tried again later.",
			"تعذّر الوصول إلى الهيئة ولم يُرسل شيء. تُعاد المحاولة لاحقاً.",
		),
	),
	Kind.COMPLIANCE_PASSED: Meaning(
		_DONE,
		True,
		True,
		Name(
			"The test document passed ZATCA's compliance check.",
			"اجتاز المستند التجريبي فحص الامتثال لدى الهيئة.",
		),
	),
	Kind.COMPLIANCE_FAILED: Meaning(
		NextAction.CORRECT_AND_RENUMBER,
		True,
		False,
		Name(
			"The test document did not pass ZATCA's compliance check. Correct what its messages name and run the check again.",
			"لم يجتز المستند التجريبي فحص الامتثال لدى الهيئة. صحّح ما تذكره الرسائل ثم أعد الفحص.",
		),
	),
	Kind.CSID_ISSUED: Meaning(
		_DONE,
		True,
		True,
		Name("ZATCA has issued the certificate.", "أصدرت الهيئة الشهادة."),
	),
	Kind.CSID_REFUSED: Meaning(
		NextAction.CORRECT_CSR,
		True,
		False,
		Name(
			"ZATCA did not issue a certificate for this request. Check the device's details against the messages.",
			"لم تصدر الهيئة شهادة لهذا الطلب. راجع بيانات الجهاز وفق الرسائل.",
		),
	),
	Kind.OTP_REFUSED: Meaning(
		NextAction.ENTER_NEW_OTP,
		True,
		False,
		Name(
			"The one-time password is wrong, used or expired (it lives one hour). Make a new one in the Fatoora portal "
			"of the same environment and enter it.",
			"رمز التحقق (OTP) غير صحيح أو مستخدم أو منتهٍ (صلاحيته ساعة واحدة). أنشئ رمزاً جديداً من بوابة فاتورة "
			"للبيئة نفسها وأدخله.",
		),
	),
	Kind.CHECKS_MISSING: Meaning(
		NextAction.RUN_CHECKS,
		True,
		False,
		Name(
			"ZATCA has not yet seen all compliance documents of this device pass. Run the compliance checks.",
			"لم يجتز الجهاز جميع فحوص الامتثال لدى الهيئة بعد. نفّذ فحوص الامتثال.",
		),
	),
	Kind.RENEWAL_NEEDS_CHECKS: Meaning(
		NextAction.RUN_CHECKS,
		True,
		False,
		Name(
			"ZATCA has issued a temporary certificate for the renewal. The compliance checks run once more before the "
			"new one; the present certificate stays in use meanwhile.",
			"أصدرت الهيئة شهادة مؤقتة للتجديد. تُنفَّذ فحوص الامتثال مرة أخرى قبل الشهادة الجديدة، "
			"وتبقى الشهادة الحالية مستخدمة أثناء ذلك.",
		),
	),
}


@dataclass(frozen=True, slots=True)
class Message:
	"""One message of ZATCA, as it came. `type` is ERROR, WARNING or INFO."""

	type: str
	code: str
	category: str
	text: str
	status: str


@dataclass(frozen=True, slots=True)
class Csid:
	"""What the gateway issues: the token (a public certificate, base64 twice) and the secret that goes with it."""

	request_id: str
	token: str
	secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Outcome:
	"""One answer, understood. `status` is None where no answer came.

	`detail` says in English what exactly was found, for the log and the support; the person reads `sentence`.
	"""

	kind: Kind
	endpoint: Endpoint
	status: int | None
	messages: tuple[Message, ...] = ()
	detail: str = ""
	cleared_xml: bytes | None = field(default=None, repr=False)
	csid: Csid | None = None
	is_duplicate: bool = False
	retry_after: str = ""
	omitted: int = 0
	"""How many messages of an absurdly long answer were left out."""

	@property
	def meaning(self) -> Meaning:
		"""The row of `MEANINGS` for this outcome."""
		return MEANINGS[self.kind]

	@property
	def action(self) -> NextAction:
		"""What is to be done now."""
		return self.meaning.action

	@property
	def is_final(self) -> bool:
		"""Whether the verdict is known, so that the same bytes need not go again."""
		return self.meaning.is_final

	@property
	def document_counts_as_sent(self) -> bool:
		"""Whether ZATCA has accepted the document (or the request for a CSID)."""
		return self.meaning.counts_as_sent

	@property
	def sentence(self) -> Name:
		"""The meaning for the person, in English and Arabic."""
		return self.meaning.sentence

	@property
	def errors(self) -> tuple[Message, ...]:
		"""The messages of type ERROR."""
		return tuple(message for message in self.messages if message.type == "ERROR")

	@property
	def warnings(self) -> tuple[Message, ...]:
		"""The messages of type WARNING; ZATCA may turn any of them into a rejection later."""
		return tuple(message for message in self.messages if message.type == "WARNING")

	@property
	def has_warnings(self) -> bool:
		"""Whether something is to be improved; that a document was known already is no such thing."""
		return any(message.category.casefold() != "duplicate-invoice" for message in self.warnings)

	def without(self, secrets: tuple[str, ...]) -> Outcome:
		"""The same outcome with every one of `secrets` blotted out of its messages, should the gateway echo one."""

		def blot(text: str) -> str:
			for secret in secrets:
				text = text.replace(secret, "***") if secret else text
			return text

		return replace(
			self,
			detail=blot(self.detail),
			messages=tuple(
				Message(m.type, blot(m.code), blot(m.category), blot(m.text), blot(m.status))
				for m in self.messages
			),
		)

	def as_record(self) -> dict[str, object]:
		"""What an audit may keep, ready for JSON: no secret, no document bytes."""
		return {
			"kind": self.kind.value,
			"endpoint": self.endpoint.value,
			"status": self.status,
			"action": self.action.value,
			"is_final": self.is_final,
			"counts_as_sent": self.document_counts_as_sent,
			"is_duplicate": self.is_duplicate,
			"detail": self.detail,
			"messages": [
				{
					"type": m.type,
					"code": m.code,
					"category": m.category,
					"message": m.text,
					"status": m.status,
				}
				for m in self.messages
			],
			"omitted_messages": self.omitted,
		}
