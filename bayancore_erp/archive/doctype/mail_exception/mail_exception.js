// An invoice that reached nobody: what to do, the customer's record, and the mail again.

frappe.ui.form.on("Mail Exception", {
	refresh(frm) {
		frm.disable_save();
		const { state, sentence, customer, invoice_doctype, invoice_name } = frm.doc;
		frm.set_intro(frappe.utils.escape_html(sentence || ""), state === "Open" ? "red" : "green");
		if (customer) frm.add_custom_button(__("Customer"), () => frappe.set_route("Form", "Customer", customer));
		frm.add_custom_button(__("Invoice"), () => frappe.set_route("Form", invoice_doctype, invoice_name));
		if (state !== "Open") return;
		frm.add_custom_button(__("Settled Otherwise"), () =>
			frappe.confirm(__("Was the invoice given to the customer by other means?"), () =>
				frappe
					.call({ method: "bayancore_erp.archive.api.solve", args: { name: frm.docname } })
					.then(() => frm.reload_doc())
			)
		);
		frm.add_custom_button(__("Send Again"), () =>
			frappe
				.call({
					method: "bayancore_erp.archive.api.send_again",
					args: { doctype: invoice_doctype, name: invoice_name },
					freeze: true,
				})
				.then(({ message }) => {
					frappe.show_alert({ message: frappe.utils.escape_html(message), indicator: "green" });
					frm.reload_doc();
				})
		).addClass("btn-primary");
	},
});
