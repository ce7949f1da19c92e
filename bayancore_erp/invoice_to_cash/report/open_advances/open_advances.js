frappe.query_reports["Open Advances"] = {
	filters: [
		{
			fieldname: "company",
			label: __("Company"),
			fieldtype: "Link",
			options: "Company",
			default: frappe.defaults.get_user_default("Company"),
		},
		{
			fieldname: "customer",
			label: __("Customer"),
			fieldtype: "Link",
			options: "Customer",
		},
		{
			fieldname: "used",
			label: __("Show Used Up Advances"),
			fieldtype: "Check",
		},
	],

	formatter(value, row, column, data, default_formatter) {
		const shown = default_formatter(value, row, column, data);
		if (column.fieldname !== "status" || !data) return shown;
		return `<span class="indicator-pill ${data.colour}">${shown}</span>`;
	},
};
