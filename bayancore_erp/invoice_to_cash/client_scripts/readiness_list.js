// Lists of the sales road: the traffic light as a column of its own, beside ERPNext's status.

(() => {
	const COLOURS = { Ready: "green", "To Check": "orange", "Not Ready": "red" };
	// The column is narrow: the colour says how grave it is, the words stand in the tooltip.
	const pill = (value, df, doc) => {
		if (!value) return "";
		const count = cint(doc.zatca_problems);
		const label = count ? __("{0} open", [count]) : __(value);
		return `<span class="indicator-pill ${COLOURS[value] || "gray"} filterable ellipsis" title="${__(value)}"
			data-filter="zatca_readiness,=,${value}"><span class="ellipsis">${label}</span></span>`;
	};
	for (const doctype of ["Customer", "Quotation", "Sales Order", "Delivery Note", "Sales Invoice"]) {
		const settings = (frappe.listview_settings[doctype] = frappe.listview_settings[doctype] || {});
		const fields = (settings.add_fields = settings.add_fields || []);
		if (!fields.includes("zatca_problems")) fields.push("zatca_problems");
		settings.formatters = { ...settings.formatters, zatca_readiness: pill };
	}
})();
