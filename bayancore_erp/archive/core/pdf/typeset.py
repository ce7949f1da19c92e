"""The typesetter: one warm typst compiler a process, with the shipped fonts and nothing else.

Takes a template's name, its data as a dictionary, the XML to embed and the moment of the document. Gives a PDF/A-3b,
the same bytes for the same input. Never reads a system font, a package, the network or a file outside the template
folder; never treats data as markup.

typst draws on a thread pool of its own, which does not survive a fork: a child forked from a process that has already
typeset (a preloaded web worker) would wait for ever, so it hands its pages to a fresh interpreter instead.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import typst

from bayancore_erp.archive.core.pdf.glyphs import FONT_FOLDER
from bayancore_erp.zatca.core.errors import ConfigurationError, InvalidInput

TEMPLATES = Path(__file__).parent / "template"
_FRESH_TIMEOUT = 120


class _Press:
	"""The compiler of this process, made on first use. It takes one page at a time."""

	def __init__(self) -> None:
		self.renew_lock()
		self.compiler: typst.Compiler | None = None
		self.owner = 0

	def renew_lock(self) -> None:
		"""A fork may copy a lock that another thread held; the child starts with a free one."""
		self.lock = threading.Lock()

	def compile(self, template: str, inputs: dict[str, str], timestamp: int) -> bytes:
		with self.lock:
			if self.compiler is None:
				fonts = typst.Fonts(
					include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONT_FOLDER)]
				)
				self.compiler = typst.Compiler(root=str(TEMPLATES), font_paths=fonts)
				self.owner = os.getpid()
			made = self.compiler.compile(
				input=str(TEMPLATES / f"{template}.typ"),
				format="pdf",
				pdf_standards=["a-3b"],
				sys_inputs=inputs,
				timestamp=timestamp,
			)
		if not isinstance(made, bytes):
			raise ConfigurationError(
				"typst gave no PDF.", hint="Install the version that pyproject.toml names."
			)
		return made


_PRESS = _Press()
os.register_at_fork(after_in_child=_PRESS.renew_lock)


def typeset(
	template: str, data: dict[str, Any], issued: datetime, attachment: tuple[str, str] | None
) -> bytes:
	"""`template` ("a4" or "receipt") filled with `data`, dated `issued`, holding `attachment` (file name, XML text).

	Raises InvalidInput where the data cannot be drawn, ConfigurationError where typst or the fonts are broken.
	"""
	inputs = {"data": json.dumps(data, ensure_ascii=False)}
	if attachment is not None:
		inputs["file"], inputs["xml"] = attachment
	timestamp = int(issued.timestamp())
	if _PRESS.compiler is not None and _PRESS.owner != os.getpid():
		return _in_fresh_interpreter(template, inputs, timestamp)
	return _compiled(template, inputs, timestamp)


def _compiled(template: str, inputs: dict[str, str], timestamp: int) -> bytes:
	try:
		return _PRESS.compile(template, inputs, timestamp)
	except typst.TypstError as error:
		raise InvalidInput(
			f"The invoice cannot be drawn: {error.message}.",
			code="PDF-DRAW",
			hint="A logo with unusual contents is the usual cause: try it as PNG.",
		) from error


def _in_fresh_interpreter(template: str, inputs: dict[str, str], timestamp: int) -> bytes:
	order = json.dumps({"template": template, "inputs": inputs, "timestamp": timestamp}).encode()
	path = os.pathsep.join(filter(None, sys.path))
	try:
		done = subprocess.run(
			[sys.executable, "-m", __name__],
			input=order,
			capture_output=True,
			timeout=_FRESH_TIMEOUT,
			check=False,
			env={**os.environ, "PYTHONPATH": path},
		)
	except (OSError, subprocess.TimeoutExpired) as error:
		raise ConfigurationError(
			"A helper process for the PDF could not be run.", code="PDF-HELPER"
		) from error
	if done.returncode == 1:
		raise InvalidInput(done.stderr.decode(errors="replace").strip(), code="PDF-DRAW")
	if done.returncode or not done.stdout.startswith(b"%PDF"):
		raise ConfigurationError("A helper process for the PDF failed.", code="PDF-HELPER")
	return done.stdout


def _serve_one() -> int:
	order = json.load(sys.stdin)
	try:
		made = _compiled(order["template"], order["inputs"], order["timestamp"])
	except InvalidInput as error:
		sys.stderr.write(error.message)
		return 1
	sys.stdout.buffer.write(made)
	return 0


if __name__ == "__main__":
	sys.exit(_serve_one())
