"""How many web requests may wait for the gateway at the same time: half of a bench's web workers, so that the desk stays alive.

Takes nothing; gives a place to wait in, or none: then a worker does it from the start. Shared by all web processes and sites
of the bench in Redis; a place that a killed process left behind is free again after a while. Without Redis there is a place.
Source: FRAPPE.md section 2 (gunicorn's workers are few and each serves one request at a time).
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import frappe
from frappe.utils import cint
from redis.exceptions import RedisError

KEY = "zatca_inline_waiting"
# Longer than any request waits, posting included; gunicorn itself ends one after two minutes.
HELD = 120


def places() -> int:
	"""Half of the web workers, at least one. Bench writes their number into the common site configuration."""
	workers = cint(frappe.conf.get("gunicorn_workers")) or 2 * (os.cpu_count() or 1) + 1
	return max(1, workers // 2)


@contextmanager
def place() -> Iterator[bool]:
	"""Whether this request may wait; its place is given back at the end."""
	mine, now = uuid.uuid4().hex, time.time()
	try:
		pipe = frappe.cache.pipeline()
		pipe.zremrangebyscore(KEY, 0, now - HELD)
		pipe.zadd(KEY, {mine: now})
		pipe.zrank(KEY, mine)
		rank = pipe.execute()[-1]
	except RedisError:
		yield True
		return
	try:
		yield rank is not None and int(rank) < places()
	finally:
		try:
			frappe.cache.zrem(KEY, mine)
		except RedisError:
			pass
