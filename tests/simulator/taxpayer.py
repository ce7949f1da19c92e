"""A taxpayer's system in miniature: its own CSR, its own XML, its own requests; no client of the app's.

So that the simulator is held against the facts, not against the app's idea of them.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.keys import PrivateKey
from bayancore_erp.zatca.core.crypto.stamp import stamp

RIYADH = timezone(timedelta(hours=3))
FIRST_PIH = base64.b64encode(hashlib.sha256(b"0").hexdigest().encode()).decode()
TEMPLATES = {
	"developer-portal": "TSTZATCA-Code-Signing",
	"simulation": "PREZATCA-Code-Signing",
	"core": "ZATCA-Code-Signing",
}
VAT = "310122393500003"
SIX = [(flags, code) for flags in ("0100000", "0200000") for code in ("388", "381", "383")]


def make_csr(
	key: ec.EllipticCurvePrivateKey,
	*,
	environment: str = "simulation",
	template: str | None = None,
	vat_number: str = VAT,
	unit_serial: str = "1-Bayan|2-Core|3-7d3f4f0a",
	invoice_map: str = "1100",
	subject: Mapping[x509.ObjectIdentifier, str] | None = None,
	leave_out: tuple[x509.ObjectIdentifier, ...] = (),
) -> bytes:
	"""PEM of a request; every part can be made wrong."""
	names = {
		NameOID.COUNTRY_NAME: "SA",
		NameOID.ORGANIZATIONAL_UNIT_NAME: "Riyadh Branch",
		NameOID.ORGANIZATION_NAME: "شركة البيان",
		NameOID.COMMON_NAME: "TST-1",
		**(subject or {}),
	}
	device = {
		NameOID.SURNAME: unit_serial,
		NameOID.USER_ID: vat_number,
		NameOID.TITLE: invoice_map,
		x509.ObjectIdentifier("2.5.4.26"): "RRRD2929",
		NameOID.BUSINESS_CATEGORY: "Software",
	}
	kept = [x509.NameAttribute(oid, value) for oid, value in device.items() if oid not in leave_out]
	text = (template or TEMPLATES[environment]).encode()
	request = (
		x509.CertificateSigningRequestBuilder()
		.subject_name(
			x509.Name([x509.NameAttribute(oid, v) for oid, v in names.items() if oid not in leave_out])
		)
		.add_extension(
			x509.UnrecognizedExtension(
				x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2"), bytes([0x0C, len(text)]) + text
			),
			critical=False,
		)
		.add_extension(x509.SubjectAlternativeName([x509.DirectoryName(x509.Name(kept))]), critical=False)
		.sign(key, hashes.SHA256())
	)
	return request.public_bytes(serialization.Encoding.PEM)


@dataclass
class Taxpayer:
	"""One device of a taxpayer, talking to one environment of a simulator."""

	base_url: str
	environment: str = "simulation"
	vat_number: str = VAT
	invoice_map: str = "1100"
	unit_serial: str = "1-Bayan|2-Core|3-7d3f4f0a"
	clock: Callable[[], datetime] = lambda: datetime.now(timezone.utc)
	icv: int = 0
	pih: str = FIRST_PIH

	def __post_init__(self) -> None:
		self.key = ec.generate_private_key(ec.SECP256K1())
		self.ccsid: dict[str, Any] = {}
		self.pcsid: dict[str, Any] = {}

	@property
	def now(self) -> datetime:
		return self.clock()

	# --- calls --------------------------------------------------------------------------------------------------
	def url(self, path: str) -> str:
		return f"{self.base_url}/{self.environment}/{path}"

	def call(
		self,
		method: str,
		path: str,
		body: Any,
		*,
		csid: Mapping[str, Any] | None = None,
		headers: Mapping[str, str] | None = None,
		timeout: int = 20,
	) -> requests.Response:
		given = {"Accept-Version": "V2", "Accept-Language": "en", **(headers or {})}
		auth = (csid["binarySecurityToken"], csid["secret"]) if csid else None
		return requests.request(
			method,
			self.url(path),
			json=body,
			headers={k: v for k, v in given.items() if v},
			auth=auth,
			timeout=timeout,
			allow_redirects=False,
		)

	def csr(self, **changes: Any) -> str:
		given = {
			"environment": self.environment,
			"vat_number": self.vat_number,
			"invoice_map": self.invoice_map,
			"unit_serial": self.unit_serial,
			**changes,
		}
		return base64.b64encode(make_csr(self.key, **given)).decode()

	def enrol(self, otp: str) -> requests.Response:
		answer = self.call("POST", "compliance", {"csr": self.csr()}, headers={"OTP": otp})
		if answer.ok:
			self.ccsid = answer.json()
		return answer

	def check(self, flags: str, code: str) -> requests.Response:
		xml = self.document(flags, code, icv=1, pih=FIRST_PIH)
		return self.call(
			"POST", "compliance/invoices", self.request_of(self.stamped(xml, self.ccsid)), csid=self.ccsid
		)

	def graduate(self) -> requests.Response:
		body = {"compliance_request_id": str(self.ccsid["requestID"])}
		answer = self.call("POST", "production/csids", body, csid=self.ccsid)
		if answer.ok:
			self.pcsid = answer.json()
		return answer

	def onboard(self, otp: str) -> None:
		assert self.enrol(otp).status_code == 200
		for flags, code in SIX:
			if self.invoice_map[0 if flags.startswith("01") else 1] == "1":
				answer = self.check(flags, code)
				assert answer.status_code in (200, 202), answer.text
		assert self.graduate().status_code == 200

	def send(self, endpoint: str, signed: bytes, *, timeout: int = 20, **changes: Any) -> requests.Response:
		status = changes.pop("clearance_status", "1" if endpoint == "clearance" else "0")
		return self.call(
			"POST",
			f"invoices/{endpoint}/single",
			{**self.request_of(signed), **changes},
			csid=self.pcsid,
			headers={"Clearance-Status": status},
			timeout=timeout,
		)

	# --- documents ----------------------------------------------------------------------------------------------
	def next(self, flags: str = "0200000", code: str = "388", **changes: Any) -> bytes:
		"""The next signed document of this device's chain."""
		self.icv += 1
		signed = self.stamped(self.document(flags, code, icv=self.icv, pih=self.pih, **changes), self.pcsid)
		self.pih = self.request_of(signed)["invoiceHash"]
		return signed

	def stamped(self, xml: str, csid: Mapping[str, Any]) -> bytes:
		certificate = Certificate.from_token(csid["binarySecurityToken"])
		return stamp(xml.encode(), PrivateKey(self.key), certificate, signing_time=self.now).xml

	def request_of(self, signed: bytes) -> dict[str, str]:
		"""The request body, its hash computed by a path of its own: canonical form of what the stamp leaves."""
		from lxml import etree

		root = etree.fromstring(signed)
		ids = {"c": "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"}
		for child in list(root):
			name = etree.QName(child).localname
			if name in ("UBLExtensions", "Signature") or child.findtext("c:ID", None, ids) == "QR":
				before, tail = child.getprevious(), child.tail or ""
				if before is not None:
					before.tail = (before.tail or "") + tail
				else:
					root.text = (root.text or "") + tail
				root.remove(child)
		digest = hashlib.sha256(etree.tostring(root, method="c14n")).digest()
		return {
			"invoiceHash": base64.b64encode(digest).decode(),
			"uuid": str(root.findtext("c:UUID", None, ids)),
			"invoice": base64.b64encode(signed).decode(),
		}

	def document(
		self,
		flags: str,
		code: str,
		*,
		icv: int,
		pih: str,
		vat: str = "15.00",
		reason: str = "Return of goods | إرجاع",
		seller_vat: str | None = None,
		buyer_vat: str = "399999999800003",
		building: str = "2322",
	) -> str:
		local = self.now.astimezone(RIYADH)
		note = code in ("381", "383")
		return TEMPLATE.format(
			uuid=uuid.uuid4(),
			number=f"SME{icv:05d}",
			date=f"{local:%Y-%m-%d}",
			time=f"{local:%H:%M:%S}",
			flags=flags,
			code=code,
			icv=icv,
			pih=pih,
			building=building,
			vat_number=seller_vat or self.vat_number,
			billing="<cac:BillingReference><cac:InvoiceDocumentReference><cbc:ID>SME00001</cbc:ID>"
			"</cac:InvoiceDocumentReference></cac:BillingReference>"
			if note
			else "",
			buyer=BUYER.format(vat_number=buyer_vat) if flags.startswith("01") else "",
			delivery=f"<cac:Delivery><cbc:ActualDeliveryDate>{local:%Y-%m-%d}</cbc:ActualDeliveryDate></cac:Delivery>"
			if flags.startswith("01")
			else "",
			reason=f"<cbc:InstructionNote>{reason}</cbc:InstructionNote>" if note and reason else "",
			vat=vat,
			total=f"{100 + int(vat.split('.')[0])}.{vat.split('.')[1]}",
		)


TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
 xmlns:ext="urn:oasis:names:specification:ubl:schema:xsd:CommonExtensionComponents-2">
<cbc:ProfileID>reporting:1.0</cbc:ProfileID><cbc:ID>{number}</cbc:ID><cbc:UUID>{uuid}</cbc:UUID>
<cbc:IssueDate>{date}</cbc:IssueDate><cbc:IssueTime>{time}</cbc:IssueTime>
<cbc:InvoiceTypeCode name="{flags}">{code}</cbc:InvoiceTypeCode>
<cbc:DocumentCurrencyCode>SAR</cbc:DocumentCurrencyCode><cbc:TaxCurrencyCode>SAR</cbc:TaxCurrencyCode>{billing}
<cac:AdditionalDocumentReference><cbc:ID>ICV</cbc:ID><cbc:UUID>{icv}</cbc:UUID></cac:AdditionalDocumentReference>
<cac:AdditionalDocumentReference><cbc:ID>PIH</cbc:ID><cac:Attachment>
<cbc:EmbeddedDocumentBinaryObject mimeCode="text/plain">{pih}</cbc:EmbeddedDocumentBinaryObject>
</cac:Attachment></cac:AdditionalDocumentReference>
<cac:AccountingSupplierParty><cac:Party>
<cac:PartyIdentification><cbc:ID schemeID="CRN">1010183482</cbc:ID></cac:PartyIdentification>
<cac:PostalAddress><cbc:StreetName>الامير سلطان</cbc:StreetName><cbc:BuildingNumber>{building}</cbc:BuildingNumber>
<cbc:CitySubdivisionName>المربع</cbc:CitySubdivisionName><cbc:CityName>الرياض</cbc:CityName>
<cbc:PostalZone>23333</cbc:PostalZone><cac:Country><cbc:IdentificationCode>SA</cbc:IdentificationCode></cac:Country>
</cac:PostalAddress>
<cac:PartyTaxScheme><cbc:CompanyID>{vat_number}</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
</cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>شركة البيان</cbc:RegistrationName></cac:PartyLegalEntity>
</cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty>{buyer}</cac:AccountingCustomerParty>{delivery}
<cac:PaymentMeans><cbc:PaymentMeansCode>10</cbc:PaymentMeansCode>{reason}</cac:PaymentMeans>
<cac:TaxTotal><cbc:TaxAmount currencyID="SAR">{vat}</cbc:TaxAmount></cac:TaxTotal>
<cac:TaxTotal><cbc:TaxAmount currencyID="SAR">{vat}</cbc:TaxAmount><cac:TaxSubtotal>
<cbc:TaxableAmount currencyID="SAR">100.00</cbc:TaxableAmount><cbc:TaxAmount currencyID="SAR">{vat}</cbc:TaxAmount>
<cac:TaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>15.00</cbc:Percent><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
</cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:LegalMonetaryTotal><cbc:LineExtensionAmount currencyID="SAR">100.00</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount currencyID="SAR">100.00</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount currencyID="SAR">{total}</cbc:TaxInclusiveAmount>
<cbc:PayableAmount currencyID="SAR">{total}</cbc:PayableAmount></cac:LegalMonetaryTotal>
<cac:InvoiceLine><cbc:ID>1</cbc:ID><cbc:InvoicedQuantity unitCode="PCE">1</cbc:InvoicedQuantity>
<cbc:LineExtensionAmount currencyID="SAR">100.00</cbc:LineExtensionAmount>
<cac:TaxTotal><cbc:TaxAmount currencyID="SAR">15.00</cbc:TaxAmount>
<cbc:RoundingAmount currencyID="SAR">115.00</cbc:RoundingAmount></cac:TaxTotal>
<cac:Item><cbc:Name>كتاب</cbc:Name><cac:ClassifiedTaxCategory><cbc:ID>S</cbc:ID><cbc:Percent>15.00</cbc:Percent>
<cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme></cac:ClassifiedTaxCategory></cac:Item>
<cac:Price><cbc:PriceAmount currencyID="SAR">100.00</cbc:PriceAmount></cac:Price></cac:InvoiceLine>
</Invoice>
"""
BUYER = """<cac:Party><cac:PartyIdentification><cbc:ID schemeID="CRN">1010293847</cbc:ID></cac:PartyIdentification>
<cac:PostalAddress><cbc:StreetName>صلاح الدين</cbc:StreetName><cbc:BuildingNumber>1111</cbc:BuildingNumber>
<cbc:CitySubdivisionName>المروج</cbc:CitySubdivisionName><cbc:CityName>الرياض</cbc:CityName>
<cbc:PostalZone>12222</cbc:PostalZone><cac:Country><cbc:IdentificationCode>SA</cbc:IdentificationCode></cac:Country>
</cac:PostalAddress>
<cac:PartyTaxScheme><cbc:CompanyID>{vat_number}</cbc:CompanyID><cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
</cac:PartyTaxScheme>
<cac:PartyLegalEntity><cbc:RegistrationName>شركة نماذج فاتورة</cbc:RegistrationName></cac:PartyLegalEntity></cac:Party>"""
