frappe.query_reports["ZATCA Invoice to Cash"] = {
	filters: [
		bayancore.report.company(),
		...bayancore.report.span(bayancore.report.months_ago(3)),
		{
			fieldname: "period",
			label: __("Period"),
			fieldtype: "Select",
			options: ["Day", "Week", "Month"].map((value) => ({ value, label: __(value) })),
			default: "Week",
			reqd: 1,
		},
	],
};
