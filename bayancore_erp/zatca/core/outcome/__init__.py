"""What an answer of Fatoora means: from (call, HTTP status, body) to one `Outcome`.

`vocabulary` names the outcomes and says what each means, `answer` reads the bytes however they are spelt, `table` holds
the one table that joins the two. Takes any bytes; gives an honest outcome; never raises. Source: ZATCA.md section 5.
"""

from __future__ import annotations

from bayancore_erp.zatca.core.outcome.answer import MAX_MESSAGES, MAX_READ, MAX_TEXT
from bayancore_erp.zatca.core.outcome.table import parse, without_answer
from bayancore_erp.zatca.core.outcome.vocabulary import (
	Csid,
	Endpoint,
	Kind,
	Meaning,
	Message,
	NextAction,
	Outcome,
)

__all__ = [
	"Endpoint",
	"Kind",
	"NextAction",
	"Meaning",
	"Message",
	"Csid",
	"Outcome",
	"parse",
	"without_answer",
	"MAX_MESSAGES",
	"MAX_READ",
	"MAX_TEXT",
]
