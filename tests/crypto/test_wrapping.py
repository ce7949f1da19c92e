"""Secrets at rest: opened by their keys, at their place, and nowhere else."""

from __future__ import annotations

import base64

import pytest

from bayancore_erp.zatca.core.crypto.wrapping import Wrapper, is_wrapped, new_key
from bayancore_erp.zatca.core.errors import ConfigurationError

SECRET = "سر | secret +/="
PLACE = "ZATCA Device:Main:private_key"


def test_a_secret_comes_back_at_its_place_only() -> None:
	wrapper = Wrapper.read(new_key())
	text = wrapper.wrap(SECRET, PLACE)
	assert is_wrapped(text) and not is_wrapped(SECRET)
	assert SECRET not in text and base64.b64encode(SECRET.encode()).decode() not in text
	assert wrapper.unwrap(text, PLACE) == SECRET
	assert wrapper.wrap(SECRET, PLACE) != text, "a nonce is never used twice"
	with pytest.raises(ConfigurationError, match="not what was put there"):
		wrapper.unwrap(text, PLACE.replace("Main", "Till"))


@pytest.mark.parametrize("cut", [-1, 30, 40])
def test_a_changed_letter_is_noticed(cut: int) -> None:
	wrapper = Wrapper.read(new_key())
	text = wrapper.wrap(SECRET, PLACE)
	changed = text[:cut] + ("A" if text[cut] != "A" else "B") + (text[cut + 1 :] if cut != -1 else "")
	with pytest.raises(ConfigurationError):
		wrapper.unwrap(changed, PLACE)


def test_keys_are_changed_without_a_gap() -> None:
	old, new = new_key(), new_key()
	text = Wrapper.read(old).wrap(SECRET, PLACE)
	both = Wrapper.read(f"{new}, {old}")
	assert both.unwrap(text, PLACE) == SECRET and not both.is_current(text)
	again = both.wrap(both.unwrap(text, PLACE), PLACE)
	assert both.is_current(again) and Wrapper.read(new).unwrap(again, PLACE) == SECRET
	with pytest.raises(ConfigurationError, match="not known"):
		Wrapper.read(new).unwrap(text, PLACE)


@pytest.mark.parametrize("text", ["", " , ", "short", base64.urlsafe_b64encode(b"x" * 31).decode(), "نص"])
def test_what_is_no_key_is_refused_without_showing_it(text: str) -> None:
	with pytest.raises(ConfigurationError) as error:
		Wrapper.read(text)
	assert "short" not in str(error.value)


def test_nothing_is_printed() -> None:
	key = new_key()
	assert key not in repr(Wrapper.read(key)) and str(base64.urlsafe_b64decode(key)) not in repr(
		Wrapper.read(key)
	)
