// Sales Invoice and POS Invoice: Submit leads to clearance, the verdict stands on the form, what is approved has no Cancel.

const LIVE = ["Queued", "Clearing", "Cleared, Not Posted", "On Hold"];
const COLOURS = {
	Queued: "orange",
	Clearing: "orange",
	"Cleared, Not Posted": "orange",
	"On Hold": "orange",
	"To Report": "blue",
	Cleared: "green",
	Reported: "green",
	Rejected: "red",
	Skipped: "gray",
};

function call(frm, method) {
	return frappe
		.call({
			method: `bayancore_erp.zatca.api.${method}`,
			args: { doctype: frm.doctype, name: frm.docname },
			freeze: method !== "verdict",
			freeze_message: __("Clearing with ZATCA"),
		})
		.then((answer) => answer.message);
}

function escape(text) {
	return frappe.utils.escape_html(text || "");
}

function message_row(message) {
	const place = message.place ? ` data-field="${escape(message.place.fieldname)}"` : "";
	const words = message.original && message.original !== message.text
		? `<br><small>${__("ZATCA says")}: <bdi>${escape(message.original)}</bdi></small>`
		: "";
	return `<li${place}><b><bdi>${escape(message.code)}</bdi></b> ${escape(message.text)}${words}</li>`;
}

function show(frm, verdict) {
	if (!verdict || !verdict.state) return;
	const waits = LIVE.includes(verdict.state) && verdict.last_error ? `<br>${escape(verdict.last_error)}` : "";
	const list = verdict.messages.length ? `<ul>${verdict.messages.map(message_row).join("")}</ul>` : "";
	frm.dashboard.clear_headline();
	frm.dashboard.set_headline_alert(
		`<b>${escape(verdict.state_label)}</b>: ${escape(verdict.sentence)}${waits}${list}`,
		COLOURS[verdict.state] || "blue"
	);
}

function add_buttons(frm) {
	const state = frm.doc.zatca_state;
	if (LIVE.includes(state)) {
		frm.disable_save();
		frm.add_custom_button(__("Retry Now"), () => call(frm, "retry").then(() => frm.reload_doc()));
	}
	if (state === "Rejected" && frm.doc.docstatus === 1) {
		frm.add_custom_button(__("Issue Again"), () => call(frm, "reissue").then(() => frm.reload_doc()));
	}
	if (frm.doc.docstatus === 1 && frm.doc.zatca_document) {
		frm.page.clear_secondary_action();
	}
}

const events = {
	onload(frm) {
		if (frm.zatca_listens) return;
		frm.zatca_listens = true;
		frappe.realtime.on("zatca_progress", (news) => {
			if (news.doctype !== frm.doctype || news.name !== frm.docname) return;
			frm.dashboard.clear_headline();
			frm.dashboard.set_headline_alert(`<b>${escape(__(news.state))}</b>`, COLOURS[news.state] || "blue");
			if (!LIVE.includes(news.state) && !frm.zatca_asking) frm.reload_doc();
		});
	},

	refresh(frm) {
		if (frm.is_new() || !frm.doc.zatca_state) return;
		add_buttons(frm);
		call(frm, "verdict").then((verdict) => show(frm, verdict));
	},

	async before_submit(frm) {
		const settings = await frappe.db.get_value("ZATCA Settings", frm.doc.company, "enabled");
		if (!settings.message || !settings.message.enabled) return;
		// The ordinary Submit is the same road: the server clears first and posts afterwards.
		frappe.validated = false;
		frm.zatca_asking = true;
		try {
			const verdict = await call(frm, "submit_for_clearance");
			await frm.reload_doc();
			show(frm, verdict);
		} finally {
			frm.zatca_asking = false;
		}
	},
};

frappe.ui.form.on("Sales Invoice", events);
frappe.ui.form.on("POS Invoice", events);
