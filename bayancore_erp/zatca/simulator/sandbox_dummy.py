"""The habit of the real sandbox to hand everyone the same company's certificate as production CSID.

Takes nothing. Gives: a signing request of that company over a key that nobody keeps, so that no document can be signed
with what is issued for it. Never the SDK's own certificate, whose private key is public. Used only where the switch
`dummy_production_csid` is on. Source: ZATCA.md section 5; subject and alternative name as in the SDK's certificate.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.simulator import signing_request as fields
from bayancore_erp.zatca.simulator.signing_request import SigningRequest

_VAT_NUMBER = "399999999900003"
_SUBJECT = {
	NameOID.COUNTRY_NAME: "SA",
	NameOID.ORGANIZATIONAL_UNIT_NAME: "Riyadh Branch",
	NameOID.ORGANIZATION_NAME: "Maximum Speed Tech Supply LTD",
	NameOID.COMMON_NAME: f"TST-886431145-{_VAT_NUMBER}",
}
_UNIT = {
	fields.UNIT_SERIAL: "1-TST|2-TST|3-ed22f1d8-e6a2-1118-9b58-d9a8f11e445f",
	fields.VAT_NUMBER: _VAT_NUMBER,
	fields.INVOICE_MAP: "1100",
	fields.ADDRESS: "RRRD2929",
	fields.INDUSTRY: "Supply activities",
}


def request() -> SigningRequest:
	"""A request of the dummy company, over a key that is thrown away."""
	template = fields.TEMPLATES[Environment.SANDBOX]
	encoded = bytes([0x0C, len(template)]) + template.encode()
	made = (
		x509.CertificateSigningRequestBuilder()
		.subject_name(_name(_SUBJECT))
		.add_extension(x509.UnrecognizedExtension(fields.TEMPLATE_OID, encoded), critical=False)
		.add_extension(x509.SubjectAlternativeName([x509.DirectoryName(_name(_UNIT))]), critical=False)
		.sign(ec.generate_private_key(ec.SECP256K1()), hashes.SHA256())
	)
	return SigningRequest(
		request=made,
		template=template,
		vat_number=_VAT_NUMBER,
		unit_serial=_UNIT[fields.UNIT_SERIAL],
		common_name=_SUBJECT[NameOID.COMMON_NAME],
		invoice_map=_UNIT[fields.INVOICE_MAP],
	)


def _name(values: dict[x509.ObjectIdentifier, str]) -> x509.Name:
	return x509.Name([x509.NameAttribute(oid, value) for oid, value in values.items()])
