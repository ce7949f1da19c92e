// Lists of the sales road: the traffic light as a column of its own, beside ERPNext's status. Of an invoice that was submitted
// the same column says what became of it at ZATCA: a list on a laptop has room for one of the two.

(() => {
	const COLOURS = { Ready: "green", "To Check": "orange", "Not Ready": "red" };
	const STATES = {
		Cleared: "green", Reported: "green", Rejected: "red", "To Report": "blue", Skipped: "gray",
	}; // prettier-ignore
	// The column is narrow: the colour says how grave it is, the words stand in the tooltip.
	const pill = (colour, label, title, filter) => `<span class="indicator-pill ${colour} filterable ellipsis" title="${title}"
		data-filter="${filter}"><span class="ellipsis">${label}</span></span>`;
	const light = (value, df, doc) => {
		if (doc.zatca_state) {
			const said = __(doc.zatca_state, null, "ZATCA Submission");
			return pill(STATES[doc.zatca_state] || "orange", said, said, `zatca_state,=,${doc.zatca_state}`);
		}
		if (!value) return "";
		const count = cint(doc.zatca_problems);
		return pill(COLOURS[value] || "gray", count ? __("{0} open", [count]) : __(value), __(value), `zatca_readiness,=,${value}`);
	};
	for (const doctype of ["Customer", "Quotation", "Sales Order", "Delivery Note", "Sales Invoice", "POS Invoice"]) {
		const settings = (frappe.listview_settings[doctype] = frappe.listview_settings[doctype] || {});
		const fields = (settings.add_fields = settings.add_fields || []);
		const needed = doctype.endsWith("Invoice") ? ["zatca_problems", "zatca_state"] : ["zatca_problems"];
		fields.push(...needed.filter((field) => !fields.includes(field)));
		settings.formatters = { ...settings.formatters, zatca_readiness: light };
	}
})();
