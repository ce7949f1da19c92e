// Payment Entry: an advance wants its prepayment invoice on the day it is received.

frappe.ui.form.on("Payment Entry", {
	onload(frm) {
		if (frm.zatca_listens) return;
		frm.zatca_listens = true;
		frappe.realtime.on("zatca_prepayment_invoice", (news) => {
			if (news.payment === frm.docname) frm.reload_doc();
		});
	},

	async refresh(frm) {
		frm.set_query("zatca_prepayment_invoice", () => ({ filters: { zatca_is_prepayment: 1 } }));
		if (frm.doc.docstatus !== 1 || frm.doc.payment_type !== "Receive" || frm.doc.party_type !== "Customer") return;
		const linked = frm.doc.zatca_prepayment_invoice;
		if (linked) {
			const { message } = await frappe.db.get_value("Sales Invoice", linked, ["docstatus", "zatca_state"]);
			if (message && message.docstatus === 0) {
				frm.dashboard.set_headline_alert(
					__("Its prepayment invoice {0} is a draft. VAT is due on the advance: look at it and submit it.", [
						frappe.utils.get_form_link("Sales Invoice", linked, true),
					]),
					"orange"
				);
			}
			return;
		}
		const due = await frappe.xcall("bayancore_erp.zatca.api.prepayment_due", { payment: frm.docname });
		if (!due.length) return;
		frm.dashboard.set_headline_alert(
			__("An advance was received here. VAT is due on it: issue its prepayment invoice."),
			"orange"
		);
		frm.add_custom_button(__("Prepayment Invoice"), async () => {
			const name = await frappe.xcall("bayancore_erp.zatca.api.make_prepayment_invoice", { payment: frm.docname });
			frappe.set_route("Form", "Sales Invoice", name);
		}).addClass("btn-primary");
	},
});
