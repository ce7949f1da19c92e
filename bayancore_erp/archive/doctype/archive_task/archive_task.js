// One piece of the archive's work: what keeps it, and a button that starts it again.

frappe.ui.form.on("Archive Task", {
	refresh(frm) {
		frm.disable_save();
		if (frm.doc.last_error && frm.doc.state !== "Done") {
			frm.set_intro(frappe.utils.escape_html(frm.doc.__onload?.words || frm.doc.last_error), frm.doc.state === "Failed" ? "red" : "orange");
		}
		if (["Failed", "Waiting", "Pending"].includes(frm.doc.state)) {
			frm.add_custom_button(__("Try Again Now"), () =>
				frappe
					.call({ method: "bayancore_erp.archive.api.retry", args: { names: [frm.docname] }, freeze: true })
					.then(() => frm.reload_doc())
			);
		}
		frm.add_custom_button(__("Invoice"), () => frappe.set_route("Form", frm.doc.invoice_doctype, frm.doc.invoice_name));
	},
});
