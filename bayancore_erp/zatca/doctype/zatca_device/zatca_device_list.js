frappe.listview_settings["ZATCA Device"] = {
	add_fields: ["on_hold", "status"],
	get_indicator(doc) {
		if (doc.on_hold) return [__("On Hold", null, "ZATCA Device"), "orange", "on_hold,=,1"];
		const colour = { Active: "green", Retired: "gray" }[doc.status] || "blue";
		return [__(doc.status), colour, `status,=,${doc.status}`];
	},
};
