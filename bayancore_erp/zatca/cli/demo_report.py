"""The page that `demo` leaves: what happened to each document, to look at in a browser, without network or script."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from pathlib import Path

from bayancore_erp.zatca.cli import files
from bayancore_erp.zatca.cli.demo_documents import SELLER
from bayancore_erp.zatca.cli.demo_story import Story

STYLE = """
:root { --ink: #14201f; --soft: #5d6b69; --line: #e3e8e6; --brand: #0b5d57; --good: #0f7a4d; --bad: #b3261e; --paper: #fff; }
* { box-sizing: border-box; }
body { margin: 0; background: #f4f6f5; color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", "Noto Sans", "Noto Sans Arabic", sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 48px 24px 96px; }
h1 { font-size: 28px; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 18px; margin: 48px 0 12px; }
p { max-width: 68ch; }
.lead { color: var(--soft); margin: 4px 0 32px; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; }
.figure { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; padding: 16px; }
.figure b { display: block; font-size: 24px; font-variant-numeric: tabular-nums; }
.figure span { color: var(--soft); font-size: 13px; }
table { width: 100%; border-collapse: collapse; background: var(--paper); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
th, td { padding: 10px 12px; text-align: start; border-top: 1px solid var(--line); vertical-align: top; }
th { font-size: 12px; color: var(--soft); font-weight: 600; border-top: 0; background: #fafbfa; }
td.name { white-space: nowrap; }
td.number, th.number { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; }
.pill { display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: 12.5px; font-weight: 600; white-space: nowrap; }
.good { color: var(--good); background: #e4f4ec; } .bad { color: var(--bad); background: #fbe9e7; }
.note { color: var(--soft); font-size: 13px; }
a { color: var(--brand); } code { font-size: 12.5px; }
.card { background: var(--paper); border: 1px solid var(--line); border-inline-start: 4px solid var(--bad); border-radius: 10px; padding: 20px 24px; margin: 12px 0; }
.card.done { border-inline-start-color: var(--good); }
.card p { margin: 6px 0; max-width: none; } .say { font-size: 17px; font-weight: 600; }
.qr { display: block; width: 84px; height: 84px; image-rendering: pixelated; }
"""


def write_report(folder: Path, stories: list[Story], records: int, wrong: list[str], seconds: float) -> Path:
	"""Write `report.html` into the demo's folder and return its path. `records` is the length of the audit trail."""
	accepted = [story for story in stories if story.legal_xml]
	times = sorted(story.milliseconds for story in stories if not story.scene.trouble)
	figures = (
		(str(len(stories)), "documents signed, one chain without gap"),
		(str(len(accepted)), "cleared or reported"),
		(f"{times[len(times) // 2]} ms", "median from invoice to stored PDF/A-3"),
		(f"{seconds:.1f} s", "the whole demo"),
		(str(len(wrong)), "problems found by checking everything again"),
	)
	parts = [
		"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
		f"<title>bayancore-zatca demo</title><style>{STYLE}</style><main>",
		"<h1>From invoice to cleared</h1>",
		f"<p class=lead>{escape(SELLER.name)} · VAT {SELLER.vat_number} · a simulated Fatoora on this machine</p>",
		"<div class=figures>",
		*(
			f"<div class=figure><b>{escape(value)}</b><span>{escape(label)}</span></div>"
			for value, label in figures
		),
		"</div>",
		"<h2>Documents</h2><table><tr><th class=number>ICV<th>Number<th>What it is<th class=number>To pay<th>Verdict"
		"<th class=number>Time<th>Files<th>QR</tr>",
		*(_row(folder, story) for story in stories),
		"</table>",
		"<h2>A rejection, in plain words</h2>",
		*(_rejection(story) for story in stories if story.explained),
		"<h2>What was checked at the end</h2>",
		"<p>Every stamp, hash and QR recomputed from the files in this folder; every PDF/A-3 opened, its structure checked and "
		"the XML inside compared byte for byte with the legal copy; the archive's content against its names; the audit trail's "
		f"{records} records against their hashes; the chain of counters and previous hashes; and that "
		"nothing was accepted twice.</p>",
		*(f"<p class='pill bad'>{escape(problem)}</p>" for problem in wrong),
		"" if wrong else "<p><span class='pill good'>All of it holds</span></p>",
		"<p class=note>signed/ holds what was sent, legal/ what counts in law (the cleared copy of a standard document), pdf/ the "
		"PDF/A-3 with that XML inside, qr/ the code, archive/ the same under content-addressed names, audit-trail.jsonl every "
		"step.</p></main></html>",
	]
	target = folder / "report.html"
	files.write(str(target), "\n".join(parts).encode())
	return target


def _row(folder: Path, story: Story) -> str:
	invoice, outcome = story.scene.invoice, story.attempts[-1].outcome
	links = " ".join(
		f"<a href='{escape(story.paths[kind])}'>{label}</a>"
		for kind, label in (("pdf", "PDF"), ("legal", "XML"), ("signed", "sent"))
		if kind in story.paths
	)
	picture = ""
	if "qr" in story.paths:
		data = b64encode((folder / story.paths["qr"]).read_bytes()).decode()
		picture = f"<img class=qr alt='QR of {escape(invoice.number)}' src='data:image/png;base64,{data}'>"
	notes = []
	if len(story.attempts) > 1:
		earlier = ", ".join(delivery.outcome.kind.value for delivery in story.attempts[:-1])
		notes.append(f"{len(story.attempts)} attempts with the same bytes; before: {earlier}")
	if outcome.is_duplicate:
		notes.append("ZATCA had it already; counted once")
	note = f"<div class=note>{escape('. '.join(notes))}</div>" if notes else ""
	look = "good" if story.legal_xml else "bad"
	return (
		f"<tr><td class=number>{story.prepared.position.icv}<td class=name>{escape(invoice.number)}"
		f"<td>{escape(story.scene.title)}{note}"
		f"<td class=number>{escape(invoice.currency)} {story.prepared.totals.payable:,.2f}"
		f"<td><span class='pill {look}'>{escape(outcome.kind.value)}</span><td class=number>{story.milliseconds} ms"
		f"<td>{links}<td>{picture}</tr>"
	)


def _rejection(story: Story) -> str:
	said = "".join(
		f"<p class=say>{escape(item.en)}</p><p class=say dir=rtl lang=ar>{escape(item.ar)}</p>"
		f"<p class=note>ZATCA's code: {escape(item.code)}</p>"
		for item in story.explained
	)
	return (
		f"<div class=card><p><b>{escape(story.scene.invoice.number)}</b> was sent without its reason and rejected.</p>{said}</div>"
		"<div class='card done'><p>The reason was added. The corrected note kept its number and got a new UUID, counter and previous "
		"hash; the rejected one keeps its place in the chain. It was cleared.</p></div>"
	)
