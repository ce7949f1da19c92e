"""The verb that starts a device's identity: `csr`."""

from __future__ import annotations

import argparse
import os
from typing import Any

from bayancore_erp.zatca.cli import files
from bayancore_erp.zatca.core.codes import Environment
from bayancore_erp.zatca.core.crypto.csr import build_csr, read_properties
from bayancore_erp.zatca.core.crypto.keys import generate_key, load_key
from bayancore_erp.zatca.core.errors import InvalidInput

ENVIRONMENTS = {
	"sandbox": Environment.SANDBOX,
	"simulation": Environment.SIMULATION,
	"production": Environment.PRODUCTION,
}


def add_to(verbs: Any) -> None:
	"""Register the verb."""
	csr = verbs.add_parser("csr", help="make a device's key and certificate request")
	csr.add_argument(
		"config", metavar="CONFIG.properties", help="as in the SDK: csr.common.name=…, csr.serial.number=…"
	)
	csr.add_argument("--environment", choices=tuple(ENVIRONMENTS), required=True)
	csr.add_argument(
		"--key", required=True, metavar="KEY.pem", help="used if it exists, else made (readable by you only)"
	)
	csr.add_argument("--password-file", metavar="FILE", help="encrypts a new key, or opens an existing one")
	csr.add_argument("-o", "--out", default="-", metavar="FILE", help="where the request goes (PEM)")
	csr.set_defaults(run=run_csr)


def run_csr(given: argparse.Namespace) -> int:
	"""Check the request before any key is made, so that a refused one leaves nothing behind."""
	try:
		request = read_properties(files.read(given.config).decode("utf-8-sig"))
	except UnicodeDecodeError as error:
		raise InvalidInput(f"{given.config} is not UTF-8 text.") from error
	password = files.read_password(given.password_file)
	exists = os.path.exists(given.key)
	key = load_key(files.read(given.key), password) if exists else generate_key()
	pem = build_csr(request, key, ENVIRONMENTS[given.environment])
	if not exists:
		files.write(given.key, key.to_pem(password), private=True)
	files.write(given.out, pem)
	return 0
