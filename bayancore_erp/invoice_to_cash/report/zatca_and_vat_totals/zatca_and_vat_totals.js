frappe.query_reports["ZATCA and VAT Totals"] = {
	filters: [
		bayancore.report.company({ reqd: 1 }),
		...bayancore.report.span(moment(bayancore.report.months_ago(2)).startOf("month").format("YYYY-MM-DD")),
		{ fieldname: "differing", label: __("Show Each Voucher That Differs"), fieldtype: "Check" },
	],
};
