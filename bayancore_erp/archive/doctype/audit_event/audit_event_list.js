frappe.listview_settings["Audit Event"] = {
	hide_name_column: true,
	hide_name_filter: true,
	formatters: {
		action: (value) => frappe.utils.escape_html(__(value || "", null, "Audit Event")),
		subject_doctype: (value) => frappe.utils.escape_html(__(value || "")),
	},
};
