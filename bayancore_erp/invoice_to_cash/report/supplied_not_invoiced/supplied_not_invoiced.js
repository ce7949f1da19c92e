frappe.query_reports["Supplied Not Invoiced"] = {
	filters: [bayancore.report.company()],
	formatter: bayancore.report.pill("days_left"),
};
