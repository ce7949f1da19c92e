"""The XAdES enveloped signature as ZATCA's SDK lays it out, ready to be filled.

Takes the two digests, the signature, the certificate and the signing time. Gives the text of `ext:UBLExtensions`, and the
bytes whose digest stands for `xades:SignedProperties`: the same element as the SDK's dom4j would print it alone, which
repeats the namespace of every `ds` child. Its indentation is part of what is digested and is the SDK's, to the space.
Never parses and never signs: all fixed parts are joined once per certificate.

Source: Security Features Implementation Standard section 2.3.3; ETSI EN 319 132-1; the 19 official samples.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.util import namespaces

from bayancore_erp.zatca.core.crypto.certificate import Certificate

DS: str = namespaces.ds
XADES: str = namespaces.xades
C14N = CanonicalizationMethod.CANONICAL_XML_1_1.value
SHA256 = DigestAlgorithm.SHA256.value
ECDSA_SHA256 = SignatureMethod.ECDSA_SHA256.value
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"
SIGNATURE_PROPERTIES = f"{DS}SignatureProperties"

SIG = "urn:oasis:names:specification:ubl:schema:xsd:CommonSignatureComponents-2"
SAC = "urn:oasis:names:specification:ubl:schema:xsd:SignatureAggregateComponents-2"
SBC = "urn:oasis:names:specification:ubl:schema:xsd:SignatureBasicComponents-2"

ENVELOPED = "urn:oasis:names:specification:ubl:dsig:enveloped:xades"
SIGNATURE_1 = "urn:oasis:names:specification:ubl:signature:1"
SIGNATURE_INVOICE = "urn:oasis:names:specification:ubl:signature:Invoice"
SIGNED_PROPERTIES_ID = "xadesSignedProperties"
INVOICE_REFERENCE_ID = "invoiceSignedData"
EXCLUSIONS = (
	"not(//ancestor-or-self::ext:UBLExtensions)",
	"not(//ancestor-or-self::cac:Signature)",
	"not(//ancestor-or-self::cac:AdditionalDocumentReference[cbc:ID='QR'])",
)
# Where a variable value goes; no XML can hold this character.
_HOLE = "\x00"


@dataclass(frozen=True, slots=True)
class Frame:
	"""The fixed parts of one certificate's stamps; the variable values go between them."""

	to_invoice_digest: str
	to_properties_digest: str
	to_signature: str
	to_signing_time: str
	to_end: str
	properties_to_time: str
	properties_to_end: str

	def properties_digest(self, signing_time: str) -> str:
		"""Base64 of the hexadecimal SHA-256 of SignedProperties, signed at `signing_time` (YYYY-MM-DDTHH:MM:SS)."""
		alone = f"{self.properties_to_time}{signing_time}{self.properties_to_end}"
		return base64.b64encode(hashlib.sha256(alone.encode()).hexdigest().encode()).decode()

	def extensions(self, invoice_digest: str, signature: str, signing_time: str) -> str:
		"""The content of `ext:UBLExtensions`, from after its start tag to its end tag."""
		return "".join(
			(
				self.to_invoice_digest,
				invoice_digest,
				self.to_properties_digest,
				self.properties_digest(signing_time),
				self.to_signature,
				signature,
				self.to_signing_time,
				signing_time,
				self.to_end,
			)
		)


def qr_reference(code: str, declarations: str = "") -> str:
	"""The AdditionalDocumentReference that carries the QR (KSA-14)."""
	return (
		f"<cac:AdditionalDocumentReference{declarations}><cbc:ID>QR</cbc:ID><cac:Attachment>"
		f'<cbc:EmbeddedDocumentBinaryObject mimeCode="text/plain">{code}</cbc:EmbeddedDocumentBinaryObject>'
		"</cac:Attachment></cac:AdditionalDocumentReference>"
	)


def signature_pointer(declarations: str = "") -> str:
	"""The `cac:Signature` that says where the stamp is (KSA-15; BR-KSA-28, -29, -30)."""
	return (
		f"<cac:Signature{declarations}><cbc:ID>{SIGNATURE_INVOICE}</cbc:ID>"
		f"<cbc:SignatureMethod>{ENVELOPED}</cbc:SignatureMethod></cac:Signature>"
	)


def escape(text: str) -> str:
	"""Text as canonical XML writes it between tags."""
	return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#xD;")


@lru_cache(maxsize=256)
def frame(certificate: Certificate) -> Frame:
	"""The fixed parts for `certificate`, kept for the next invoice."""
	embedded = _signed_properties(certificate, xades_declaration="", ds_declaration="")
	alone = _signed_properties(
		certificate, xades_declaration=f' xmlns:xades="{XADES}"', ds_declaration=f' xmlns:ds="{DS}"'
	)
	properties_to_time, _, properties_to_end = alone.partition(_HOLE)
	embedded_to_time, _, embedded_to_end = embedded.partition(_HOLE)
	to_invoice, to_properties, to_signature, to_object, to_end = _EXTENSION.format(
		transforms=_TRANSFORMS, certificate=certificate.text, value=_HOLE, properties=_HOLE
	).split(_HOLE)
	return Frame(
		to_invoice_digest=to_invoice,
		to_properties_digest=to_properties,
		to_signature=to_signature,
		to_signing_time=to_object + embedded_to_time,
		to_end=embedded_to_end + to_end,
		properties_to_time=properties_to_time,
		properties_to_end=properties_to_end,
	)


def _signed_properties(certificate: Certificate, *, xades_declaration: str, ds_declaration: str) -> str:
	return _SIGNED_PROPERTIES.format(
		xades=xades_declaration,
		ds=ds_declaration,
		time=_HOLE,
		digest=certificate.digest,
		issuer=escape(certificate.issuer_name),
		serial=certificate.serial,
	)


_SIGNED_PROPERTIES = f"""<xades:SignedProperties{{xades}} Id="{SIGNED_PROPERTIES_ID}">
                                    <xades:SignedSignatureProperties>
                                        <xades:SigningTime>{{time}}</xades:SigningTime>
                                        <xades:SigningCertificate>
                                            <xades:Cert>
                                                <xades:CertDigest>
                                                    <ds:DigestMethod{{ds}} Algorithm="{SHA256}"/>
                                                    <ds:DigestValue{{ds}}>{{digest}}</ds:DigestValue>
                                                </xades:CertDigest>
                                                <xades:IssuerSerial>
                                                    <ds:X509IssuerName{{ds}}>{{issuer}}</ds:X509IssuerName>
                                                    <ds:X509SerialNumber{{ds}}>{{serial}}</ds:X509SerialNumber>
                                                </xades:IssuerSerial>
                                            </xades:Cert>
                                        </xades:SigningCertificate>
                                    </xades:SignedSignatureProperties>
                                </xades:SignedProperties>"""

_TRANSFORMS = "".join(
	f"""
                                    <ds:Transform Algorithm="{XPATH}">
                                        <ds:XPath>{exclusion}</ds:XPath>
                                    </ds:Transform>"""
	for exclusion in EXCLUSIONS
)

_EXTENSION = f"""
    <ext:UBLExtension>
        <ext:ExtensionURI>{ENVELOPED}</ext:ExtensionURI>
        <ext:ExtensionContent>
            <sig:UBLDocumentSignatures xmlns:sig="{SIG}" xmlns:sac="{SAC}" xmlns:sbc="{SBC}">
                <sac:SignatureInformation>
                    <cbc:ID>{SIGNATURE_1}</cbc:ID>
                    <sbc:ReferencedSignatureID>{SIGNATURE_INVOICE}</sbc:ReferencedSignatureID>
                    <ds:Signature xmlns:ds="{DS}" Id="signature">
                        <ds:SignedInfo>
                            <ds:CanonicalizationMethod Algorithm="{C14N}"/>
                            <ds:SignatureMethod Algorithm="{ECDSA_SHA256}"/>
                            <ds:Reference Id="{INVOICE_REFERENCE_ID}" URI="">
                                <ds:Transforms>{{transforms}}
                                    <ds:Transform Algorithm="{C14N}"/>
                                </ds:Transforms>
                                <ds:DigestMethod Algorithm="{SHA256}"/>
                                <ds:DigestValue>{{value}}</ds:DigestValue>
                            </ds:Reference>
                            <ds:Reference Type="{SIGNATURE_PROPERTIES}" URI="#{SIGNED_PROPERTIES_ID}">
                                <ds:DigestMethod Algorithm="{SHA256}"/>
                                <ds:DigestValue>{{value}}</ds:DigestValue>
                            </ds:Reference>
                        </ds:SignedInfo>
                        <ds:SignatureValue>{{value}}</ds:SignatureValue>
                        <ds:KeyInfo>
                            <ds:X509Data>
                                <ds:X509Certificate>{{certificate}}</ds:X509Certificate>
                            </ds:X509Data>
                        </ds:KeyInfo>
                        <ds:Object>
                            <xades:QualifyingProperties xmlns:xades="{XADES}" Target="signature">
                                {{properties}}
                            </xades:QualifyingProperties>
                        </ds:Object>
                    </ds:Signature>
                </sac:SignatureInformation>
            </sig:UBLDocumentSignatures>
        </ext:ExtensionContent>
    </ext:UBLExtension>
"""


def specimen() -> str:
	"""The content of `ext:UBLExtensions` with every variable value empty: the shape that `layout` compares with."""
	properties = _SIGNED_PROPERTIES.format(xades="", ds="", time="", digest="", issuer="", serial="")
	return _EXTENSION.format(transforms=_TRANSFORMS, certificate="", value="", properties=properties)
