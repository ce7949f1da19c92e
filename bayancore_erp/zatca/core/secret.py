"""Values and work that no log may show, not even one that prints the variables of every frame.

`Secret` is text that prints as stars wherever its `repr` is asked, alone or inside a list or dict. `opaque` lets what goes
wrong inside a function out without the frames inside, whose variables would be printed with it; where it happened is kept as
text. Never changes what is raised. Source: DESIGN.md, promise 10; Frappe's Error Log prints the variables of a failure.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from bayancore_erp.zatca.core.errors import ZatcaError

P = ParamSpec("P")
T = TypeVar("T")
STARS = "********"


class Secret(str):
	"""A one-time password, a key or a credential: usable as text, not shown by `repr`."""

	__slots__ = ()

	def __repr__(self) -> str:
		return STARS

	def strip(self, chars: str | None = None, /) -> Secret:
		"""Without the blanks around it, as secret as before."""
		return Secret(super().strip(chars))


def opaque(work: Callable[P, T]) -> Callable[P, T]:
	"""The same function, whose failures carry neither its frames nor what it was given."""

	@wraps(work)
	def closed(*args: P.args, **kwargs: P.kwargs) -> T:
		try:
			return work(*args, **kwargs)
		except Exception as error:
			failure = bare(error)
		# this frame is in the traceback as well
		del args, kwargs
		raise failure

	return closed


def bare(error: Exception) -> Exception:
	"""The error without its frames and those of what led to it; the lines it passed, as text, stay with it."""
	# a foreseen one is told by its sentence; before Python 3.11 there are no notes
	if not isinstance(error, ZatcaError) and hasattr(error, "add_note"):
		error.add_note("".join(traceback.format_tb(error.__traceback__)).rstrip())
	error.__traceback__ = error.__context__ = error.__cause__ = None
	return error
