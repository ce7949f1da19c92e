"""Where a company's archive stands: its settings made into one of the core's stores, and the name of that place.

Takes a company; gives the store that is written to now, and for any place objects were put before the store to read from.
A store is kept for the life of the process: its connections are reused. Never contacts a place by itself.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import frappe
from frappe import _
from frappe.utils.password import get_decrypted_password

from bayancore_erp.archive.adapter.preferences import SETTINGS, preferences
from bayancore_erp.archive.core.folder import LocalFolder
from bayancore_erp.archive.core.oci_store import ApiKey, Auth, OciObjectStorage, OciSettings
from bayancore_erp.archive.core.store import ArchiveStore
from bayancore_erp.zatca.adapter.training import is_training
from bayancore_erp.zatca.core.errors import ConfigurationError

OCI = "Oracle Object Storage"
AUTH = {
	"API Key": Auth.API_KEY,
	"Instance Principal": Auth.INSTANCE_PRINCIPAL,
	"Resource Principal": Auth.RESOURCE_PRINCIPAL,
}
ENDPOINT = "archive_oci_endpoint"
"""In site_config.json: a stand-in on this machine, for tests. The core refuses any other host."""
_PEM = re.compile(r"-----BEGIN ([A-Z ]+)-----(.*?)-----END \1-----", re.DOTALL)
_stores: dict[OciSettings, OciObjectStorage] = {}


def place_of(company: str) -> str:
	"""The name of the place a company's documents go to now. What is only practised has one of its own, which goes with it."""
	if is_training(company):
		return f"folder:{training_folder(company)}"
	settings = preferences(company)
	if settings.backend == OCI:
		return f"oci:{settings.region}/{settings.namespace}/{settings.bucket}/{settings.prefix or ''}"
	return f"folder:{folder_of(settings)}"


def training_folder(company: str) -> str:
	"""Where a training company's documents are kept, in the site's folder."""
	return f"private/zatca-training/{hashlib.sha256(company.encode()).hexdigest()[:16]}"


def store_of(company: str, place: str = "") -> ArchiveStore:
	"""The store at a place, the present one where none is named. Raises ConfigurationError for settings that cannot work."""
	place = place or place_of(company)
	kind, _colon, rest = place.partition(":")
	if kind == "folder":
		return LocalFolder(Path(frappe.get_site_path(rest)) if not rest.startswith("/") else Path(rest))
	region, namespace, bucket, prefix = rest.split("/", 3)
	return shared(oci_settings(preferences(company), region, namespace, bucket, prefix))


def vat_numbers(company: str) -> list[str]:
	"""The VAT numbers the company's objects are named by: the present one, and those it had before, as when it joined a VAT group."""
	present = frappe.db.get_value("Company", company, "tax_id")
	signed = frappe.db.sql_list(
		"select distinct vat_number from `tabZATCA Document` where company = %s", company
	)
	kept = frappe.db.sql_list(
		"select distinct substring_index(object_name, '/', 1) from `tabArchive Object` where company = %s",
		company,
	)
	return [number for number in dict.fromkeys((present, *signed, *kept)) if is_vat_number(number)]


def is_vat_number(text: str | None) -> bool:
	"""Whether objects can be named by it."""
	return bool(text) and len(str(text)) == 15 and str(text).isdigit()


def shared(settings: OciSettings) -> OciObjectStorage:
	"""One client for each set of settings."""
	if settings not in _stores:
		_stores[settings] = OciObjectStorage(settings)
	return _stores[settings]


def folder_of(settings: Any) -> str:
	"""The folder, relative to the site where it is the default one: a site may be moved."""
	return (settings.folder or "").strip() or "private/zatca-archive"


def oci_settings(
	settings: Any, region: str, namespace: str, bucket: str, prefix: str, key: str = ""
) -> OciSettings:
	"""The core's settings for a bucket; `key` is the private key where it is not stored yet. Raises ConfigurationError."""
	auth = AUTH.get(settings.auth_mode or "API Key", Auth.API_KEY)
	return OciSettings(
		region=region,
		namespace=namespace,
		bucket=bucket,
		prefix=prefix,
		auth=auth,
		api_key=api_key_of(settings, key) if auth is Auth.API_KEY else None,
		kms_key_id=settings.kms_key_id or "",
		service_endpoint=frappe.conf.get(ENDPOINT) or "",
	)


def api_key_of(settings: Any, key: str = "") -> ApiKey:
	"""The key as entered; the desk's password field takes the line breaks out of a PEM text, so they are put back."""
	key = (
		key or get_decrypted_password(SETTINGS, settings.company, "private_key", raise_exception=False) or ""
	)
	if not (settings.tenancy and settings.user_ocid and settings.fingerprint and key):
		raise ConfigurationError(
			_("The archive's API key is not complete."),
			hint=_("Enter tenancy, user, fingerprint and private key in Archive Settings."),
			field="private_key",
		)
	words = get_decrypted_password(SETTINGS, settings.company, "pass_phrase", raise_exception=False) or ""
	return ApiKey(settings.tenancy, settings.user_ocid, settings.fingerprint, pem(key), words)


def pem(text: str) -> str:
	"""A PEM text with its line breaks, however it was pasted."""
	found = _PEM.search(text)
	if not found:
		return text
	body = "".join(found[2].split())
	lines = "\n".join(body[start : start + 64] for start in range(0, len(body), 64))
	return f"-----BEGIN {found[1]}-----\n{lines}\n-----END {found[1]}-----\n"
