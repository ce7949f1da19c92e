"""Oracle's real client against a strict stand-in: stored once, verified, whatever the network does."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import pytest

pytest.importorskip("oci")

sys.path.insert(0, str(Path(__file__).parent))

import fake_oci

from bayancore_erp.archive.core.oci_store import ApiKey, Auth, OciObjectStorage, OciSettings
from bayancore_erp.archive.core.store import ObjectDiffers, ObjectMissing, audit, object_name
from bayancore_erp.zatca.core.errors import ConfigurationError, InvalidInput, TransportError

VAT, UUID, DAY = "399999999900003", "8d487816-70b8-4ade-a618-9d620b73814a", date(2026, 11, 21)


@pytest.fixture(scope="module")
def service() -> Iterator[fake_oci.FakeOci]:
	fake = fake_oci.FakeOci(hang=1.4)
	yield fake
	fake.close()


@pytest.fixture
def fake(service: fake_oci.FakeOci) -> fake_oci.FakeOci:
	for kept in (service.objects, service.uploads, service.created, service.requests, service.refused):
		kept.clear()
	service.rules, service.public_access, service.page, service.clock_shift = [], "NoPublicAccess", 1000, 0.0
	service.may_delete = True
	service.vault_keys, service.bucket_key = set(), ""
	service.fault = lambda verb, path: None
	return service


def settings(fake: fake_oci.FakeOci, **changes: object) -> OciSettings:
	values: dict[str, object] = {
		"region": "me-riyadh-1",
		"namespace": fake_oci.NAMESPACE,
		"bucket": fake_oci.BUCKET,
		"api_key": ApiKey(fake.TENANCY, fake.USER, fake.FINGERPRINT, fake.pem),
		"service_endpoint": fake.endpoint,
		"timeout": (1, 1),
		"attempts": 4,
		"longest_wait": 0,
		"part_size": 1000,
		**changes,
	}
	return OciSettings(**values)  # type: ignore[arg-type]


def name_of(content: bytes, suffix: str = "xml") -> str:
	return object_name(VAT, DAY, UUID, content, suffix)


def test_stored_once_with_checksums_and_read_back(fake: fake_oci.FakeOci) -> None:
	store, content = OciObjectStorage(settings(fake)), b"<xml/>"
	name = name_of(content)
	receipt = store.put(name, content, {"icv": "7"})
	assert receipt.stored and receipt.etag and receipt.version and receipt.request_id
	again = store.put(name, content)
	assert not again.stored and again.etag == receipt.etag
	assert store.get(name) == content
	head = store.head(name)
	assert head and head.sha256 == hashlib.sha256(content).hexdigest() == head.metadata["sha256"]
	assert head.metadata["icv"] == "7"
	assert fake.created == {name: 1} and fake.refused[412] == 1


@pytest.mark.parametrize("size", [1001, 5000])
def test_large_object_in_parts_once(fake: fake_oci.FakeOci, size: int) -> None:
	store, content = OciObjectStorage(settings(fake)), bytes(range(256)) * 20
	content = content[:size]
	name = name_of(content, "pdf")
	assert store.put(name, content).stored
	assert not store.put(name, content).stored
	assert store.get(name) == content and fake.created == {name: 1} and not fake.uploads


@pytest.mark.parametrize("fault", ["429", "500", "503", "hang", "drop_before", "drop_after"])
@pytest.mark.parametrize("size", [10, 2500])
def test_every_passing_fault_ends_in_one_object(fake: fake_oci.FakeOci, fault: str, size: int) -> None:
	store, content = OciObjectStorage(settings(fake)), b"x" * size
	seen: set[tuple[str, str]] = set()

	def once_each(verb: str, path: str) -> str | None:
		fresh = (verb, path) not in seen
		seen.add((verb, path))
		# A hang costs a second each: once is enough.
		return fault if fresh and (fault != "hang" or len(seen) == 1) else None

	fake.fault = once_each
	name = name_of(content)
	store.put(name, content)
	assert fake.created == {name: 1} and fake.objects[name]["body"] == content


def test_lasting_fault_is_retryable_and_nothing_is_stored(fake: fake_oci.FakeOci) -> None:
	fake.fault = lambda verb, path: "503"
	with pytest.raises(TransportError) as caught:
		OciObjectStorage(settings(fake)).put(name_of(b"a"), b"a")
	assert caught.value.retryable and not fake.objects
	assert fake.requests["PUT"] == 4


def test_failed_part_leaves_no_upload_behind(fake: fake_oci.FakeOci) -> None:
	fake.fault = lambda verb, path: "500" if verb == "PUT" else None
	with pytest.raises(TransportError):
		OciObjectStorage(settings(fake)).put(name_of(b"x" * 3000), b"x" * 3000)
	assert not fake.uploads and not fake.objects


@pytest.mark.parametrize("size", [10, 2500])
def test_other_bytes_under_the_name_are_an_alarm(fake: fake_oci.FakeOci, size: int) -> None:
	store, content = OciObjectStorage(settings(fake)), b"x" * size
	name = name_of(content)
	store.put(name, content)
	md5 = fake_oci.b64(hashlib.md5(b"forged").digest())
	sha = fake_oci.b64(hashlib.sha256(b"forged").digest())
	headers = {"opc-content-md5": md5, "opc-content-sha256": sha} if size == 10 else {}
	fake.objects[name] = {"body": b"forged", "headers": headers, "meta": {}}
	with pytest.raises(ObjectDiffers, match="Other content"):
		store.put(name, content)
	with pytest.raises(ObjectDiffers, match="changed"):
		store.get(name)
	assert fake.objects[name]["body"] == b"forged"


def test_an_object_uploaded_with_md5_only_is_recognised(fake: fake_oci.FakeOci) -> None:
	store = OciObjectStorage(settings(fake))
	store.put(name_of(b"a"), b"a")
	del fake.objects[name_of(b"a")]["headers"]["opc-content-sha256"]
	assert not store.put(name_of(b"a"), b"a").stored


def test_wrong_name_never_leaves(fake: fake_oci.FakeOci) -> None:
	with pytest.raises(InvalidInput):
		OciObjectStorage(settings(fake)).put(name_of(b"one"), b"two")
	with pytest.raises(InvalidInput):
		OciObjectStorage(settings(fake)).put(name_of(b"one"), b"one", {"customer": "شركة"})
	assert not fake.requests


def test_names_page_by_page_with_prefix(fake: fake_oci.FakeOci) -> None:
	store, fake.page = OciObjectStorage(settings(fake)), 3
	names = sorted(name_of(str(n).encode()) for n in range(10))
	for n in range(10):
		store.put(name_of(str(n).encode()), str(n).encode())
	fake.objects["something/else"] = {"body": b"", "headers": {}, "meta": {}}
	assert list(store.names()) == names
	assert list(store.names(f"{VAT}/2026/12/")) == []
	assert list(audit(store, names)) == []
	del fake.objects[names[3]]
	fake.objects[names[5]]["body"] = b"other"
	assert [(f.name, f.kind) for f in audit(store, names)] == [(names[3], "missing"), (names[5], "changed")]
	assert [f.kind for f in audit(store, names[:-1])] == ["missing", "changed", "foreign"]


@pytest.mark.parametrize("size", [10, 3500])
def test_a_prefix_is_the_buckets_business(fake: fake_oci.FakeOci, size: int) -> None:
	store, content = OciObjectStorage(settings(fake, prefix="zatca/live/")), b"x" * size
	name = name_of(content)
	OciObjectStorage(settings(fake)).put(name_of(b"another's"), b"another's")
	assert store.put(name, content).stored and not store.put(name, content).stored
	assert f"zatca/live/{name}" in fake.objects
	assert store.get(name) == content and store.head(name) is not None
	assert list(store.names()) == list(store.names(VAT)) == [name]
	assert list(OciObjectStorage(settings(fake)).names()) == [name_of(b"another's")]


@pytest.mark.parametrize("prefix", ["zatca", "/zatca/", "a b/", "زاتكا/"])
def test_a_prefix_is_a_folder(fake: fake_oci.FakeOci, prefix: str) -> None:
	with pytest.raises(ConfigurationError):
		settings(fake, prefix=prefix)


def test_missing_object_and_missing_bucket_are_told_apart(fake: fake_oci.FakeOci) -> None:
	with pytest.raises(ObjectMissing):
		OciObjectStorage(settings(fake)).get(name_of(b"a"))
	with pytest.raises(ConfigurationError, match="bucket"):
		OciObjectStorage(settings(fake, bucket="nowhere")).get(name_of(b"a"))
	assert OciObjectStorage(settings(fake)).head(name_of(b"a")) is None


def test_wrong_key_and_wrong_clock_are_a_setting_and_show_no_secret(fake: fake_oci.FakeOci) -> None:
	pem, _ = fake_oci.new_key()
	other = ApiKey(fake.TENANCY, fake.USER, fake.FINGERPRINT, pem)
	assert pem not in repr(settings(fake, api_key=other))
	for store in (OciObjectStorage(settings(fake, api_key=other)),):
		with pytest.raises(ConfigurationError, match="does not accept") as caught:
			store.put(name_of(b"a"), b"a")
		assert fake.USER not in caught.value.diagnostics() and "PRIVATE" not in caught.value.diagnostics()
	fake.clock_shift = 400
	with pytest.raises(ConfigurationError, match="does not accept"):
		OciObjectStorage(settings(fake)).put(name_of(b"a"), b"a")
	broken = ApiKey(fake.TENANCY, fake.USER, fake.FINGERPRINT, "no key at all")
	with pytest.raises(ConfigurationError):
		OciObjectStorage(settings(fake, api_key=broken)).put(name_of(b"a"), b"a")


@pytest.mark.parametrize(
	"region", ["eu-frankfurt-1", "me-dubai-1", "ME-RIYADH-1", "", "me-riyadh-1.evil.com"]
)
def test_only_the_kingdom(fake: fake_oci.FakeOci, region: str) -> None:
	with pytest.raises(ConfigurationError, match="Kingdom"):
		settings(fake, region=region)


@pytest.mark.parametrize(
	"endpoint", ["https://objectstorage.eu-frankfurt-1.oraclecloud.com", "http://127.0.0.1.evil.com"]
)
def test_no_other_address(fake: fake_oci.FakeOci, endpoint: str) -> None:
	with pytest.raises(ConfigurationError, match="fixed by its region"):
		settings(fake, service_endpoint=endpoint)


@pytest.mark.parametrize("region", ["me-riyadh-1", "me-jeddah-1"])
def test_the_region_is_the_address(fake: fake_oci.FakeOci, region: str) -> None:
	client = OciObjectStorage(settings(fake, region=region, service_endpoint=""))._client
	assert client.base_client.endpoint.startswith(f"https://objectstorage.{region}.oraclecloud.com")


@pytest.fixture
def instance(
	service: fake_oci.FakeOci, fake: fake_oci.FakeOci, monkeypatch: pytest.MonkeyPatch
) -> Iterator[fake_oci.Instance]:
	"""This machine as an instance of the cloud: metadata and token service are those of the stand-in, the rest is the SDK's own."""
	import oci

	service.instance = fake_oci.Instance(service.TENANCY)
	monkeypatch.setenv("OCI_METADATA_BASE_URL", f"{service.endpoint}/opc/v2")
	known = oci.regions.endpoint_for
	monkeypatch.setattr(
		oci.regions,
		"endpoint_for",
		lambda what, *more, **how: service.endpoint if what == "auth" else known(what, *more, **how),
	)
	yield service.instance
	service.instance = None


@pytest.mark.parametrize("size", [10, 2500])
def test_an_instance_signs_with_a_token_of_its_own(
	fake: fake_oci.FakeOci, instance: fake_oci.Instance, size: int
) -> None:
	fake.keys[f"{fake.TENANCY}/fed-x509/{instance.fingerprint}"] = instance.key.public_key()
	store, content = OciObjectStorage(settings(fake, auth=Auth.INSTANCE_PRINCIPAL, api_key=None)), b"x" * size
	assert instance.issued == 0, "nobody is asked before it is used"
	assert store.put(name_of(content), content).stored and store.get(name_of(content)) == content
	assert instance.issued == 1 and store.health().reachable
	# a token that is about to end is replaced, with a new key
	instance.lasts = 1
	other = OciObjectStorage(settings(fake, auth=Auth.INSTANCE_PRINCIPAL, api_key=None))
	other.head(name_of(content))
	other.head(name_of(content))
	assert instance.issued >= 3


def test_a_resource_signs_with_the_token_it_was_given(
	fake: fake_oci.FakeOci, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
	pem, public_key = fake_oci.new_key()
	token = fake_oci.token_of(fake.TENANCY, 3600)
	fake.keys[f"ST${token}"] = public_key
	for name, value in (("RPST", token), ("PRIVATE_PEM", pem)):
		(tmp_path / name).write_text(value)
		monkeypatch.setenv(f"OCI_RESOURCE_PRINCIPAL_{name}", str(tmp_path / name))
	monkeypatch.setenv("OCI_RESOURCE_PRINCIPAL_VERSION", "2.2")
	monkeypatch.setenv("OCI_RESOURCE_PRINCIPAL_REGION", "me-riyadh-1")
	store = OciObjectStorage(settings(fake, auth=Auth.RESOURCE_PRINCIPAL, api_key=None))
	assert store.put(name_of(b"a"), b"a").stored and store.get(name_of(b"a")) == b"a"
	del fake.keys[f"ST${token}"]
	with pytest.raises(ConfigurationError, match="does not accept"):
		store.put(name_of(b"b"), b"b")


def test_a_server_without_an_identity_says_so(
	fake: fake_oci.FakeOci, monkeypatch: pytest.MonkeyPatch
) -> None:
	with pytest.raises(ConfigurationError, match="none is given"):
		settings(fake, api_key=None)
	monkeypatch.delenv("OCI_RESOURCE_PRINCIPAL_VERSION", raising=False)
	resource = OciObjectStorage(settings(fake, auth=Auth.RESOURCE_PRINCIPAL, api_key=None))
	with pytest.raises(ConfigurationError, match="no identity"):
		resource.put(name_of(b"a"), b"a")
	assert not resource.health().reachable and "API key" in resource.health().problems[0]
	# no instance: the metadata service answers that it knows nothing
	monkeypatch.setenv("OCI_METADATA_BASE_URL", f"{fake.endpoint}/opc/v2")
	instance = OciObjectStorage(settings(fake, auth=Auth.INSTANCE_PRINCIPAL, api_key=None))
	began = time.monotonic()
	with pytest.raises(TransportError, match="identity as an instance") as caught:
		instance.put(name_of(b"a"), b"a")
	assert caught.value.retryable and "choose API key" in caught.value.diagnostics()
	assert time.monotonic() - began < 20


@pytest.mark.parametrize("size", [10, 2500])
def test_the_vault_key_goes_along_with_every_put(fake: fake_oci.FakeOci, size: int) -> None:
	key, content = "ocid1.key.oc1.me-riyadh-1.k", b"x" * size
	store = OciObjectStorage(settings(fake, kms_key_id=key))
	with pytest.raises(ConfigurationError):
		store.put(name_of(content), content)
	assert not fake.objects and not fake.uploads
	fake.vault_keys = {key}
	assert store.put(name_of(content), content).stored and store.get(name_of(content)) == content
	assert fake.objects[name_of(content)]["headers"]["opc-sse-kms-key-id"] == key
	assert not store.put(name_of(content), content).stored
	assert store.health().vault_key == ""
	fake.bucket_key = key
	assert store.health().vault_key == key


def test_retention_rules_are_shown_and_never_locked(fake: fake_oci.FakeOci) -> None:
	store = OciObjectStorage(settings(fake))
	assert any("no retention rule" in problem for problem in store.health().problems)
	past = (datetime.now(timezone.utc) - timedelta(days=1)).isoformat().replace("+00:00", "Z")
	future = (datetime.now(timezone.utc) + timedelta(days=14)).isoformat().replace("+00:00", "Z")
	fake.rules = [
		{
			"displayName": "law",
			"duration": {"timeAmount": 7, "timeUnit": "YEARS"},
			"timeRuleLocked": future,
		},
		{"displayName": "first", "duration": {"timeAmount": 400, "timeUnit": "DAYS"}, "timeRuleLocked": past},
	]
	health = store.health(2555)
	assert health.ok and [(r.days, r.locked) for r in health.retention] == [(2555, False), (400, True)]
	assert "2555 days; what is kept here must be protected for 2556" in store.health(2556).problems[0]
	fake.rules = [{"displayName": "for ever"}]
	assert store.health(9999).ok
	fake.public_access = "ObjectRead"
	assert not store.health().ok
	assert fake.requests["POST"] == fake.requests["PUT"] == fake.requests["DELETE"] == 0
	assert not OciObjectStorage(settings(fake, bucket="nowhere")).health().reachable


def test_unfinished_uploads_are_given_up_by_age(fake: fake_oci.FakeOci) -> None:
	store, name = OciObjectStorage(settings(fake)), name_of(b"a")
	fake.uploads["u1"] = {"name": name, "parts": {}, "meta": {}, "at": "2026-01-01T00:00:00Z"}
	fake.uploads["u2"] = {"name": name, "parts": {}, "meta": {}, "at": "2026-03-01T00:00:00Z"}
	assert store.abandon_unfinished(datetime(2026, 2, 1, tzinfo=timezone.utc)) == 1
	assert list(fake.uploads) == ["u2"]


def test_the_sdk_is_not_imported_before_it_is_used() -> None:
	code = (
		"import sys; from bayancore_erp.archive.core import oci_store; sys.exit(any(m.split('.')[0] == 'oci' "
		"for m in sys.modules))"
	)
	assert (
		subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], timeout=30).returncode
		== 0
	)


def test_destroyed_only_where_the_bucket_lets_it_go(fake: fake_oci.FakeOci) -> None:
	store, content = OciObjectStorage(settings(fake)), b"<xml/>"
	name = name_of(content)
	store.put(name, content)
	fake.rules = [{"id": "1", "displayName": "six", "duration": {"timeAmount": 6, "timeUnit": "YEARS"}}]
	assert not store.destroy(name), "its retention rule keeps it"
	fake.rules, fake.may_delete = [], False
	assert not store.destroy(name), "the archive's user has no right to delete"
	assert store.get(name) == content
	fake.may_delete = True
	assert store.destroy(name) and not fake.objects
	assert store.destroy(name), "gone is gone"
	with pytest.raises(ConfigurationError):
		OciObjectStorage(settings(fake, bucket="another")).destroy(name)
