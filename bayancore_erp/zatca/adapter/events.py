"""What happened to an invoice, told to the rooms that live on it (archive, mail, trail, error help, metrics).

Takes an event and its facts; calls what `hooks.py` lists under `zatca_events` for it, in the caller's transaction, so that
what a listener writes stands or falls with the step itself. A listener that needs the network or time enqueues after commit.
`zatca` never imports its listeners: this is the one seam between them.

Events, in the order of an invoice's life:
	signed     its bytes are stored at the chain's next place
	sent       a request is on record and about to leave
	answered   an answer is on record, whatever it means
	refused    our own check said no; nothing was signed
	withheld   the same while somebody submitted it, as a till does (asked_by, problems); told afterwards, by a worker
	rejected   ZATCA said no
	accepted   ZATCA has it: cleared or reported. A standard one is posted next
	issued     a simplified one is signed and posted, its report on the way; `supersedes` names the rejected document that
	           this one replaces in the buyer's hands, empty for a first issue
	posted     a standard one stands in the ledger
	released   a manager let an uncleared standard one out during an outage
	skipped    it needs no ZATCA document; the reason is on record
and what the archive does with it afterwards:
	drawn      its PDF/A-3 is made (sha256)
	archived   everything of it is in the archive (objects)
	mailed     it is on its way to the customer (mail, occasion, recipients)
	undelivered  a mail reached nobody; somebody owns it (kind)
	downloaded somebody took the file (what)
and of a device:
	unlocked   a process took its key out of the vault
"""

from __future__ import annotations

from typing import Any

import frappe

EVENTS = (
	"signed",
	"sent",
	"answered",
	"refused",
	"withheld",
	"rejected",
	"accepted",
	"issued",
	"posted",
	"released",
	"skipped",
	"drawn",
	"archived",
	"mailed",
	"undelivered",
	"downloaded",
	"unlocked",
)


def announce(event: str, doctype: str, name: str, company: str, **facts: Any) -> None:
	"""Tell the listeners of `event`. `facts`: `submission`, `document` (names) and whatever the event adds."""
	if event not in EVENTS:
		raise ValueError(event)
	for path in frappe.get_hooks("zatca_events", default={}).get(event, []):
		frappe.get_attr(path)(event, frappe._dict(facts, doctype=doctype, name=name, company=company))
