// One archived object: downloaded from where it is kept, its digest verified on the way.

frappe.ui.form.on("Archive Object", {
	refresh(frm) {
		const query = new URLSearchParams({ name: frm.docname });
		frm.add_custom_button(__("Download from the Archive"), () =>
			window.open(frappe.urllib.get_full_url(`/api/method/bayancore_erp.archive.api.download_object?${query}`))
		);
		if (frm.doc.invoice_doctype) {
			frm.add_custom_button(__("Invoice"), () =>
				frappe.set_route("Form", frm.doc.invoice_doctype, frm.doc.invoice_name)
			);
		}
	},
});
