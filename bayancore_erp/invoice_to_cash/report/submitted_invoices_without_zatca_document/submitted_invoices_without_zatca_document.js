frappe.query_reports["Submitted Invoices Without ZATCA Document"] = {
	filters: [
		bayancore.report.company(),
		...bayancore.report.span(bayancore.report.months_ago(12)),
		{ fieldname: "skipped", label: __("Show What Needs No Document, and Why"), fieldtype: "Check" },
	],
};
