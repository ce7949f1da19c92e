frappe.query_reports["Supplied Not Invoiced"] = {
	filters: [
		{
			fieldname: "company",
			label: __("Company"),
			fieldtype: "Link",
			options: "Company",
			default: frappe.defaults.get_user_default("Company"),
		},
	],

	formatter(value, row, column, data, default_formatter) {
		const shown = default_formatter(value, row, column, data);
		if (column.fieldname !== "days_left" || !data) return shown;
		return `<span class="indicator-pill ${data.colour}">${shown}</span>`;
	},
};
