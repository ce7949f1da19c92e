// AI Error Explanation: what waits for a reviewer stands out; the sentence is shown in the reviewer's language.

frappe.listview_settings["AI Error Explanation"] = {
	hide_name_column: true,
	add_fields: ["promoted", "withdrawn", "sentence_ar"],
	formatters: {
		sentence_en(value, df, doc) {
			const said = frappe.boot.lang === "ar" ? doc.sentence_ar : value;
			return `<span class="ellipsis" title="${frappe.utils.escape_html(said)}">${frappe.utils.escape_html(said)}</span>`;
		},
	},
	get_indicator(doc) {
		if (doc.withdrawn) return [__("Withdrawn"), "gray", "withdrawn,=,1"];
		if (doc.promoted) return [__("Approved"), "green", "promoted,=,1"];
		return [__("To Review"), "orange", "promoted,=,0|withdrawn,=,0"];
	},
};
