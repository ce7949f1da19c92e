"""The local archive keeps what it is given, once, and notices damage."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from bayancore_erp.archive.core.folder import LocalFolder, object_name
from bayancore_erp.zatca.core.errors import InvalidInput

VAT, UUID, DAY = "399999999900003", "8d487816-70b8-4ade-a618-9d620b73814a", date(2026, 11, 21)


def test_stored_once_and_read_back(tmp_path: Path) -> None:
	archive = LocalFolder(tmp_path)
	name = object_name(VAT, DAY, UUID, b"<xml/>", "xml")
	assert name.startswith(f"{VAT}/2026/11/{UUID}/")
	assert archive.put(name, b"<xml/>").stored
	assert not archive.put(name, b"<xml/>").stored
	assert archive.get(name) == b"<xml/>"
	assert list(archive.names()) == [name]
	assert archive.damaged() == []


def test_wrong_content_is_refused(tmp_path: Path) -> None:
	name = object_name(VAT, DAY, UUID, b"one", "xml")
	with pytest.raises(InvalidInput):
		LocalFolder(tmp_path).put(name, b"two")
	assert list(LocalFolder(tmp_path).names()) == []


def test_damage_is_named_and_never_overwritten(tmp_path: Path) -> None:
	archive = LocalFolder(tmp_path)
	name = object_name(VAT, DAY, UUID, b"one", "xml")
	archive.put(name, b"one")
	os.chmod(tmp_path / name, 0o644)
	(tmp_path / name).write_bytes(b"changed")
	assert archive.damaged() == [name]
	with pytest.raises(InvalidInput, match="damaged"):
		archive.put(name, b"one")
	with pytest.raises(InvalidInput, match="changed"):
		archive.get(name)


@pytest.mark.parametrize("uuid", ["", "../../etc", "a/b", "x" * 80])
def test_names_stay_inside_the_archive(uuid: str) -> None:
	with pytest.raises(InvalidInput):
		object_name(VAT, DAY, uuid, b"", "xml")


def test_foreign_name_is_refused(tmp_path: Path) -> None:
	with pytest.raises(InvalidInput):
		LocalFolder(tmp_path).get("../secret")


def test_a_destroyed_document_leaves_no_file_and_no_folder(tmp_path: Path) -> None:
	archive = LocalFolder(tmp_path)
	one, two = (object_name(VAT, DAY, UUID, content, "xml") for content in (b"one", b"two"))
	archive.put(one, b"one")
	archive.put(two, b"two")
	assert archive.destroy(one) and list(archive.names()) == [two]
	assert archive.destroy(one), "gone is gone"
	assert archive.destroy(two) and not (tmp_path / two).parent.exists()
	with pytest.raises(InvalidInput):
		archive.destroy("../secret")
