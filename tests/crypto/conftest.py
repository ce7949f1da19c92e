"""A device of the tests' own: key and certificate, made anew in every run."""

from __future__ import annotations

import pytest
import taxpayer_ca

from bayancore_erp.zatca.core.crypto.certificate import Certificate
from bayancore_erp.zatca.core.crypto.keys import PrivateKey, generate_key


@pytest.fixture(scope="session")
def key() -> PrivateKey:
	"""The device's key."""
	return generate_key()


@pytest.fixture(scope="session")
def certificate(key: PrivateKey) -> Certificate:
	"""The device's certificate, from the tests' own authority."""
	return taxpayer_ca.issue(key)
