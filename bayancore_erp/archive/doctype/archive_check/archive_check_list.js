const ARCHIVE_CHECK_COLOURS = { Whole: "green", Damaged: "red", "Not Finished": "orange", Running: "blue", Queued: "gray" };

frappe.listview_settings["Archive Check"] = {
	get_indicator: (doc) => [__(doc.state), ARCHIVE_CHECK_COLOURS[doc.state], `state,=,${doc.state}`],
};
