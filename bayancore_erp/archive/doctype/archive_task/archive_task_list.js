// The archive's queue: what waits, what failed and why; failed work is started again from here.

const ARCHIVE_TASK_COLOURS = { Done: "green", "Not Needed": "gray", Failed: "red", Waiting: "orange", Pending: "blue" };

frappe.listview_settings["Archive Task"] = {
	add_fields: ["state", "last_error"],
	hide_name_column: true,
	get_indicator: (doc) => [__(doc.state), ARCHIVE_TASK_COLOURS[doc.state], `state,=,${doc.state}`],
	onload(list) {
		list.page.add_actions_menu_item(__("Try Again Now"), () =>
			frappe
				.call({
					method: "bayancore_erp.archive.api.retry",
					args: { names: list.get_checked_items(true) },
					freeze: true,
				})
				.then(({ message: count }) => {
					frappe.show_alert({ message: __("{0} started again", [count]), indicator: "green" });
					list.refresh();
				})
		);
	},
};
