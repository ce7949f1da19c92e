// For whoever inspects: an invoice by number or QR with all that is on record about it, the verifier, packs and holds.
// Everything shown is asked of the server, which also says who may see what.

frappe.pages["zatca-audit"].on_page_load = (wrapper) => {
	const page = frappe.ui.make_app_page({ parent: wrapper, title: __("ZATCA Audit"), single_column: true });
	wrapper.audit = new ZatcaAudit(page);
};

frappe.pages["zatca-audit"].on_page_show = (wrapper) => wrapper.audit.show();

const AUDIT = "bayancore_erp.archive.audit_api.";
const safe = (text) => frappe.utils.escape_html(String(text ?? ""));
// Numbers, dates and names keep their own direction beside Arabic words.
const apart = (text) => `<bdi>${safe(text)}</bdi>`;
const kind = (name) => (name === "Simplified" ? __("Simplified Tax Invoice") : __("Tax Invoice"));

class ZatcaAudit {
	constructor(page) {
		this.page = page;
		const reader = ["ZATCA Auditor", "ZATCA Manager", "System Manager"].some((role) => frappe.user.has_role(role));
		if (reader) page.set_primary_action(__("Make Auditor's Pack"), () => frappe.new_doc("Audit Pack"));
		if (reader) page.set_secondary_action(__("Verify Everything"), () => this.verify());
		for (const [label, list] of [
			[__("Audit Trail"), "Audit Event"],
			[__("Auditor's Packs"), "Audit Pack"],
			[__("Legal Holds"), "Legal Hold"],
			[__("Devices"), "ZATCA Device"],
		])
			if (frappe.model.can_read(list)) page.add_menu_item(label, () => frappe.set_route("List", list));
		if (reader) page.add_menu_item(__("Documents Due"), () => frappe.set_route("query-report", "Documents Due"));
		this.$body = $('<div class="zatca-audit"></div>').appendTo(page.main);
		this.$verdict = $('<div class="za-verdict"></div>').appendTo(this.$body);
		this.make_search();
		this.$found = $('<div class="za-found"></div>').appendTo(this.$body);
		this.$one = $('<div class="za-one"></div>').appendTo(this.$body);
		frappe.realtime.on("zatca_verified", () => this.show_report());
		this.reader = reader;
	}

	show() {
		this.$input.trigger("focus");
		const [, text] = frappe.get_route();
		if (text) {
			this.$input.val(text);
			this.find();
		}
		if (this.reader) this.show_report();
	}

	// --- finding ----------------------------------------------------------------------------------------------------
	make_search() {
		const $form = $(`<form class="za-search" role="search">
			<textarea rows="1" class="form-control" dir="ltr" aria-label="${safe(__("Invoice number, UUID or QR"))}"
				placeholder="${safe(__("Invoice number, UUID, or scan its QR"))}"></textarea>
			<button type="button" class="btn btn-default za-scan">${safe(__("Scan"))}</button>
			<button type="submit" class="btn btn-primary">${safe(__("Find"))}</button>
		</form>`).appendTo(this.$body);
		this.$input = $form.find("textarea");
		$form.on("submit", (event) => (event.preventDefault(), this.find()));
		this.$input.on("keydown", (event) => {
			// A hand-held scanner ends with Enter.
			if (event.key === "Enter") (event.preventDefault(), this.find());
		});
		$form.find(".za-scan").on("click", () => this.scan());
	}

	scan() {
		new frappe.ui.Scanner({
			dialog: true,
			multiple: false,
			on_scan: (said) => (this.$input.val(said.decodedText), this.find()),
		});
	}

	async find() {
		const text = this.$input.val().trim();
		this.$one.empty();
		if (!text) return this.$found.empty();
		const rows = await frappe.xcall(AUDIT + "find_invoice", { text });
		this.$found.empty();
		if (!rows.length) {
			const words =
				text.length > 60
					? __("No document of this site fits this QR. It was not issued here, or it is forged.")
					: __("Nothing is found. Try the whole number, or scan the QR.");
			this.$found.append($(`<p class="za-nothing"></p>`).text(words));
			return;
		}
		if (rows.length > 1) this.list(rows);
		else this.open(rows[0].name);
	}

	list(rows) {
		const $list = $('<div class="za-list"></div>').appendTo(this.$found);
		for (const row of rows)
			$(`<button type="button" class="za-row">
				<b>${apart(row.invoice_name)}</b><span>${apart(frappe.datetime.str_to_user(row.issued_at))}</span>
				<span>${safe(kind(row.kind))}</span><span>${apart(`${row.total_with_vat} ${row.currency}`)}</span>
			</button>`)
				.on("click", () => this.open(row.name))
				.appendTo($list);
	}

	// --- one document -----------------------------------------------------------------------------------------------
	async open(name) {
		const said = await frappe.xcall(AUDIT + "inspect", { document: name });
		const { document: doc, invoice } = said;
		const whole = !said.holds.length;
		this.$one.html(`<section class="za-card">
			<header><div><h3 dir="auto">${safe(doc.invoice_name)}</h3>
				<p class="text-muted">${safe(doc.company)}</p></div>
				<span class="indicator-pill ${whole ? "green" : "red"}">${safe(
					whole ? __("Unchanged since it was signed") : __("Not as it was written")
				)}</span></header>
			${said.holds.map((each) => `<p class="za-bad">${safe(each.what)}</p>`).join("")}
			<dl>${this.facts(doc, invoice)}</dl>
			<p class="za-links">${this.links(doc, invoice, said.archived)}</p>
		</section>
		<section class="za-card"><h4>${safe(__("Sent and Answered"))}</h4>${this.attempts(said.attempts)}</section>
		<section class="za-card"><h4>${safe(__("Audit Trail"))}</h4>${this.trail(said.trail)}</section>`);
	}

	facts(doc, invoice) {
		const pairs = [
			[__("State"), invoice ? __(invoice.state || "", null, "ZATCA Submission") : __("The invoice is no longer there.")],
			[__("Kind"), kind(doc.kind)],
			[__("Issued At"), frappe.datetime.str_to_user(doc.issued_at)],
			[__("Total With VAT"), `${doc.total_with_vat} ${doc.currency}`],
			[__("VAT (SAR)"), doc.vat_total],
			[__("Device"), doc.device, __(doc.environment, null, "ZATCA Device")],
			[__("Counter"), doc.icv],
			["UUID", doc.name],
			[__("Invoice Hash"), doc.invoice_hash],
			[__("Previous Hash"), doc.pih],
			[__("Certificate"), doc.certificate_serial],
		];
		if (doc.supersedes) pairs.push([__("Replaces"), doc.supersedes]);
		return pairs
			.map(([label, ...values]) => `<dt>${safe(label)}</dt><dd>${values.map(apart).join(" · ")}</dd>`)
			.join("");
	}

	links(doc, invoice, archived) {
		const to = (href, label) => `<a class="btn btn-default btn-xs" href="${href}">${safe(label)}</a>`;
		const form = (doctype, name) => frappe.utils.get_form_link(doctype, name);
		const found = [to(form("ZATCA Document", doc.name), __("Signed Document"))];
		if (invoice && frappe.model.can_read(doc.invoice_doctype)) found.unshift(to(form(doc.invoice_doctype, doc.invoice_name), __("Invoice")));
		for (const row of archived.filter((each) => ["Invoice XML", "PDF"].includes(each.what)))
			found.push(
				to(`/api/method/bayancore_erp.archive.api.download_object?name=${encodeURIComponent(row.name)}`, __(row.what))
			);
		return found.join(" ");
	}

	attempts(rows) {
		if (!rows.length) return `<p class="text-muted">${safe(__("Nothing was sent."))}</p>`;
		const cells = (row) =>
			row.row_kind === "Request"
				? [__("Sent", null, "ZATCA Submission"), row.endpoint, "", "", frappe.datetime.str_to_user(row.started_at)]
				: [__("Answered"), row.endpoint, row.http_status || "", row.outcome, `${row.duration_ms} ms`];
		return this.table(
			[__("What"), __("Endpoint"), __("Status"), __("Outcome"), __("When")],
			rows.map((row) => [cells(row), frappe.utils.get_form_link("ZATCA Attempt", row.name)])
		);
	}

	trail(rows) {
		return this.table(
			[__("At"), __("Action", null, "Audit Event"), __("Actor"), __("Document"), __("Place in the Chain")],
			rows.map((row) => [
				[
					frappe.datetime.str_to_user(row.at),
					__(row.action, null, "Audit Event"),
					row.actor,
					[__(row.subject_doctype), row.subject_name],
					row.number ?? __("waits"),
				],
				frappe.model.can_read("Audit Event") && frappe.utils.get_form_link("Audit Event", row.name),
			])
		);
	}

	table(heads, rows) {
		const shown = (cell) => [cell].flat().map(apart).join(" ");
		const line = ([cells, href]) =>
			`<tr>${cells
				.map((cell, at) => `<td>${at || !href ? shown(cell) : `<a href="${href}">${shown(cell)}</a>`}</td>`)
				.join("")}</tr>`;
		return `<div class="za-scroll"><table class="table table-sm"><thead><tr>${heads
			.map((head) => `<th>${safe(head)}</th>`)
			.join("")}</tr></thead><tbody>${rows.map(line).join("")}</tbody></table></div>`;
	}

	// --- verifying --------------------------------------------------------------------------------------------------
	async verify() {
		await frappe.xcall(AUDIT + "verify_site", {});
		this.$verdict.html(`<p class="text-muted">${safe(__("Everything is being verified. You may go on meanwhile."))}</p>`);
		this.wait();
	}

	wait() {
		clearTimeout(this.timer);
		this.timer = setTimeout(async () => {
			const said = await this.show_report();
			if (said?.running) this.wait();
		}, 3000);
	}

	async show_report() {
		const said = await frappe.xcall(AUDIT + "verify_report", {});
		if (!said || said.running) return said;
		const looked = Object.values(said.looked_at).reduce((sum, count) => sum + count, 0);
		const when = frappe.datetime.comment_when(said.at);
		const words = said.ok
			? __("{0} records were verified and hold.", [format_number(looked, null, 0)])
			: __("{0} places do not hold.", [said.problems]);
		this.$verdict.html(`<div class="za-report"><span class="indicator-pill ${said.ok ? "green" : "red"}">${safe(words)}</span>
			<span class="text-muted">${when}</span></div>
			${(said.remarks || []).map((text) => `<p class="text-muted">${safe(text)}</p>`).join("")}
			${said.ok ? "" : this.table([__("Record"), __("Place"), __("What Is Wrong")], said.findings.slice(0, 100).map((each) => [
				[[__(each.doctype), each.name], each.number ?? "", each.what],
				each.name && frappe.utils.get_form_link(each.doctype, each.name),
			]))}`);
		return said;
	}
}
