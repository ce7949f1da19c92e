// AI Error Explanation: a reviewer approves it for its code, or withdraws it.

frappe.ui.form.on("AI Error Explanation", {
	refresh(frm) {
		// Each language runs its own way, whatever the desk's.
		for (const [fields, dir] of [[["sentence_en", "steps_en"], "ltr"], [["sentence_ar", "steps_ar"], "rtl"]])
			for (const field of fields) frm.get_field(field).$wrapper.find("textarea, .control-value").attr("dir", dir);
		if (!frm.perm[0].write) return;
		const set = (values) => frm.set_value(values).then(() => frm.save());
		if (!frm.doc.promoted) {
			frm.add_custom_button(__("Approve"), () => set({ promoted: 1, withdrawn: 0 }));
		}
		if (!frm.doc.withdrawn) {
			frm.add_custom_button(__("Withdraw"), () => set({ promoted: 0, withdrawn: 1 }));
		}
		if (frm.doc.promoted) frm.page.set_indicator(__("Approved"), "green");
		if (frm.doc.withdrawn) frm.page.set_indicator(__("Withdrawn"), "gray");
	},
});
