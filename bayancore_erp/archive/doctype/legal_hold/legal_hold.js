frappe.ui.form.on("Legal Hold", {
	refresh(frm) {
		if (frm.is_new()) return;
		frm.disable_save();
		if (frm.doc.released_on) {
			frm.dashboard.set_headline_alert(__("Released: it holds nothing any more."), "blue");
			return;
		}
		frm.dashboard.set_headline_alert(__("In force: what it covers cannot be destroyed."), "orange");
		if (!frm.perm[0]?.write) return;
		frm.add_custom_button(__("End the Hold"), () =>
			frappe.prompt(
				{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
				({ reason }) => frm.call("release", { reason }).then(() => frm.reload_doc()),
				__("End the Hold"),
				__("End the Hold")
			)
		);
	},
});
