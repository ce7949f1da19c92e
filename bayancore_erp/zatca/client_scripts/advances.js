// Sales Invoice: the customer's open advances, into the table that deducts them.

frappe.ui.form.on("Sales Invoice", {
	refresh(frm) {
		const draft = frm.doc.docstatus === 0 && !frm.doc.is_return && !frm.doc.is_debit_note;
		if (!draft || frm.doc.zatca_is_prepayment || frm.doc.is_pos || !frm.doc.customer) return;
		if (!frm.get_docfield("zatca_prepayments")) return;
		frm.add_custom_button(
			__("Prepayment Invoices"),
			async () => {
				const rows = await frappe.xcall("bayancore_erp.zatca.api.open_advances", { doc: frm.doc });
				if (!rows.length) {
					frappe.msgprint(__("No prepayment invoice of this customer is open for what this invoice sells."));
					return;
				}
				frm.clear_table("zatca_prepayments");
				rows.forEach((row) => frm.add_child("zatca_prepayments", row));
				frm.refresh_field("zatca_prepayments");
				frm.dirty();
				frm.scroll_to_field("zatca_prepayments");
				frappe.show_alert({ message: __("The advances are deducted when you save."), indicator: "blue" });
			},
			__("Get Items From")
		);
	},
});
