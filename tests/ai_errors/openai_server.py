"""A small server on 127.0.0.1 that speaks the two calls of OpenAI's API, well or badly as told, and keeps what it was sent."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD: dict[str, Any] = {
	"field": "buyer.address.district",
	"en": "The buyer's district is missing from the address.",
	"ar": "الحي غير موجود في عنوان المشتري.",
	"steps_en": ["Open the customer's address.", "Enter the district."],
	"steps_ar": ["افتح عنوان العميل.", "أدخل الحي."],
}


class OpenAIServer:
	"""`behaviour`: ok, slow, drip, gone, uncounted, 429, 500, bad-json, refusal, html, or `answer` decides what the model says."""

	def __init__(self) -> None:
		self.behaviour = "ok"
		self.answer: object = GOOD
		self.requests: list[bytes] = []
		outer = self

		class Handler(BaseHTTPRequestHandler):
			protocol_version = "HTTP/1.1"

			def do_POST(self) -> None:
				body = self.rfile.read(int(self.headers["Content-Length"]))
				outer.requests.append(body)
				try:
					outer.respond(self)
				except OSError:
					self.close_connection = True

			def log_message(self, *_: object) -> None:
				pass

		self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
		self.server.daemon_threads = True
		self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
		self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
		self.thread.start()

	def close(self) -> None:
		self.server.shutdown()
		self.server.server_close()

	def respond(self, handler: BaseHTTPRequestHandler) -> None:
		if self.behaviour == "slow":
			time.sleep(2)
		if self.behaviour == "gone":
			raise OSError
		status = int(self.behaviour) if self.behaviour.isdigit() else 200
		said = self.answer if isinstance(self.answer, str) else json.dumps(self.answer, ensure_ascii=False)
		refusal = "I can't help with that." if self.behaviour == "refusal" else None
		if handler.path.endswith("/responses"):
			part: dict[str, Any] = {"type": "output_text", "text": said, "annotations": []}
			if refusal:
				part = {"type": "refusal", "refusal": refusal}
			item = {
				"type": "message",
				"id": "m",
				"role": "assistant",
				"status": "completed",
				"content": [part],
			}
			content: dict[str, Any] = {
				"id": "r", "object": "response", "created_at": 1, "status": "completed", "model": "gpt-4o",
				"output": [item], "parallel_tool_calls": False, "tool_choice": "auto", "tools": [],
				"usage": {
					"input_tokens": 100, "output_tokens": 20, "total_tokens": 120,
					"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0},
				},
			}  # fmt: skip
		else:
			message = {"role": "assistant", "content": None if refusal else said, "refusal": refusal}
			content = {
				"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4o",
				"choices": [{"index": 0, "finish_reason": "stop", "message": message}],
				"usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
			}  # fmt: skip
		if self.behaviour == "uncounted":
			del content["usage"]
		body = json.dumps(content).encode()
		if status != 200:
			body = b'{"error": {"message": "no", "type": "x", "code": "y"}}'
		if self.behaviour == "bad-json":
			body = body[:-40]
		if self.behaviour == "html":
			body = b"<html>Bad Gateway</html>"
		handler.send_response(status)
		handler.send_header("Content-Type", "text/html" if self.behaviour == "html" else "application/json")
		handler.send_header("Content-Length", str(len(body)))
		handler.end_headers()
		if self.behaviour == "drip":
			for byte in body:
				handler.wfile.write(bytes([byte]))
				handler.wfile.flush()
				time.sleep(0.05)
		else:
			handler.wfile.write(body)
