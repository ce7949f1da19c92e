frappe.ui.form.on("Audit Pack", {
	onload(frm) {
		frappe.realtime.on("audit_pack", (said) => {
			if (said.name !== frm.doc.name) return;
			if (said.state && said.state !== frm.doc.state) frm.reload_doc();
			else if (said.progress) show_progress(frm, said.progress);
		});
	},
	refresh(frm) {
		if (frm.is_new()) {
			set_last_quarter(frm);
			// After the toolbar has put its own button there.
			setTimeout(() => frm.is_new() && frm.page.set_primary_action(__("Make Pack"), () => frm.save()), 300);
			return;
		}
		frm.disable_save();
		const done = ["Verified", "Has Problems"].includes(frm.doc.state);
		if (done)
			frm.page.set_primary_action(__("Download", null, "Audit Pack"), () =>
				window.open(
					`/api/method/bayancore_erp.archive.audit_api.download_pack?name=${encodeURIComponent(frm.doc.name)}`
				)
			);
		if (frm.doc.seal)
			frm.add_custom_button(__("Copy Seal"), () => frappe.utils.copy_to_clipboard(frm.doc.seal));
		const [text, colour] = {
			Queued: [__("Waits for a worker."), "blue"],
			Running: [__("It is being made. You may leave this page."), "blue"],
			Verified: [__("It was verified as an auditor will: everything holds."), "green"],
			"Has Problems": [__("Its verifier found problems. They are listed below."), "red"],
			Failed: [__("It could not be made. The reason is below."), "red"],
		}[frm.doc.state] || ["", ""];
		frm.dashboard.clear_headline();
		if (text) frm.dashboard.set_headline_alert(frappe.utils.escape_html(text), colour);
		if (["Queued", "Running"].includes(frm.doc.state)) setTimeout(() => again(frm), 4000);
	},
});

function set_last_quarter(frm) {
	// The tax period that has most probably just ended.
	if (frm.doc.from_date) return;
	const quarter = moment().subtract(1, "quarter");
	frm.set_value("from_date", quarter.clone().startOf("quarter").format("YYYY-MM-DD"));
	frm.set_value("to_date", quarter.clone().endOf("quarter").format("YYYY-MM-DD"));
	if (!frm.doc.company) frm.set_value("company", frappe.defaults.get_user_default("Company"));
}

function show_progress(frm, percent) {
	frm.dashboard.show_progress(__("Auditor's Pack"), percent, __("{0} % of the documents are in it.", [percent]));
}

function again(frm) {
	if (cur_frm === frm && ["Queued", "Running"].includes(frm.doc.state)) frm.reload_doc();
}
