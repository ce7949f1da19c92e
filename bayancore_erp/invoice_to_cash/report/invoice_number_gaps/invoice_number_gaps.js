frappe.query_reports["Invoice Number Gaps"] = {
	filters: [
		bayancore.report.company(),
		{ fieldname: "cancelled", label: __("Show Cancelled Numbers"), fieldtype: "Check" },
	],
	formatter: bayancore.report.pill("explanation"),
};
