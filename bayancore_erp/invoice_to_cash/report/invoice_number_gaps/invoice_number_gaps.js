frappe.query_reports["Invoice Number Gaps"] = {
	filters: [
		{
			fieldname: "company",
			label: __("Company"),
			fieldtype: "Link",
			options: "Company",
			default: frappe.defaults.get_user_default("Company"),
		},
		{
			fieldname: "cancelled",
			label: __("Show Cancelled Numbers"),
			fieldtype: "Check",
		},
	],

	formatter(value, row, column, data, default_formatter) {
		const shown = default_formatter(value, row, column, data);
		if (column.fieldname !== "explanation" || !data) return shown;
		return `<span class="indicator-pill ${data.colour}">${shown}</span>`;
	},
};
