frappe.listview_settings["ZATCA Submission"] = {
	get_indicator(doc) {
		const colours = {
			Cleared: "green",
			Reported: "green",
			Rejected: "red",
			"On Hold": "orange",
			"Clearance Pending": "orange",
			"Cleared, Not Posted": "red",
			Skipped: "gray",
		};
		return [__(doc.state, null, "ZATCA Submission"), colours[doc.state] || "blue", `state,=,${doc.state}`];
	},
};
