"""The archive as its users see it, wherever it stands: put, get, head, names, health.

Takes bytes and the name they belong under; a name ends in the SHA-256 of its bytes, so that storing twice is harmless
and a changed object gives itself away. Gives a Receipt for every put. Never overwrites; deletes only what a person had
destroyed after its term (retention.py), and only where the place lets it go.

Names are `<VAT>/<year>/<month>/<UUID>/<sha256>.<suffix>`, without any customer's name (STACK.md section 3: object names
are no place for confidential matter). Source: DESIGN.md, promise 11.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from bayancore_erp.zatca.core.errors import InvalidInput

_NAME = re.compile(r"[0-9]{15}/[0-9]{4}/[0-9]{2}/[0-9A-Za-z-]{1,64}/(?P<sha256>[0-9a-f]{64})\.[a-z0-9]{1,8}")
_META_KEY = re.compile(r"[a-z][a-z0-9-]{0,30}")
_META_VALUE = re.compile(r"[ -~]{1,200}")


class ObjectDiffers(InvalidInput):
	"""An alarm: under the name stand other bytes than those the name was made from."""


class ObjectMissing(InvalidInput):
	"""Nothing stands under the name."""


@dataclass(frozen=True, slots=True)
class Receipt:
	"""What is known once an object is safe. `stored` is False if it was there already, byte for byte."""

	name: str
	sha256: str
	size: int
	stored: bool
	etag: str = ""
	version: str = ""
	request_id: str = ""


@dataclass(frozen=True, slots=True)
class Head:
	"""What the store says of an object without its bytes. `sha256` is empty where the store itself did not compute one."""

	name: str
	size: int
	sha256: str = ""
	md5: str = ""
	etag: str = ""
	version: str = ""
	metadata: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RetentionRule:
	"""A rule of the bucket. `days` None: without end. Locked rules can only be made longer, by anybody."""

	name: str
	days: int | None
	locked: bool


@dataclass(frozen=True, slots=True)
class Health:
	"""Whether the store can be written to and protects what it holds; each problem and each fact is a sentence."""

	place: str
	reachable: bool
	problems: tuple[str, ...] = ()
	facts: tuple[str, ...] = ()
	retention: tuple[RetentionRule, ...] = ()
	vault_key: str = ""
	"""The OCID of the key that what is stored is encrypted with, where it is the customer's own."""

	@property
	def ok(self) -> bool:
		"""Reachable, and nothing to complain of."""
		return self.reachable and not self.problems


class ArchiveStore(Protocol):
	"""Where documents are kept. All stores raise InvalidInput for a name that is none, and TransportError (retryable) or
	ConfigurationError where the place cannot be reached."""

	def put(self, name: str, content: bytes, metadata: Mapping[str, str] | None = None) -> Receipt:
		"""Store `content`, durably, once. Raises ObjectDiffers (alarm) where other bytes hold the name."""

	def get(self, name: str) -> bytes:
		"""The bytes, verified against the name. Raises ObjectMissing, or ObjectDiffers where they no longer fit."""

	def head(self, name: str) -> Head | None:
		"""What is known of the object; None if there is none."""

	def destroy(self, name: str, version: str = "") -> bool:
		"""Take the object away for good, or find it gone. False where the place keeps it: its rule, or no right to delete."""

	def names(self, prefix: str = "") -> Iterator[str]:
		"""The names that begin with `prefix`, in order, a page at a time."""

	def health(self, days: int = 0) -> Health:
		"""Whether it works and what protects it, so many days at least from the day it is stored.

		Never raises for an unreachable place: that is a problem in it.
		"""


def object_name(vat_number: str, issued: date, uuid: str, content: bytes, suffix: str) -> str:
	"""The archive name of `content`. Raises InvalidInput where VAT number, UUID or suffix are no such thing."""
	digest = hashlib.sha256(content).hexdigest()
	name = f"{vat_number}/{issued:%Y}/{issued:%m}/{uuid}/{digest}.{suffix}"
	if not is_name(name):
		raise InvalidInput("A document is archived under its seller's VAT number and its UUID.", field="uuid")
	return name


def is_name(text: str) -> bool:
	"""Whether `text` is an archive name."""
	return _NAME.fullmatch(text) is not None


def digest_in(name: str) -> str:
	"""The SHA-256 (hex) that a name states. Raises InvalidInput where it is no archive name."""
	found = _NAME.fullmatch(name)
	if not found:
		raise InvalidInput("This is not an archive name.", field="name")
	return found["sha256"]


def require_fit(name: str, content: bytes) -> str:
	"""The SHA-256 of `content`, which `name` must state. Raises InvalidInput otherwise: a mistake before anything is stored."""
	digest = hashlib.sha256(content).hexdigest()
	if not is_name(name) or digest_in(name) != digest:
		raise InvalidInput("This is not the archive name of this content.", field="name")
	return digest


def require_metadata(metadata: Mapping[str, str] | None) -> dict[str, str]:
	"""The metadata as it may travel in HTTP headers. Raises InvalidInput for what may not (Arabic text, line breaks)."""
	for key, value in (metadata or {}).items():
		if not _META_KEY.fullmatch(key) or not _META_VALUE.fullmatch(value):
			raise InvalidInput(
				f"The archive cannot note “{key[:40]}” beside a document.",
				hint="Keys are small Latin letters; values are at most 200 Latin characters.",
				field="metadata",
			)
	return dict(metadata or {})


@dataclass(frozen=True, slots=True)
class Fault:
	"""An object that is not as it should be. `kind`: missing, changed, foreign."""

	name: str
	kind: str
	message: str


def audit(store: ArchiveStore, expected: Iterable[str], prefix: str = "") -> Iterator[Fault]:
	"""Every way in which the objects below `prefix` differ from `expected`, which names them in order.

	Each object is read and its hash compared. Two ordered streams are merged, so neither has to fit into memory.
	Raises InvalidInput where `expected` is not in order.
	"""
	wanted, present = iter(expected), store.names(prefix)
	want, have, before = next(wanted, None), next(present, None), ""
	while want is not None or have is not None:
		if want is not None and want < before:
			raise InvalidInput("The expected names must come in order.", field="expected")
		if want is None or (have is not None and have < want):
			assert have is not None
			yield Fault(have, "foreign", f"{have} is in the archive and nobody put it there.")
			have = next(present, None)
		elif have is None or want < have:
			yield Fault(want, "missing", f"{want} was archived and is gone.")
			before, want = want, next(wanted, None)
		else:
			try:
				store.get(want)
			except ObjectDiffers:
				yield Fault(want, "changed", f"{want} no longer has the content it was archived with.")
			before, want, have = want, next(wanted, None), next(present, None)
