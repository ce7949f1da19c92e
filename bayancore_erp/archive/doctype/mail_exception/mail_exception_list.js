frappe.listview_settings["Mail Exception"] = {
	add_fields: ["state", "kind"],
	hide_name_column: true,
	filters: [["state", "=", "Open"]],
	get_indicator: (doc) => [__(doc.state), doc.state === "Open" ? "red" : "green", `state,=,${doc.state}`],
};
