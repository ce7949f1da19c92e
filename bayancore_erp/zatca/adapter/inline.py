"""How many web requests may wait for the gateway at the same time: half of a bench's web workers, so that the desk stays alive.

Takes nothing; gives a place to wait in, or none: then a worker does it from the start. Shared by all web processes and sites
of the bench in Redis; the place of a killed process is free again. Without Redis there is a place.
Source: FRAPPE.md section 2 (gunicorn's workers are few and each serves one request at a time).
"""

from __future__ import annotations

import os
import socket
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
	mine = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex}"
	try:
		admitted = rank_of(mine) < places() or (free_the_dead() and rank_of(mine) < places())
	except RedisError:
		yield True
		return
	try:
		yield admitted
	finally:
		try:
			frappe.cache.zrem(KEY, mine)
		except RedisError:
			pass


def rank_of(mine: str) -> int:
	"""How many came before."""
	now = time.time()
	pipe = frappe.cache.pipeline()
	pipe.zremrangebyscore(KEY, 0, now - HELD)
	pipe.zadd(KEY, {mine: now}, nx=True)
	pipe.zrank(KEY, mine)
	return int(pipe.execute()[-1])


def free_the_dead() -> bool:
	"""Take back the places of processes of this machine that were killed. Whether there were any."""
	here, found = socket.gethostname(), False
	for member in frappe.cache.zrange(KEY, 0, -1):
		host, pid, _rest = member.decode().rsplit(":", 2)
		if host == here and is_gone(int(pid)):
			found = bool(frappe.cache.zrem(KEY, member)) or found
	return found


def is_gone(pid: int) -> bool:
	"""Whether no process has this id."""
	try:
		os.kill(pid, 0)
	except ProcessLookupError:
		return True
	except PermissionError:
		pass
	return False
