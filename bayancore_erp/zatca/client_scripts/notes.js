// Sales Invoice and POS Invoice: the credit or debit note that corrects what was issued, prefilled, with its reason.

(() => {
	const REASONS = {
		"Credit Note": ["Return", "Cancellation", "Change of Value", "Change of Supply", "Change of Details"],
		"Debit Note": ["Change of Value", "Change of Supply", "Change of Details"],
	};
	// The law's own words for what each reason covers.
	const MEANING = {
		Return: __("Goods or services are returned, in whole or in part."),
		Cancellation: __("The supply is cancelled or suspended after it was invoiced, in whole or in part."),
		"Change of Value": __("The agreed price is changed, or a discount is given afterwards."),
		"Change of Supply": __("What was supplied changes in essence, and with it the VAT due."),
		"Change of Details": __("The seller's or the buyer's details on the invoice are corrected."),
	};

	function ask(frm, kind, left) {
		const dialog = new frappe.ui.Dialog({
			title: kind === "Credit Note" ? __("Credit Note") : __("Debit Note"),
			fields: [
				...(kind === "Credit Note" ? [{ fieldtype: "HTML", options: left_of(frm, left) }] : []),
				{
					fieldname: "reason",
					fieldtype: "Select",
					label: __("Reason"),
					reqd: 1,
					options: REASONS[kind].map((value) => ({ value, label: __(value) })),
					onchange: () => dialog.set_df_property("reason", "description", MEANING[dialog.get_value("reason")]),
				},
				{
					fieldname: "event_date",
					fieldtype: "Date",
					label: __("Date of the Event"),
					default: frappe.datetime.get_today(),
					reqd: 1,
					description: __("When the goods came back, or the change was agreed. The note is due by the 15th of the next month."),
				},
				{
					fieldname: "remark",
					fieldtype: "Small Text",
					label: __("Remark"),
					description: __("Printed after the reason. In Arabic, or in both languages."),
				},
			],
			primary_action_label: __("Continue"),
			primary_action: (values) => {
				dialog.hide();
				frappe
					.call({
						method: "bayancore_erp.zatca.api.make_note",
						args: { doctype: frm.doctype, name: frm.docname, kind, remark: "", ...values },
						freeze: true,
					})
					.then(({ message }) => {
						const [note] = frappe.model.sync(message.note);
						if (message.late) frappe.msgprint({ message: message.late, title: __("Late"), indicator: "orange" });
						frappe.set_route("Form", note.doctype, note.name);
					});
			},
		});
		dialog.show();
	}

	function left_of(frm, left) {
		const amount = (value) => `<bdi>${format_currency(value, frm.doc.currency)}</bdi>`;
		return `<p class="text-muted">${__("{0} of {1} can still be credited.", [amount(left), amount(frm.doc.grand_total)])}</p>`;
	}

	function offer(frm, offers) {
		offers.notes.forEach((kind) => frm.add_custom_button(__(kind), () => ask(frm, kind, offers.left), __("Create")));
		if (offers.rejected) {
			frm.dashboard.add_comment(
				__("If only the wording was wrong, issue it again: number, date and amounts stay. If amounts were wrong, credit it and issue a new invoice."),
				"yellow",
				true
			);
		}
	}

	const events = {
		refresh(frm) {
			if (frm.is_new() || frm.doc.docstatus !== 1 || !frm.doc.zatca_document || frm.doc.is_return) return;
			frappe
				.xcall("bayancore_erp.zatca.api.note_offers", { doctype: frm.doctype, name: frm.docname })
				.then((offers) => offer(frm, offers));
		},
	};

	frappe.ui.form.on("Sales Invoice", events);
	frappe.ui.form.on("POS Invoice", events);
})();
