"""OpenAI's SDK as a provider: GPT-4o, or any service or local model that speaks the same API at another address.

Takes a `Question`; gives a `Reply` or raises `ProviderFailure`. Within `timeout` seconds in all, whatever the other side does.
Never imports the SDK before the first question (0.9 s), sends tools, streams or lets the service keep the question (store=False).
The other side's texts go nowhere but into the answer's check. Source: openai 3.52, STACK.md section 5.
"""

from __future__ import annotations

import queue
import threading
from typing import Any

from bayancore_erp.ai_errors.core.answer import Answer
from bayancore_erp.ai_errors.core.explain import ProviderFailure, Reply, Result
from bayancore_erp.ai_errors.core.prompt import MOST_TOKENS, Question


class OpenAIProvider:
	"""Asks by the Responses API, or with `chat=True` by Chat Completions, which more local servers speak."""

	def __init__(
		self,
		api_key: str,
		*,
		model: str = "gpt-4o",
		base_url: str | None = None,
		timeout: int = 8,
		max_retries: int = 1,
		chat: bool = False,
	) -> None:
		"""`timeout` in seconds for everything, repeats included. `base_url` None is OpenAI's own cloud."""
		self._key = api_key
		self._model = model
		self._base_url = base_url
		self._timeout = timeout
		self._max_retries = max_retries
		self._chat = chat

	def __repr__(self) -> str:
		return f"OpenAIProvider({self._model!r}, base_url={self._base_url!r})"

	@property
	def model(self) -> str:
		"""The model's name."""
		return self._model

	def ask(self, question: Question) -> Reply:
		"""The answer. Raises ProviderFailure for whatever is none."""
		# The SDK's timeout is for each read: a server that drips a byte a second would hold the worker for ever.
		done: queue.SimpleQueue[Reply | ProviderFailure] = queue.SimpleQueue()
		late = threading.Event()
		threading.Thread(target=lambda: done.put(self._outcome(question, late)), daemon=True).start()
		try:
			outcome = done.get(timeout=self._timeout)
		except queue.Empty:
			late.set()
			# What is under way cannot be called back: the service may yet answer it, and charge for it.
			raise ProviderFailure(Result.TIMED_OUT, tokens=None) from None
		if isinstance(outcome, ProviderFailure):
			raise outcome
		return outcome

	def _outcome(self, question: Question, late: threading.Event) -> Reply | ProviderFailure:
		try:
			import openai
			from pydantic import ValidationError
		except ImportError:
			return ProviderFailure(Result.UNREACHABLE, "the openai package is not installed")

		def unless_late(_request: Any) -> None:
			if late.is_set():
				raise TimeoutError("nobody waits any more")

		try:
			with openai.OpenAI(
				api_key=self._key,
				base_url=self._base_url,
				timeout=self._timeout,
				max_retries=self._max_retries,
				http_client=openai.DefaultHttpxClient(event_hooks={"request": [unless_late]}),
			) as client:
				return self._by_chat(client, question) if self._chat else self._by_responses(client, question)
		except ProviderFailure as failure:
			return failure
		except openai.APITimeoutError:
			return ProviderFailure(Result.TIMED_OUT, tokens=None)
		except openai.APIConnectionError as error:
			unheard = type(error.__cause__).__name__ == "ConnectError"
			return ProviderFailure(Result.UNREACHABLE, tokens=0 if unheard else None)
		except openai.APIStatusError as error:
			return ProviderFailure(Result.FAULT, f"HTTP {error.status_code}")
		except (ValidationError, ValueError):
			return ProviderFailure(Result.BAD_ANSWER, tokens=None)
		except Exception as error:  # the SDK's own surprises at malformed bodies; only their kind is told
			return ProviderFailure(Result.BAD_ANSWER, type(error).__name__, tokens=None)

	def _by_responses(self, client: Any, question: Question) -> Reply:
		response = client.responses.parse(
			model=self._model,
			instructions=question.instructions,
			input=question.input,
			text_format=Answer,
			store=False,
			temperature=0,
			max_output_tokens=MOST_TOKENS,
		)
		if response.output_parsed is None:
			raise ProviderFailure(Result.REFUSED, tokens=_tokens(response.usage))
		return Reply(response.output_parsed.model_dump_json(), _tokens(response.usage))

	def _by_chat(self, client: Any, question: Question) -> Reply:
		completion = client.chat.completions.parse(
			model=self._model,
			messages=[
				{"role": "system", "content": question.instructions},
				{"role": "user", "content": question.input},
			],
			response_format=Answer,
			store=False,
			temperature=0,
			max_completion_tokens=MOST_TOKENS,
		)
		parsed = completion.choices[0].message.parsed
		if parsed is None:
			raise ProviderFailure(Result.REFUSED, tokens=_tokens(completion.usage))
		return Reply(parsed.model_dump_json(), _tokens(completion.usage))


def _tokens(usage: Any) -> int | None:
	tokens = getattr(usage, "total_tokens", None)
	return tokens if isinstance(tokens, int) else None
