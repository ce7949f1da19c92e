// ZATCA Settings: outage mode is entered and left here, with a reason; one that is over is recorded for invoices written by hand.
(() => {
	const CAUSES = ["Not Known Yet", "ZATCA Unreachable", "Our Connection Down", "Cannot Generate Invoices"];

	function declare(frm, past) {
		const fields = [
			{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
			{
				fieldname: "cause",
				fieldtype: "Select",
				label: __("Cause"),
				options: CAUSES.map((value) => ({ value, label: __(value) })),
				default: CAUSES[0],
				reqd: 1,
				description: __("It decides which notices ZATCA has to be given."),
			},
		];
		if (past) {
			fields.push(
				{ fieldname: "started_at", fieldtype: "Datetime", label: __("Began"), reqd: 1 },
				{ fieldname: "ended_at", fieldtype: "Datetime", label: __("Ended"), reqd: 1 }
			);
		}
		frappe.prompt(
			fields,
			(values) =>
				frappe
					.call({
						method: "bayancore_erp.zatca.api.enter_outage",
						args: { company: frm.doc.company, ...values },
						freeze: true,
					})
					.then(() => frm.reload_doc()),
			past ? __("Record a Past Outage") : __("Enter Outage Mode"),
			past ? __("Record") : __("Enter")
		);
	}

	function leave(frm) {
		frappe.confirm(__("End outage mode? Everything that waits is sent to ZATCA at once."), () =>
			frappe
				.call({
					method: "bayancore_erp.zatca.api.leave_outage",
					args: { company: frm.doc.company },
					freeze: true,
				})
				.then(() => frm.reload_doc())
		);
	}

	frappe.ui.form.on("ZATCA Settings", {
		refresh(frm) {
			if (frm.is_new() || !frm.doc.enabled) return;
			if (!frappe.user.has_role("ZATCA Manager") && frappe.session.user !== "Administrator") return;
			const group = __("Outage");
			if (frm.doc.outage_active) {
				frm.add_custom_button(__("Leave Outage Mode"), () => leave(frm), group);
			} else {
				frm.add_custom_button(__("Enter Outage Mode"), () => declare(frm, false), group);
			}
			frm.add_custom_button(__("Record a Past Outage"), () => declare(frm, true), group);
		},
	});
})();
