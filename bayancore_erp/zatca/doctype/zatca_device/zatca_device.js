// ZATCA Device: its hold and its home are seen at a glance; everything else is read only or plain.

frappe.ui.form.on("ZATCA Device", {
	setup(frm) {
		frm.set_query("company", () => ({ filters: { country: "Saudi Arabia", is_group: 0 } }));
	},

	refresh(frm) {
		if (frm.doc.on_hold) {
			frm.page.set_indicator(__("On Hold", null, "ZATCA Device"), "orange");
			frm.dashboard.set_headline_alert(frappe.utils.escape_html(frm.doc.hold_reason || ""), "orange");
		}
	},
});
