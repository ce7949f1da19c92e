"""An archive in a local folder: the default where no object storage is set up.

Takes bytes and where they belong; gives a name that contains their SHA-256, so that storing twice is harmless and a
changed file gives itself away. Never overwrites, never deletes. The names are those of the object storage too
(STACK.md section 3): `<VAT>/<year>/<month>/<UUID>/<sha256>.<suffix>`, without any customer's name.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from bayancore_erp.zatca.core.errors import InvalidInput

_NAME = re.compile(r"[0-9]{15}/[0-9]{4}/[0-9]{2}/[0-9A-Za-z-]{1,64}/(?P<sha256>[0-9a-f]{64})\.[a-z0-9]{1,8}")


def object_name(vat_number: str, issued: date, uuid: str, content: bytes, suffix: str) -> str:
	"""The archive name of `content`. Raises InvalidInput where VAT number, UUID or suffix are no such thing."""
	digest = hashlib.sha256(content).hexdigest()
	name = f"{vat_number}/{issued:%Y}/{issued:%m}/{uuid}/{digest}.{suffix}"
	if not _NAME.fullmatch(name):
		raise InvalidInput("A document is archived under its seller's VAT number and its UUID.", field="uuid")
	return name


@dataclass(frozen=True, slots=True)
class LocalFolder:
	"""The archive below one folder."""

	root: Path

	def put(self, name: str, content: bytes) -> bool:
		"""Store `content` under its name, durably. False if it was there already.

		Raises InvalidInput where the name is not this content's, or where other bytes hold it (damage: alarm).
		"""
		found = _NAME.fullmatch(name)
		if not found or found["sha256"] != hashlib.sha256(content).hexdigest():
			raise InvalidInput("This is not the archive name of this content.", field="name")
		target = self.root / name
		if target.exists():
			if target.read_bytes() != content:
				raise InvalidInput(
					f"The archived file {name} is damaged.",
					hint="Keep it for the auditor; restore it from a backup.",
				)
			return False
		target.parent.mkdir(parents=True, exist_ok=True)
		handle, temporary = tempfile.mkstemp(dir=target.parent)
		try:
			with os.fdopen(handle, "wb") as file:
				file.write(content)
				file.flush()
				os.fsync(file.fileno())
			os.chmod(temporary, 0o444)
			os.link(temporary, target)
		except FileExistsError:
			return False
		finally:
			os.unlink(temporary)
		return True

	def get(self, name: str) -> bytes:
		"""The bytes of that name. Raises InvalidInput where they no longer fit it, OSError where there are none."""
		found = _NAME.fullmatch(name)
		if not found:
			raise InvalidInput("This is not an archive name.", field="name")
		content = (self.root / name).read_bytes()
		if hashlib.sha256(content).hexdigest() != found["sha256"]:
			raise InvalidInput(f"The archived file {name} was changed.", hint="Restore it from a backup.")
		return content

	def names(self) -> Iterator[str]:
		"""All names in the archive, in order."""
		for file in sorted(self.root.rglob("*")):
			name = file.relative_to(self.root).as_posix()
			if _NAME.fullmatch(name):
				yield name

	def damaged(self) -> list[str]:
		"""The names whose bytes no longer fit them; empty if the archive is whole."""
		bad = []
		for name in self.names():
			try:
				self.get(name)
			except InvalidInput:
				bad.append(name)
		return bad
