// Customer, Quotation, Sales Order, Delivery Note and draft invoices: would the tax invoice be accepted?
// One panel below the form's head: the light, every problem as a link to its field, and a button where one click puts it right.
// It comes with the document a form opens with, else it is asked for once the form stands; what is changed then is judged when it
// is saved, and the panel says so. A document that was never saved is judged as it stands, whenever its typist pauses.

(() => {
	// It comes with the script of each form it serves, and is needed once.
	frappe.provide("bayancore");
	if (bayancore.readiness) return;
	bayancore.readiness = true;

	const FORMS = ["Customer", "Quotation", "Sales Order", "Delivery Note", "Sales Invoice", "POS Invoice"];
	const API = "bayancore_erp.invoice_to_cash.api";
	const COLOURS = { Ready: "green", "To Check": "orange", "Not Ready": "red", "": "gray" };
	const DOTS = { Error: "red", Warning: "orange", Information: "blue" };
	const INVOICES = ["Sales Invoice", "POS Invoice"];
	const FIRST = 5;
	const PAUSE_MS = 1500;
	const escape = (text) => frappe.utils.escape_html(text || "");

	function wanted(frm) {
		if (frm.is_new()) return frm.doctype !== "Customer" && !frm.doc.is_return && has_enough(frm.doc);
		if (!INVOICES.includes(frm.doctype)) return frm.doc.docstatus < 2;
		// As soon as there is a verdict, the verdict speaks.
		return frm.doc.docstatus === 0 && !frm.doc.zatca_state;
	}

	// Before there is somebody to sell to and something to sell, everything would be missing.
	function has_enough(doc) {
		return Boolean(doc.company && (doc.customer || doc.party_name) && (doc.items || []).some((row) => row.item_code || row.item_name));
	}

	function remove(frm) {
		$(frm.wrapper).find(".zatca-readiness").remove();
	}

	function ask(frm) {
		const name = frm.docname;
		const unsaved = Boolean(frm.is_new());
		const asked = unsaved
			? frappe.xcall(`${API}.readiness_unsaved`, { doc: frm.doc }).catch(() => null)
			: frappe.xcall(`${API}.readiness`, { doctype: frm.doctype, name });
		return asked.then((answer) => {
			if (answer && frm.docname === name && Boolean(frm.is_new()) === unsaved && wanted(frm)) show(frm, answer);
		});
	}

	// What came with the document is of the moment it was read: it serves once, and not a document that was read for something else before.
	function take(frm) {
		const brought = frm.doc.__onload?.readiness;
		if (brought) delete frm.doc.__onload.readiness;
		return frappe.model.is_fresh(frm.doc) ? brought : null;
	}

	// What the panel says is of the last save, or of a form that nothing has stored yet.
	function mark_age(frm) {
		const text = frm.is_new() ? __("Not saved yet") : frm.is_dirty() ? __("As of the last save") : "";
		$(frm.wrapper).find(".zatca-readiness .zatca-age").text(text);
	}

	function changed(frm) {
		clearTimeout(frm.zatca_pause);
		if (!frm.is_new()) return mark_age(frm);
		frm.zatca_pause = setTimeout(() => (wanted(frm) ? ask(frm) : remove(frm)), PAUSE_MS);
	}

	function headline(answer) {
		const parts = [];
		if (answer.errors) parts.push(answer.errors === 1 ? __("1 problem to fix") : __("{0} problems to fix", [answer.errors]));
		if (answer.warnings) parts.push(answer.warnings === 1 ? __("1 point to check") : __("{0} points to check", [answer.warnings]));
		return parts.length ? escape(parts.join(" · ")) : `<span class="text-muted">${escape(answer.note)}</span>`;
	}

	function row(point, index) {
		const place = point.where ? `<bdi class="zatca-where">${escape(point.where)}</bdi>` : "";
		// Who may not change the field is told who may: the way to it would end before a locked door.
		const text = point.ask
			? `<span title="${escape(point.code)}">${escape(point.text)}</span> <span class="text-muted small">${escape(point.ask)}</span>`
			: `<a href="#" data-point="${index}" title="${escape(point.code)}">${escape(point.text)}</a>`;
		const fixes = point.fixes
			.map((fix, at) => `<button type="button" class="btn btn-default btn-xs" data-point="${index}" data-fix="${at}">${escape(fix.label)}</button>`)
			.join("");
		return `<li class="${index >= FIRST ? "zatca-more hidden" : ""}">
			<span class="indicator ${DOTS[point.severity]}" title="${escape(__(point.severity))}"></span>
			<div class="zatca-point">
				${text}
				${place}
			</div>
			<div class="zatca-fixes">${fixes}</div>
		</li>`;
	}

	function show(frm, answer) {
		remove(frm);
		frm.zatca_readiness_of = frm.docname;
		if (!answer.light && !answer.note) return;
		const label = answer.light ? __(answer.light) : __("No tax invoice");
		const hidden = answer.points.length - FIRST;
		const more = hidden > 0 ? `<button type="button" class="btn btn-link btn-xs zatca-show">${__("Show {0} more", [hidden])}</button>` : "";
		const list = answer.points.length ? `<ul>${answer.points.map(row).join("")}</ul>${more}` : "";
		const panel = $(`<section class="zatca-readiness" data-light="${answer.light}" aria-label="${__("ZATCA Readiness")}">
			<div class="zatca-head">
				<span class="indicator-pill ${COLOURS[answer.light]}">${label}</span>
				<span class="zatca-title">${headline(answer)}</span>
				<span class="zatca-age text-muted small"></span>
			</div>${list}</section>`);
		panel.on("click", "a[data-point]", (event) => {
			event.preventDefault();
			const point = answer.points[event.currentTarget.dataset.point];
			bayancore.go_to({ ...point.place, text: point.text });
		});
		panel.on("click", "button[data-fix]", (event) => {
			const { point, fix } = event.currentTarget.dataset;
			apply(frm, answer.points[point], answer.points[point].fixes[fix]);
		});
		panel.on("click", ".zatca-show", (event) => {
			panel.find(".zatca-more").removeClass("hidden");
			$(event.currentTarget).remove();
		});
		frm.layout.message.after(panel);
		mark_age(frm);
	}

	async function apply(frm, point, fix) {
		let choice = "";
		if (fix.choices.length) {
			choice = await new Promise((chosen) =>
				frappe.prompt(
					{ fieldname: "choice", fieldtype: "Select", label: point.where || fix.label, options: fix.choices, reqd: 1, description: point.text },
					(values) => chosen(values.choice),
					fix.label,
					__("Apply")
				)
			);
		}
		// The server changes what is stored: what stands in the form only has to be stored first.
		if (frm.is_dirty()) await frm.save();
		await frappe.xcall(`${API}.fix`, { doctype: frm.doctype, name: frm.docname, fix: fix.id, choice });
		frappe.show_alert({ message: __("Done"), indicator: "green" });
		await frm.reload_doc();
	}

	// A rejected invoice's panel offers the same fixes beside its own problems.
	bayancore.apply_fix = apply;

	const events = {
		onload(frm) {
			if (frm.zatca_ages) return;
			frm.zatca_ages = true;
			$(frm.wrapper).on("dirty", () => changed(frm));
		},

		refresh(frm) {
			clearTimeout(frm.zatca_pause);
			if (!wanted(frm)) return remove(frm);
			const brought = take(frm);
			if (brought) return show(frm, brought);
			// Another document's answer must not stand here while this one's is on its way.
			if (frm.zatca_readiness_of !== frm.docname) remove(frm);
			setTimeout(() => wanted(frm) && ask(frm), 0);
		},
	};

	for (const doctype of FORMS) frappe.ui.form.on(doctype, events);
})();
