"""A stand-in for OCI Object Storage on 127.0.0.1 that is as strict as the service about signatures, checksums and conditions.

Takes requests of the real SDK, by `service_endpoint`. Verifies draft-cavage rsa-sha256 signatures, the five-minute clock
skew, x-content-sha256 of signed bodies, Content-MD5 and opc-content-sha256; answers PUT, HEAD, GET, list, multipart,
retention rules, bucket. `fault` decides, by request, what goes wrong. Holds everything in memory; counts every creation.
With `instance` it is also what an instance of the cloud has about it: the metadata service with its certificates, and the
service that gives a session token for them. With `vault_keys` only those keys may encrypt.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

NAMESPACE, BUCKET = "tests", "archive"
METADATA, FEDERATION = "/opc/v2/", "/v1/x509"
_DIGEST = re.compile(r'(\w+)="([^"]*)"')


def b64(data: bytes) -> str:
	return base64.b64encode(data).decode()


def new_key() -> tuple[str, rsa.RSAPublicKey]:
	"""A key as a user would have one: PEM text and its public half."""
	key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
	pem = key.private_bytes(
		serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
	)
	return pem.decode(), key.public_key()


def b64url(value: Any) -> str:
	return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def token_of(tenancy: str, lasts: float) -> str:
	"""A session token as the SDK reads it: it looks at nothing but its times."""
	now = int(time.time())
	return f"{b64url({'alg': 'none', 'typ': 'JWT'})}.{b64url({'exp': int(now + lasts), 'iat': now, 'tenant': tenancy})}.c2ln"


class Instance:
	"""A compute instance's identity: a leaf certificate with its key, signed by an intermediate."""

	def __init__(self, tenancy: str) -> None:
		self.authority = rsa.generate_private_key(public_exponent=65537, key_size=2048)
		self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
		issuer = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "PKISVC Identity Intermediate")])
		subject = x509.Name(
			[
				x509.NameAttribute(x509.NameOID.COMMON_NAME, "ocid1.instance.oc1.me-riyadh-1.i"),
				x509.NameAttribute(x509.NameOID.ORGANIZATIONAL_UNIT_NAME, f"opc-tenant:{tenancy}"),
			]
		)
		self.intermediate = self._issue(issuer, self.authority, issuer)
		self.leaf = self._issue(subject, self.key, issuer)
		self.lasts = 3600.0
		self.issued = 0

	def _issue(self, subject: x509.Name, key: rsa.RSAPrivateKey, issuer: x509.Name) -> x509.Certificate:
		now = datetime.now(timezone.utc)
		return (
			x509.CertificateBuilder()
			.subject_name(subject)
			.issuer_name(issuer)
			.public_key(key.public_key())
			.serial_number(x509.random_serial_number())
			.not_valid_before(now - timedelta(hours=1))
			.not_valid_after(now + timedelta(hours=1))
			.sign(self.authority, hashes.SHA256())
		)

	@property
	def fingerprint(self) -> str:
		return ":".join(f"{byte:02X}" for byte in self.leaf.fingerprint(hashes.SHA1()))

	def metadata(self, path: str) -> bytes | None:
		"""What the metadata service answers."""
		plain = serialization.NoEncryption()
		return {
			"instance/region": b"me-riyadh-1",
			"identity/cert.pem": self.leaf.public_bytes(serialization.Encoding.PEM),
			"identity/key.pem": self.key.private_bytes(
				serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain
			),
			"identity/intermediate.pem": self.intermediate.public_bytes(serialization.Encoding.PEM),
		}.get(path)


class FakeOci:
	"""The service. Faults: 429, 500, 503, hang, drop_before, drop_after, or None."""

	TENANCY, USER, FINGERPRINT = (
		"ocid1.tenancy.oc1..t",
		"ocid1.user.oc1..u",
		":".join(["ab"] * 16),
	)

	def __init__(self, *, hang: float = 2.0) -> None:
		self.pem, public_key = new_key()
		self.keys = {f"{self.TENANCY}/{self.USER}/{self.FINGERPRINT}": public_key}
		"""Who may sign: key id -> public key."""
		self.instance: Instance | None = None
		self.vault_keys: set[str] = set()
		self.bucket_key = ""
		self.objects: dict[str, dict[str, Any]] = {}
		self.uploads: dict[str, dict[str, Any]] = {}
		self.created: Counter[str] = Counter()
		self.requests: Counter[str] = Counter()
		self.refused: Counter[int] = Counter()
		self.rules: list[dict[str, Any]] = []
		self.may_delete = True
		self.public_access = "NoPublicAccess"
		self.page = 1000
		self.hang = hang
		self.clock_shift = 0.0
		self.fault: Callable[[str, str], str | None] = lambda verb, path: None
		self.after: Callable[[str, str], None] = lambda verb, path: None
		self.lock = threading.RLock()
		fake = self

		class Handler(_Handler):
			oci = fake

		self.server = _Server(("127.0.0.1", 0), Handler)
		self.server.daemon_threads = True
		self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
		self.thread.start()

	@property
	def endpoint(self) -> str:
		return f"http://127.0.0.1:{self.server.server_port}"

	def close(self) -> None:
		self.server.shutdown()
		self.server.server_close()


class _Server(ThreadingHTTPServer):
	def handle_error(self, request: Any, client_address: Any) -> None:
		"""A client that died or gave up is what this server is for."""


class _Handler(BaseHTTPRequestHandler):
	oci: FakeOci
	protocol_version = "HTTP/1.1"
	disable_nagle_algorithm = True

	def log_message(self, *_: Any) -> None:
		pass

	def _answer(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
		data = (
			body
			if isinstance(body, bytes)
			else b""
			if body is None
			else json.dumps(body, default=str).encode()
		)
		self.send_response(status)
		self.send_header("opc-request-id", f"fra-{uuid.uuid4()}")
		sent = {"content-type": "application/json", "content-length": str(len(data)), **(headers or {})}
		for key, value in sent.items():
			self.send_header(key, value)
		self.end_headers()
		if self.command != "HEAD":
			self.wfile.write(data)

	def _refuse(self, status: int, code: str, message: str = "refused") -> None:
		self.oci.refused[status] += 1
		self._answer(status, {"code": code, "message": message})

	def _signature_fault(self, body: bytes) -> str:
		found = dict(_DIGEST.findall(self.headers.get("authorization", "")))
		if found.get("algorithm") != "rsa-sha256" or found.get("version") != "1":
			return "algorithm"
		public_key = self.oci.keys.get(found.get("keyId", ""))
		if public_key is None:
			return "key id"
		names = found.get("headers", "").split()
		needed = {"date", "(request-target)", *(() if self.path == FEDERATION else ("host",))}
		if self.command == "POST":
			needed |= {"x-content-sha256", "content-length", "content-type"}
		if not needed <= set(names):
			return "headers"
		stamp = self.headers.get("date") or self.headers.get("x-date") or ""
		now = time.time() + self.oci.clock_shift
		if abs(parsedate_to_datetime(stamp).timestamp() - now) > 300:
			return "clock"
		if "x-content-sha256" in self.headers and self.headers["x-content-sha256"] != b64(
			hashlib.sha256(body).digest()
		):
			return "body"
		lines = []
		for name in names:
			value = (
				f"{self.command.lower()} {self.path}"
				if name == "(request-target)"
				else self.headers.get(name, "")
			)
			lines.append(f"{name}: {value}")
		try:
			public_key.verify(
				base64.b64decode(found["signature"]),
				"\n".join(lines).encode(),
				padding.PKCS1v15(),
				hashes.SHA256(),
			)
		except InvalidSignature:
			return "signature"
		return ""

	def _handle(self) -> None:
		body = self.rfile.read(int(self.headers.get("content-length") or 0))
		with self.oci.lock:
			self.oci.requests[self.command] += 1
			fault = self.oci.fault(self.command, self.path)
		if fault == "hang":
			time.sleep(self.oci.hang)
		if fault in ("hang", "drop_before"):
			self.close_connection = True
			return
		if self.path.startswith(METADATA):
			return self._metadata()
		if wrong := self._signature_fault(body):
			return self._refuse(401, "NotAuthenticated", wrong)
		if fault in ("429", "500", "503"):
			return self._refuse(int(fault), "TooManyRequests" if fault == "429" else "InternalServerError")
		if fault == "drop_after":
			answer, self._answer = self._answer, lambda *a, **k: None  # type: ignore[method-assign]
			self._route(body)
			self._answer = answer  # type: ignore[method-assign]
			self.close_connection = True
			return
		self._route(body)

	do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _handle

	def _metadata(self) -> None:
		"""Only an instance has it, and only for who asks as the service wants to be asked."""
		found = self.oci.instance.metadata(self.path.removeprefix(METADATA)) if self.oci.instance else None
		if found is None or self.headers.get("authorization") != "Bearer Oracle":
			return self._answer(404, b"no metadata")
		return self._answer(200, found, {"content-type": "text/plain"})

	def _federate(self, body: bytes) -> None:
		"""A session token for whoever signed with the instance's key; the session's own key may sign from now on."""
		instance, asked = self.oci.instance, json.loads(body)
		assert instance
		leaf, above = (
			x509.load_der_x509_certificate(base64.b64decode(text))
			for text in (asked["certificate"], asked["intermediateCertificates"][0])
		)
		leaf.verify_directly_issued_by(above)
		if leaf != instance.leaf:
			return self._refuse(401, "NotAuthenticated", "certificate")
		instance.issued += 1
		token = token_of(self.oci.TENANCY, instance.lasts)
		key = serialization.load_der_public_key(base64.b64decode(asked["publicKey"]))
		self.oci.keys[f"ST${token}"] = key  # type: ignore[assignment]
		return self._answer(200, {"token": token})

	def _route(self, body: bytes) -> None:
		if self.path == FEDERATION and self.command == "POST":
			return self._federate(body)
		url = urlsplit(self.path)
		query = {key: values[0] for key, values in parse_qs(url.query, keep_blank_values=True).items()}
		found = re.fullmatch(r"/n/([^/]+)/b/([^/]+)(?:/([oul]|retentionRules)(?:/(.*))?)?/?", url.path)
		if not found or (found[1], found[2]) != (NAMESPACE, BUCKET):
			return self._refuse(404, "BucketNotFound")
		kind, name = found[3], unquote(found[4] or "")
		with self.oci.lock:
			if kind is None:
				return self._answer(
					200,
					{
						"namespace": NAMESPACE,
						"name": BUCKET,
						"publicAccessType": self.oci.public_access,
						"versioning": "Disabled",
						"kmsKeyId": self.oci.bucket_key or None,
					},
				)
			if kind == "retentionRules":
				return self._answer(200, {"items": self.oci.rules})
			if kind == "u":
				return self._multipart(name, query, body)
			if not name:
				return self._list(query)
			if self.command == "PUT":
				return self._put(name, body)
			if self.command == "DELETE":
				return self._delete(name)
			return self._read(name)

	def _bad_checksum(self, body: bytes) -> bool:
		md5, sha = self.headers.get("content-md5"), self.headers.get("opc-content-sha256")
		return bool(
			(md5 and md5 != b64(hashlib.md5(body).digest()))
			or (sha and sha != b64(hashlib.sha256(body).digest()))
		)

	def _create(
		self, name: str, body: bytes, headers: dict[str, str], meta: dict[str, str]
	) -> dict[str, str]:
		etag = str(uuid.uuid4())
		self.oci.objects[name] = {"body": body, "headers": {**headers, "etag": etag}, "meta": meta}
		self.oci.created[name] += 1
		self.oci.after(self.command, name)
		return {"etag": etag, "version-id": str(uuid.uuid4()), **headers}

	def _bad_key(self) -> bool:
		"""Whether a vault key is named that this bucket may not use."""
		key = self.headers.get("opc-sse-kms-key-id")
		return bool(key) and key not in self.oci.vault_keys

	def _put(self, name: str, body: bytes) -> None:
		if self._bad_key():
			return self._refuse(404, "KmsKeyNotFound")
		if self._bad_checksum(body):
			return self._refuse(400, "UnmatchedContentMD5")
		if name in self.oci.objects and self.headers.get("if-none-match") == "*":
			return self._refuse(412, "IfNoneMatchFailed")
		if name in self.oci.objects and self.oci.rules:
			return self._refuse(409, "ObjectRetained")
		headers = {"opc-content-md5": b64(hashlib.md5(body).digest())}
		if self.headers.get("opc-checksum-algorithm") == "SHA256":
			headers["opc-content-sha256"] = b64(hashlib.sha256(body).digest())
		if self.headers.get("opc-sse-kms-key-id"):
			headers["opc-sse-kms-key-id"] = self.headers["opc-sse-kms-key-id"]
		meta = {k.lower(): v for k, v in self.headers.items() if k.lower().startswith("opc-meta-")}
		self._answer(200, None, self._create(name, body, headers, meta))

	def _delete(self, name: str) -> None:
		if not self.oci.may_delete:
			return self._refuse(404, "BucketNotFound")
		if name not in self.oci.objects:
			return self._refuse(404, "ObjectNotFound")
		if self.oci.rules:
			return self._refuse(409, "ObjectRetained")
		del self.oci.objects[name]
		self._answer(204)

	def _read(self, name: str) -> None:
		stored = self.oci.objects.get(name)
		if stored is None:
			return self._refuse(404, "ObjectNotFound")
		headers = {**stored["headers"], **stored["meta"], "content-type": "application/octet-stream"}
		if "opc-content-md5" in headers:
			headers["content-md5"] = headers["opc-content-md5"]
		self._answer(200, stored["body"], headers)

	def _list(self, query: dict[str, str]) -> None:
		names = sorted(
			n
			for n in self.oci.objects
			if n.startswith(query.get("prefix", "")) and n >= query.get("start", "")
		)
		size = min(int(query.get("limit", "1000")), self.oci.page)
		page = {"objects": [{"name": n} for n in names[:size]]}
		if len(names) > size:
			page["nextStartWith"] = names[size]  # type: ignore[assignment]
		self._answer(200, page)

	def _multipart(self, name: str, query: dict[str, str], body: bytes) -> None:
		uploads = self.oci.uploads
		if self.command == "GET":
			return self._answer(
				200,
				[
					{
						"namespace": NAMESPACE,
						"bucket": BUCKET,
						"object": u["name"],
						"uploadId": i,
						"timeCreated": u["at"],
					}
					for i, u in uploads.items()
				],
			)
		if self.command == "POST" and not name:
			wanted = json.loads(body)
			if self._bad_key():
				return self._refuse(404, "KmsKeyNotFound")
			if wanted["object"] in self.oci.objects and self.headers.get("if-none-match") == "*":
				return self._refuse(412, "IfNoneMatchFailed")
			upload = str(uuid.uuid4())
			at = datetime.now(timezone.utc).isoformat().replace("+00:00", "Z")
			uploads[upload] = {
				"name": wanted["object"],
				"parts": {},
				"meta": wanted.get("metadata") or {},
				"at": at,
				"key": self.headers.get("opc-sse-kms-key-id", ""),
			}
			return self._answer(
				200,
				{
					"namespace": NAMESPACE,
					"bucket": BUCKET,
					"object": wanted["object"],
					"uploadId": upload,
					"timeCreated": at,
				},
			)
		upload = query.get("uploadId", "")
		if upload not in uploads or uploads[upload]["name"] != name:
			return self._refuse(404, "NoSuchUpload")
		if self.command == "PUT":
			if self._bad_checksum(body):
				return self._refuse(400, "UnmatchedContentMD5")
			etag = str(uuid.uuid4())
			uploads[upload]["parts"][int(query["uploadPartNum"])] = (etag, body)
			self.oci.after("PART", name)
			return self._answer(200, None, {"etag": etag, "opc-content-md5": b64(hashlib.md5(body).digest())})
		if self.command == "DELETE":
			del uploads[upload]
			return self._answer(204)
		if name in self.oci.objects and self.headers.get("if-none-match") == "*":
			return self._refuse(412, "IfNoneMatchFailed")
		parts = json.loads(body)["partsToCommit"]
		if any(uploads[upload]["parts"].get(p["partNum"], ("",))[0] != p["etag"] for p in parts):
			return self._refuse(400, "InvalidUploadPart")
		whole = b"".join(uploads[upload]["parts"][p["partNum"]][1] for p in parts)
		done = uploads.pop(upload)
		headers = {"opc-multipart-md5": b64(hashlib.md5(whole).digest()) + f"-{len(parts)}"}
		if done.get("key"):
			headers["opc-sse-kms-key-id"] = done["key"]
		self._answer(200, None, self._create(name, whole, headers, done["meta"]))
