frappe.listview_settings["ZATCA Device"] = {
	add_fields: ["on_hold", "status", "valid_until"],
	get_indicator(doc) {
		if (doc.on_hold) return [__("On Hold", null, "ZATCA Device"), "orange", "on_hold,=,1"];
		if (doc.status === "Active" && doc.valid_until) {
			const days = frappe.datetime.get_day_diff(doc.valid_until, frappe.datetime.nowdate());
			const before = (count) => `valid_until,<,${frappe.datetime.add_days(frappe.datetime.nowdate(), count)}|status,=,Active`;
			if (days < 0) return [__("Expired", null, "ZATCA Device"), "red", before(0)];
			if (days <= 60) return [__("{0} days left", [days]), days <= 7 ? "red" : "orange", before(61)];
		}
		const known = ["Active", "Retired"].includes(doc.status);
		return [known ? __(doc.status) : __("Not Connected Yet"), doc.status === "Active" ? "green" : "gray", `status,=,${doc.status}`];
	},
	onload(list) {
		if (frappe.perm.has_perm("ZATCA Device", 0, "create")) {
			list.page.add_inner_button(__("ZATCA Setup"), () => frappe.set_route("zatca-setup"));
		}
	},
};
