"""Files in and out of the command line: bounded reads, and writes that leave no half file behind."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from bayancore_erp.zatca.core.errors import InvalidInput, ZatcaError
from bayancore_erp.zatca.core.invoice import InvalidInvoice

# The gateway refuses a request above about 10 MB; nothing larger can be an invoice.
LARGEST_INPUT = 64 * 1024 * 1024


def read(path: str) -> bytes:
	"""The bytes of a file, or of standard input for "-". Raises InvalidInput where it is too large, OSError where unreadable."""
	if path == "-":
		data = sys.stdin.buffer.read(LARGEST_INPUT + 1)
	else:
		with open(path, "rb") as file:
			data = file.read(LARGEST_INPUT + 1)
	if len(data) > LARGEST_INPUT:
		raise InvalidInput(
			f"{path} is larger than 64 MB, which no invoice is.", hint="Check that this is the right file."
		)
	return data


def write(path: str, data: bytes, *, private: bool = False) -> None:
	"""Write a file whole or not at all; "-" is standard output. A full disk leaves the old file as it was.

	With `private` only the owner can read it.
	"""
	if path == "-":
		sys.stdout.buffer.write(data)
		sys.stdout.buffer.flush()
		return
	# A link stays a link: what it points at is replaced.
	target = Path(os.path.realpath(path))
	try:
		if target.exists() and not target.is_file():
			# A device or a pipe is written into, never replaced; a folder refuses by itself.
			with open(target, "wb") as file:
				file.write(data)
		else:
			_replace(target, data, 0o600 if private else 0o644)
	except OSError as error:
		# The person knows the file by this name, not by the temporary one.
		error.filename, error.filename2 = path, None
		raise


def _replace(target: Path, data: bytes, mode: int) -> None:
	handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
	try:
		with os.fdopen(handle, "wb") as file:
			file.write(data)
			file.flush()
			os.fsync(file.fileno())
		os.chmod(name, mode)
		os.replace(name, target)
	except BaseException:
		Path(name).unlink(missing_ok=True)
		raise


def read_password(path: str | None) -> str | None:
	"""The password that a file holds, without the line's end; None where no file is named. Raises InvalidInput, OSError."""
	if path is None:
		return None
	try:
		return read(path).decode("utf-8-sig").strip()
	except UnicodeDecodeError:
		raise InvalidInput(
			f"The password file {path} is not UTF-8 text.", hint="Write the password in it, on one line."
		) from None


def print_json(value: Any) -> None:
	"""One JSON document on standard output, readable, Arabic as Arabic."""
	print(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def error_as_json(error: ZatcaError) -> dict[str, Any]:
	"""What went wrong, in parts; an invoice with several problems lists them all."""
	parts = {"code": error.code, "message": error.message, "hint": error.hint, "field": error.field}
	if isinstance(error, InvalidInvoice):
		return {**parts, "problems": [error_as_json(problem) for problem in error.problems]}
	return parts


def complain(text: str) -> None:
	"""Text for the person, on standard error, so that standard output stays the document's."""
	print(text, file=sys.stderr)
