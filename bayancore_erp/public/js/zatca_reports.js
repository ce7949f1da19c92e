// What the app's script reports share: the filters for a company and a span of days, and the pill of a coloured row.

frappe.provide("bayancore.report");

Object.assign(bayancore.report, {
	company: (more) => ({
		fieldname: "company",
		label: __("Company"),
		fieldtype: "Link",
		options: "Company",
		default: frappe.defaults.get_user_default("Company"),
		...more,
	}),

	span: (first) => [
		{ fieldname: "from_date", label: __("From Date"), fieldtype: "Date", default: first, reqd: 1 },
		{ fieldname: "to_date", label: __("To Date"), fieldtype: "Date", default: frappe.datetime.get_today(), reqd: 1 },
	],

	months_ago: (months) => frappe.datetime.add_months(frappe.datetime.get_today(), -months),

	// The row says its colour itself.
	pill: (fieldname) => (value, row, column, data, default_formatter) => {
		const shown = default_formatter(value, row, column, data);
		return column.fieldname === fieldname && data ? `<span class="indicator-pill ${data.colour}">${shown}</span>` : shown;
	},
});
