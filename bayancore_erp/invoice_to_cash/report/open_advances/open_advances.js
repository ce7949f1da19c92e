frappe.query_reports["Open Advances"] = {
	filters: [
		bayancore.report.company(),
		{ fieldname: "customer", label: __("Customer"), fieldtype: "Link", options: "Customer" },
		{ fieldname: "used", label: __("Show Used Up Advances"), fieldtype: "Check" },
	],
	formatter: bayancore.report.pill("status"),
};
