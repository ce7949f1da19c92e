frappe.query_reports["Documents Due"] = {
	filters: [
		bayancore.report.company({ default: "" }),
		{ fieldname: "as_of", label: __("As Of"), fieldtype: "Date", default: frappe.datetime.get_today() },
	],
	get_datatable_options: (options) => Object.assign(options, { checkboxColumn: true }),
	onload(report) {
		const chosen = () => {
			const picked = report.datatable?.rowmanager.getCheckedRows() || [];
			return picked.map((row) => report.data[row]?.document).filter(Boolean);
		};
		const ask = (label, title, then) => {
			const documents = chosen();
			if (!documents.length) return frappe.show_alert({ message: __("Choose documents first."), indicator: "orange" });
			frappe.prompt(
				{ fieldname: "reason", fieldtype: "Small Text", label: __("Reason"), reqd: 1 },
				({ reason }) => then(documents, reason),
				title,
				label
			);
		};
		if (frappe.model.can_create("Legal Hold"))
			report.page.add_inner_button(__("Place Under Hold"), () =>
				ask(__("Place Under Hold"), __("Put Under a Legal Hold"), async (documents, reason) => {
					await frappe.xcall("bayancore_erp.archive.audit_api.hold", { documents, reason });
					report.refresh();
				})
			);
		if (frappe.user.has_role("ZATCA Records Officer"))
			report.page.add_inner_button(__("Destroy"), () =>
				ask(__("Destroy"), __("Destroy Documents for Good"), async (documents, reason) => {
					const said = await frappe.xcall("bayancore_erp.archive.audit_api.destroy", { documents, reason });
					const kept = [...said.kept, ...said.stays].map((row) => `${row.invoice}: ${row.why}`);
					frappe.msgprint({
						title: __("Destroyed: {0}", [said.destroyed.length]),
						message: kept.length ? kept.map(frappe.utils.escape_html) : __("It is on record who destroyed them and why."),
						as_list: Boolean(kept.length),
						indicator: kept.length ? "orange" : "green",
					});
					report.refresh();
				})
			);
	},
};
