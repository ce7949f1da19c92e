"""An archive in Oracle's object storage in the Kingdom, by Oracle's own SDK.

Takes settings (region, bucket, how to authenticate) and, on put, bytes with their name; gives receipts. Every put carries
MD5 and SHA-256, which the service compares, and `if-none-match: *`, so that a name is created once: where it exists, its
head decides between "already safe" and an alarm. Large objects go in parts under the same conditions.
Never overwrites; deletes only a document destroyed after its term, where the bucket lets it go; never locks a retention rule
(that cannot be undone, and is the operator's to do); never imports the SDK before it is used (470 MB); never lets a secret into an error.

Source: STACK.md section 3; DESIGN.md, promise 11.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from typing import Any
from urllib.parse import urlsplit

from bayancore_erp.archive.core import oci_failures
from bayancore_erp.archive.core.store import (
	Head,
	Health,
	ObjectDiffers,
	ObjectMissing,
	Receipt,
	RetentionRule,
	digest_in,
	is_name,
	require_fit,
	require_metadata,
)
from bayancore_erp.zatca.core.errors import ConfigurationError, TransportError, ZatcaError

REGIONS = ("me-riyadh-1", "me-jeddah-1")
"""Oracle's regions on Saudi soil; no other is accepted."""

_PREFIX = re.compile(r"([A-Za-z0-9._-]+/)*")


class Auth(str, Enum):
	"""How we show who we are."""

	API_KEY = "api_key"
	INSTANCE_PRINCIPAL = "instance_principal"
	RESOURCE_PRINCIPAL = "resource_principal"


@dataclass(frozen=True, slots=True)
class ApiKey:
	"""A user's API signing key. The key itself never shows in a repr."""

	tenancy: str
	user: str
	fingerprint: str
	key_content: str = field(repr=False)
	pass_phrase: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class OciSettings:
	"""Where the archive stands and how it is reached. Raises ConfigurationError for any place outside the Kingdom."""

	region: str
	namespace: str
	bucket: str
	auth: Auth = Auth.API_KEY
	api_key: ApiKey | None = None
	prefix: str = ""
	"""Goes before every object's name, where the bucket serves others as well."""
	kms_key_id: str = ""
	"""OCID of the vault key to encrypt with; empty: Oracle's own key."""
	service_endpoint: str = ""
	"""Only for a stand-in on this machine; any other host is refused."""
	part_size: int = 16 * 1024 * 1024
	"""Bytes; larger objects go in parts of this size."""
	timeout: tuple[int, int] = (3, 20)
	"""Seconds to connect and to read."""
	attempts: int = 5
	longest_wait: int = 8
	"""Seconds between two attempts, at most."""

	def __post_init__(self) -> None:
		if self.region not in REGIONS:
			raise ConfigurationError(
				f"The region “{self.region[:40]}” is not in the Kingdom.",
				hint="Choose me-riyadh-1 (Riyadh) or me-jeddah-1 (Jeddah).",
				field="region",
			)
		for name, value in (("namespace", self.namespace), ("bucket", self.bucket)):
			if not value or "/" in value:
				raise ConfigurationError(f"The archive needs the {name} of the object storage.", field=name)
		if not _PREFIX.fullmatch(self.prefix):
			raise ConfigurationError(
				"The archive's prefix has letters, digits, dashes and slashes, and ends in a slash.",
				field="prefix",
			)
		if self.auth is Auth.API_KEY and self.api_key is None:
			raise ConfigurationError(
				"An API key is chosen for the archive, and none is given.",
				hint="Enter tenancy, user, fingerprint and key, or choose instance principal.",
				field="api_key",
			)
		if self.service_endpoint and urlsplit(self.service_endpoint).hostname not in ("127.0.0.1", "::1"):
			raise ConfigurationError(
				"The archive's address is fixed by its region.",
				hint="Leave the address empty.",
				field="service_endpoint",
			)
		if self.part_size < 1 or self.attempts < 1 or self.longest_wait < 0:
			raise ConfigurationError("The archive's limits must be positive.", field="part_size")


class OciObjectStorage:
	"""The archive in one bucket. Safe to share between threads; after a fork each process makes its own client."""

	def __init__(self, settings: OciSettings) -> None:
		self.settings = settings
		self._lock = threading.Lock()
		self._made: tuple[int, Any] | None = None

	def put(self, name: str, content: bytes, metadata: Mapping[str, str] | None = None) -> Receipt:
		"""Store `content` once. Raises InvalidInput for a wrong name, ObjectDiffers (alarm) where other bytes hold it,
		TransportError (repeat later) or ConfigurationError as the service answers."""
		digest = require_fit(name, content)
		notes = {**require_metadata(metadata), "sha256": digest}
		with oci_failures.explained():
			send = self._put_whole if len(content) <= self.settings.part_size else self._put_parts
			headers = send(name, content, notes)
			if headers is None:
				return self._already_there(name, content, digest)
		return Receipt(
			name,
			digest,
			len(content),
			True,
			headers.get("etag", ""),
			headers.get("version-id", ""),
			headers.get("opc-request-id", ""),
		)

	def get(self, name: str) -> bytes:
		"""The bytes, verified. Raises ObjectMissing, ObjectDiffers, TransportError or ConfigurationError."""
		digest = digest_in(name)
		with oci_failures.explained():
			answer = oci_failures.unless(
				(404,),
				lambda: self._client.get_object(
					*self._place, self._key(name), retry_strategy=self._retries()
				),
			)
			content = None if answer is None else bytes(answer.data.content)
		if content is None:
			self._require_bucket()
			raise ObjectMissing(f"The archive holds nothing under {name}.", field="name")
		if hashlib.sha256(content).hexdigest() != digest:
			raise ObjectDiffers(f"The archived object {name} was changed.", hint="Restore it from a backup.")
		return content

	def head(self, name: str) -> Head | None:
		"""What the service says of the object; None if there is none. Raises TransportError or ConfigurationError."""
		digest_in(name)
		with oci_failures.explained():
			answer = oci_failures.unless(
				(404,),
				lambda: self._client.head_object(
					*self._place, self._key(name), retry_strategy=self._retries()
				),
			)
		if answer is None:
			return None
		headers = answer.headers
		computed = headers.get("opc-content-sha256", "")
		return Head(
			name,
			int(headers.get("content-length", "0")),
			base64.b64decode(computed).hex() if computed else "",
			headers.get("content-md5", "") or headers.get("opc-content-md5", ""),
			headers.get("etag", ""),
			headers.get("version-id", ""),
			{key[9:].lower(): value for key, value in headers.items() if key.lower().startswith("opc-meta-")},
		)

	def destroy(self, name: str, version: str = "") -> bool:
		"""Delete the object. False where a retention rule (409) or a missing right (403, or 404 of what is there) keeps it.
		Raises TransportError or ConfigurationError."""
		digest_in(name)
		options = {"version_id": version} if version else {}
		with oci_failures.explained():
			answer = oci_failures.unless(
				(403, 404, 409),
				lambda: self._client.delete_object(
					*self._place, self._key(name), retry_strategy=self._retries(), **options
				),
			)
		if answer is None and self.head(name) is not None:
			return False
		if answer is None:
			self._require_bucket()
		return True

	def names(self, prefix: str = "") -> Iterator[str]:
		"""The names that begin with `prefix`, in order, a page at a time. Raises TransportError or ConfigurationError."""
		whole = self._key(prefix)
		options: dict[str, Any] = {"prefix": whole} if whole else {}
		while True:
			with oci_failures.explained():
				page = self._client.list_objects(
					*self._place, fields="name", limit=1000, retry_strategy=self._retries(), **options
				).data
			names = (item.name[len(self.settings.prefix) :] for item in page.objects)
			yield from (name for name in names if is_name(name))
			if not page.next_start_with:
				return
			options["start"] = page.next_start_with

	def abandon_unfinished(self, before: datetime) -> int:
		"""Give up uploads in parts that a crash left unfinished since `before`; they cost money and are no objects.
		Returns how many. Raises TransportError or ConfigurationError."""
		count, page = 0, None
		while True:
			with oci_failures.explained():
				options: dict[str, Any] = {"page": page} if page else {}
				answer = self._client.list_multipart_uploads(
					*self._place, retry_strategy=self._retries(), **options
				)
				for upload in answer.data:
					name = upload.object.removeprefix(self.settings.prefix)
					if self._key(name) == upload.object and is_name(name) and upload.time_created < before:
						self._abort(name, upload.upload_id)
						count += 1
			page = answer.headers.get("opc-next-page")
			if not page:
				return count

	def health(self, days: int = 0) -> Health:
		"""Whether the bucket answers, is private, and has a retention rule of `days` at least, counted as the service does:
		from the day an object is stored. Never raises."""
		settings = self.settings
		place = f"bucket {settings.bucket} in {settings.region}"
		try:
			with oci_failures.explained():
				bucket = self._client.get_bucket(*self._place, retry_strategy=self._retries()).data
				found = self._client.list_retention_rules(*self._place, retry_strategy=self._retries()).data
		except ZatcaError as error:
			return Health(place, False, (error.diagnostics(),))
		rules = tuple(_rule(item) for item in found.items)
		problems = []
		if bucket.public_access_type != "NoPublicAccess":
			problems.append("Anybody can read the bucket: make it private.")
		longest = max((rule.days is None, rule.days or 0) for rule in rules) if rules else None
		if longest is None:
			problems.append("The bucket has no retention rule: whoever may write to it can also delete.")
		elif not longest[0] and longest[1] < days:
			problems.append(
				f"The longest retention rule is {longest[1]} days; what is kept here must be protected for {days}."
			)
		facts = [_rule_sentence(rule) for rule in rules]
		return Health(place, True, tuple(problems), tuple(facts), rules, str(bucket.kms_key_id or ""))

	# --- putting --------------------------------------------------------------------------------------------------

	def _put_whole(self, name: str, content: bytes, notes: dict[str, str]) -> Mapping[str, str] | None:
		"""The answer's headers, or None where the name exists."""
		answer = oci_failures.unless(
			(412,),
			lambda: self._client.put_object(
				*self._place,
				self._key(name),
				content,
				if_none_match="*",
				content_type=_content_type(name),
				opc_meta=notes,
				retry_strategy=self._retries(),
				**_checksums(content),
				**self._encryption(),
			),
		)
		headers: Mapping[str, str] | None = None if answer is None else answer.headers
		return headers

	def _put_parts(self, name: str, content: bytes, notes: dict[str, str]) -> Mapping[str, str] | None:
		"""As `_put_whole`; a part that is sent again replaces itself, and only the commit creates the object."""
		from oci.object_storage import models

		details = models.CreateMultipartUploadDetails(
			object=self._key(name),
			content_type=_content_type(name),
			metadata={f"opc-meta-{key}": value for key, value in notes.items()},
		)
		begun = oci_failures.unless(
			(412,),
			lambda: self._client.create_multipart_upload(
				*self._place,
				details,
				if_none_match="*",
				opc_checksum_algorithm="SHA256",
				retry_strategy=self._retries(),
				**self._encryption(),
			),
		)
		if begun is None:
			return None
		upload = begun.data.upload_id
		try:
			parts = []
			for number, start in enumerate(range(0, len(content), self.settings.part_size), 1):
				part = content[start : start + self.settings.part_size]
				answer = self._client.upload_part(
					*self._place,
					self._key(name),
					upload,
					number,
					part,
					retry_strategy=self._retries(),
					**_checksums(part),
				)
				parts.append(
					models.CommitMultipartUploadPartDetails(part_num=number, etag=answer.headers["etag"])
				)
			# 404 and 409: an earlier attempt of this very commit got through and its answer was lost.
			done = oci_failures.unless(
				(404, 409, 412),
				lambda: self._client.commit_multipart_upload(
					*self._place,
					self._key(name),
					upload,
					models.CommitMultipartUploadDetails(parts_to_commit=parts),
					if_none_match="*",
					retry_strategy=self._retries(),
				),
			)
		except Exception:
			self._abort(name, upload)
			raise
		if done is None:
			self._abort(name, upload)
			return None
		headers: Mapping[str, str] = done.headers
		return headers

	def _abort(self, name: str, upload: str) -> None:
		"""Best effort: what stays is collected by `abandon_unfinished`, and must not hide the failure that led here."""
		import oci

		try:
			self._client.abort_multipart_upload(
				*self._place, self._key(name), upload, retry_strategy=self._retries()
			)
		except (oci.exceptions.ServiceError, *oci_failures.network_errors()):
			return

	def _already_there(self, name: str, content: bytes, digest: str) -> Receipt:
		"""The receipt of an object that exists, once the service's own digest of it is ours."""
		head = self.head(name)
		if head is None:
			raise oci_failures.unsettled(name)
		if head.sha256:
			same = head.sha256 == digest
		elif head.md5:
			same = head.size == len(content) and head.md5 == _base64(
				hashlib.md5(content, usedforsecurity=False)
			)
		else:
			# An object that came in parts has a digest of digests only: its bytes decide.
			try:
				same = self.get(name) == content
			except ObjectDiffers:
				same = False
		if not same or head.metadata.get("sha256", digest) != digest:
			raise ObjectDiffers(
				f"Other content stands in the archive under {name}.",
				hint="Leave it as it is and call whoever answers for the archive.",
				field="name",
			)
		return Receipt(name, digest, len(content), False, head.etag, head.version)

	def _require_bucket(self) -> None:
		"""A 404 for an object can mean the bucket: then it is a setting's fault, and not a lost document."""
		with oci_failures.explained():
			self._client.head_bucket(*self._place, retry_strategy=self._retries())

	# --- reaching -------------------------------------------------------------------------------------------------

	@property
	def _place(self) -> tuple[str, str]:
		return self.settings.namespace, self.settings.bucket

	def _key(self, name: str) -> str:
		"""What the object is called in the bucket."""
		return self.settings.prefix + name

	@property
	def _client(self) -> Any:
		with self._lock:
			if self._made is None or self._made[0] != os.getpid():
				self._made = (os.getpid(), _make_client(self.settings))
			return self._made[1]

	def _retries(self) -> Any:
		from oci import retry

		builder = retry.RetryStrategyBuilder(
			max_attempts_check=True,
			max_attempts=self.settings.attempts,
			total_elapsed_time_check=True,
			total_elapsed_time_seconds=120,
			retry_max_wait_between_calls_seconds=self.settings.longest_wait,
			retry_base_sleep_time_seconds=min(1, self.settings.longest_wait),
			service_error_check=True,
			service_error_retry_on_any_5xx=True,
			service_error_retry_config={429: []},
			backoff_type=retry.BACKOFF_FULL_JITTER_VALUE,
		)
		return builder.get_retry_strategy()

	def _encryption(self) -> dict[str, str]:
		return {"opc_sse_kms_key_id": self.settings.kms_key_id} if self.settings.kms_key_id else {}


def _make_client(settings: OciSettings) -> Any:
	from oci.circuit_breaker import NoCircuitBreakerStrategy
	from oci.object_storage import ObjectStorageClient

	with oci_failures.explained():
		config, signer = _SIGN_IN[settings.auth](settings)
		options: dict[str, Any] = {
			"timeout": settings.timeout,
			# The job queue outside decides when to stop trying; a breaker in one worker would only hide the cause.
			"circuit_breaker_strategy": NoCircuitBreakerStrategy(),
		}
		if signer is not None:
			options["signer"] = signer
		if settings.service_endpoint:
			options["service_endpoint"] = settings.service_endpoint
		return ObjectStorageClient(config, **options)


def _with_api_key(settings: OciSettings) -> tuple[dict[str, Any], Any]:
	key = settings.api_key
	assert key is not None
	config: dict[str, Any] = {
		"tenancy": key.tenancy,
		"user": key.user,
		"fingerprint": key.fingerprint,
		"key_content": key.key_content,
		"region": settings.region,
	}
	if key.pass_phrase:
		config["pass_phrase"] = key.pass_phrase
	return config, None


def _with_instance(settings: OciSettings) -> tuple[dict[str, Any], Any]:
	from oci import retry
	from oci.auth.signers import InstancePrincipalsSecurityTokenSigner

	# By itself the SDK asks for three minutes; elsewhere than in Oracle's cloud nobody answers, and somebody waits.
	patience = (
		retry.RetryStrategyBuilder(
			max_attempts=2, total_elapsed_time_seconds=30, service_error_retry_on_any_5xx=True
		)
		.add_max_attempts()
		.add_total_elapsed_time()
		.add_service_error_check()
		.get_retry_strategy()
	)
	try:
		return {"region": settings.region}, InstancePrincipalsSecurityTokenSigner(retry_strategy=patience)
	except (oci_failures.service_error(), *oci_failures.network_errors()):
		raise TransportError(
			"The server does not get its identity as an instance of Oracle's cloud.",
			may_have_arrived=False,
			hint="Is it one? If not, choose API key. It is tried again by itself.",
		) from None
	except RuntimeError as error:
		raise _no_identity(error) from None


def _with_resource(settings: OciSettings) -> tuple[dict[str, Any], Any]:
	from oci.auth.signers import get_resource_principals_signer

	try:
		return {"region": settings.region}, get_resource_principals_signer()
	except (OSError, RuntimeError) as error:
		raise _no_identity(error) from None


def _no_identity(error: Exception) -> ConfigurationError:
	return ConfigurationError(
		f"The server has no identity of the chosen kind in Oracle's cloud ({type(error).__name__}).",
		hint="Choose the kind of principal it has, or API key.",
		field="auth",
	)


_SIGN_IN: Mapping[Auth, Callable[[OciSettings], tuple[dict[str, Any], Any]]] = {
	Auth.API_KEY: _with_api_key,
	Auth.INSTANCE_PRINCIPAL: _with_instance,
	Auth.RESOURCE_PRINCIPAL: _with_resource,
}


def _checksums(content: bytes) -> dict[str, str]:
	return {
		"content_md5": _base64(hashlib.md5(content, usedforsecurity=False)),
		"opc_checksum_algorithm": "SHA256",
		"opc_content_sha256": _base64(hashlib.sha256(content)),
	}


def _base64(digest: Any) -> str:
	return base64.b64encode(digest.digest()).decode()


def _content_type(name: str) -> str:
	suffix = name.rpartition(".")[2]
	return {"xml": "application/xml", "pdf": "application/pdf", "json": "application/json"}.get(
		suffix, "application/octet-stream"
	)


def _rule(item: Any) -> RetentionRule:
	days = None
	if item.duration is not None:
		days = int(item.duration.time_amount) * (365 if item.duration.time_unit == "YEARS" else 1)
	locked = item.time_rule_locked is not None and item.time_rule_locked <= datetime.now(timezone.utc)
	return RetentionRule(str(item.display_name or ""), days, locked)


def _rule_sentence(rule: RetentionRule) -> str:
	length = "without end" if rule.days is None else f"{rule.days} days"
	lock = "locked" if rule.locked else "not locked: an administrator can still shorten it"
	return f"Retention rule “{rule.name}”: {length}, {lock}."
