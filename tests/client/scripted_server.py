"""A small HTTP server whose every answer, and every misbehaviour, is scripted by the test.

Takes a list of acts; the n-th request is met with the n-th act (the last one repeats). Remembers what it received.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Received:
	method: str
	path: str
	headers: dict[str, str]
	body: bytes


Act = Callable[[socket.socket, Received], bool]
"""Does something to the connection; True keeps it open for the next request."""


def answer(
	status: int, body: bytes | dict = b"", headers: dict[str, str] | None = None, declared: int | None = None
) -> Act:
	"""A whole answer; `declared` lies about its length."""
	content = json.dumps(body).encode() if isinstance(body, dict) else body

	def act(connection: socket.socket, _: Received) -> bool:
		lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content) if declared is None else declared}"]
		lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
		connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
		return declared is None

	return act


def raw(data: bytes) -> Act:
	"""These bytes, and the end of the connection."""

	def act(connection: socket.socket, _: Received) -> bool:
		connection.sendall(data)
		return False

	return act


def drop(connection: socket.socket, _: Received) -> bool:
	"""Take the request and hang up."""
	return False


def reset(connection: socket.socket, _: Received) -> bool:
	"""Take the request and tear the connection down."""
	connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	return False


def hang(seconds: float) -> Act:
	"""Take the request and stay silent."""

	def act(connection: socket.socket, _: Received) -> bool:
		time.sleep(seconds)
		return False

	return act


def endless(status: int = 200, chunk: bytes = b" " * 65536, pause: float = 0) -> Act:
	"""An answer that never ends."""

	def act(connection: socket.socket, _: Received) -> bool:
		connection.sendall(f"HTTP/1.1 {status} X\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
		with contextlib.suppress(OSError):
			while True:
				connection.sendall(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
				time.sleep(pause)
		return False

	return act


@dataclass
class ScriptedServer:
	script: list[Act]
	tls: ssl.SSLContext | None = None
	received: list[Received] = field(default_factory=list)
	connections: int = 0

	def __post_init__(self) -> None:
		self._listener = socket.create_server(("127.0.0.1", 0))
		self.port = self._listener.getsockname()[1]
		threading.Thread(target=self._accept, daemon=True).start()

	@property
	def root(self) -> str:
		return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

	def close(self) -> None:
		self._listener.close()

	def _accept(self) -> None:
		with contextlib.suppress(OSError):
			while True:
				connection, _ = self._listener.accept()
				self.connections += 1
				threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

	def _serve(self, connection: socket.socket) -> None:
		with contextlib.suppress(OSError, ValueError):
			if self.tls:
				connection = self.tls.wrap_socket(connection, server_side=True)
			with connection, connection.makefile("rb") as stream:
				for request in iter(lambda: _read(stream), None):
					self.received.append(request)
					act = self.script[min(len(self.received), len(self.script)) - 1]
					if not act(connection, request):
						return


def _read(stream) -> Received | None:
	first = stream.readline().decode().split()
	if len(first) != 3:
		return None
	headers = {}
	for line in iter(stream.readline, b"\r\n"):
		name, _, value = line.decode().partition(":")
		headers[name.lower()] = value.strip()
	body = stream.read(int(headers.get("content-length", "0")))
	return Received(first[0], first[1], headers, body)


@contextlib.contextmanager
def serving(*script: Act, tls: ssl.SSLContext | None = None) -> Iterator[ScriptedServer]:
	server = ScriptedServer(list(script), tls)
	try:
		yield server
	finally:
		server.close()


def self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
	"""A server context with a certificate nobody vouches for, and the file that would vouch for it."""
	key = ec.generate_private_key(ec.SECP256R1())
	name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
	now = datetime.now(timezone.utc)
	certificate = (
		x509.CertificateBuilder()
		.subject_name(name)
		.issuer_name(name)
		.public_key(key.public_key())
		.serial_number(x509.random_serial_number())
		.not_valid_before(now - timedelta(days=1))
		.not_valid_after(now + timedelta(days=1))
		.add_extension(
			x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
		)
		.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
		.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
		.sign(key, hashes.SHA256())
	)
	pem = folder / "server.pem"
	pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
	both = folder / "both.pem"
	both.write_bytes(
		pem.read_bytes()
		+ key.private_bytes(
			serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
		)
	)
	context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
	context.load_cert_chain(both)
	return context, pem
