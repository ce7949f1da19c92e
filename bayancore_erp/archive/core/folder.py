"""An archive in a local folder: the default where no object storage is set up.

Takes bytes and the name they belong under (store.py); gives receipts. Files are read-only, written beside their place and
linked into it, so that a crash leaves all of a file or none. Never overwrites; deletes only a document destroyed after its term.
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bayancore_erp.archive.core.store import (
	Head,
	Health,
	ObjectDiffers,
	ObjectMissing,
	Receipt,
	digest_in,
	is_name,
	object_name,
	require_fit,
	require_metadata,
)

__all__ = ["LocalFolder", "object_name"]

# What a write in progress is called; a crash leaves it, and it is no archive name.
_UNFINISHED = ".unfinished-"


@dataclass(frozen=True, slots=True)
class LocalFolder:
	"""The archive below one folder. Metadata is checked as the object storage would and not kept."""

	root: Path

	def put(self, name: str, content: bytes, metadata: Mapping[str, str] | None = None) -> Receipt:
		"""Store `content` under its name, durably.

		Raises InvalidInput where the name is not this content's, ObjectDiffers where other bytes hold it (alarm).
		"""
		digest = require_fit(name, content)
		require_metadata(metadata)
		target = self.root / name
		if target.exists():
			return self._present(name, digest, content)
		target.parent.mkdir(parents=True, exist_ok=True)
		handle, temporary = tempfile.mkstemp(prefix=_UNFINISHED, dir=target.parent)
		try:
			with os.fdopen(handle, "wb") as file:
				file.write(content)
				file.flush()
				os.fsync(file.fileno())
			os.chmod(temporary, 0o444)
			os.link(temporary, target)
			_sync_folder(target.parent)
		except FileExistsError:
			return self._present(name, digest, content)
		finally:
			os.unlink(temporary)
		return Receipt(name, digest, len(content), True)

	def get(self, name: str) -> bytes:
		"""The bytes of that name. Raises ObjectDiffers where they no longer fit it, ObjectMissing where there are none."""
		digest = digest_in(name)
		try:
			content = (self.root / name).read_bytes()
		except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
			raise ObjectMissing(f"The archive holds nothing under {name}.", field="name")
		if hashlib.sha256(content).hexdigest() != digest:
			raise ObjectDiffers(f"The archived file {name} was changed.", hint="Restore it from a backup.")
		return content

	def head(self, name: str) -> Head | None:
		"""Name and size; a folder computes no digests of its own."""
		digest_in(name)
		try:
			return Head(name, (self.root / name).stat().st_size)
		except (FileNotFoundError, NotADirectoryError):
			return None

	def destroy(self, name: str, version: str = "") -> bool:
		"""Remove the file, and the document's folder with its last one. A folder keeps nothing against its owner."""
		digest_in(name)
		target = self.root / name
		try:
			target.unlink()
			_sync_folder(target.parent)
			target.parent.rmdir()
		except (FileNotFoundError, NotADirectoryError):
			return True
		except OSError as error:
			if error.errno != errno.ENOTEMPTY:
				raise
		return True

	def names(self, prefix: str = "") -> Iterator[str]:
		"""The names that begin with `prefix`, in order; one folder is in memory at a time."""
		yield from self._below("", prefix)

	def health(self, days: int = 0) -> Health:
		"""Whether the folder can be written to. That it protects nothing against its owner is a fact, not a problem."""
		place = f"folder {self.root}"
		try:
			self.root.mkdir(parents=True, exist_ok=True)
			with tempfile.TemporaryFile(dir=self.root) as probe:
				probe.write(b"probe")
		except OSError as error:
			return Health(
				place, False, (f"The archive folder cannot be written to ({error.strerror or 'error'}).",)
			)
		return Health(place, True, (), ("A folder has no retention rule: whoever owns it can delete files.",))

	def damaged(self) -> list[str]:
		"""The names whose bytes no longer fit them; empty if the archive is whole."""
		bad = []
		for name in self.names():
			try:
				self.get(name)
			except ObjectDiffers:
				bad.append(name)
		return bad

	def _present(self, name: str, digest: str, content: bytes) -> Receipt:
		if (self.root / name).read_bytes() != content:
			raise ObjectDiffers(
				f"The archived file {name} is damaged.",
				hint="Keep it for the auditor; restore it from a backup.",
			)
		return Receipt(name, digest, len(content), False)

	def _below(self, path: str, prefix: str) -> Iterator[str]:
		try:
			with os.scandir(self.root / path) as found:
				# A folder sorts as its name with the slash, which is how names with a common beginning compare.
				entries = sorted((e.name + "/" if e.is_dir(follow_symlinks=False) else e.name) for e in found)
		except FileNotFoundError:
			return
		for entry in entries:
			name = path + entry
			if entry.endswith("/"):
				if name.startswith(prefix) or prefix.startswith(name):
					yield from self._below(name, prefix)
			elif name.startswith(prefix) and is_name(name):
				yield name


def _sync_folder(folder: Path) -> None:
	"""Make the new entry itself survive a power cut."""
	handle = os.open(folder, os.O_RDONLY)
	try:
		os.fsync(handle)
	finally:
		os.close(handle)
