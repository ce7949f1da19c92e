// ZATCA Settings: what customers, addresses and items already say is shown first, then filled into the ZATCA fields.
(() => {
	function preview(frm) {
		frappe.call({
			method: "bayancore_erp.setup.data_migration.preview_data",
			freeze: true,
			callback: ({ message: found }) => {
				const kinds = Object.keys(found.counts);
				if (!kinds.length) {
					const nothing = __("Nothing more can be read from customers, addresses and items.");
					frappe.msgprint([nothing, left(found)].filter(Boolean).join("<br>"));
					return;
				}
				choose(frm, kinds, found);
			},
		});
	}

	function left({ without_building }) {
		return without_building
			? __("Addresses in the Kingdom whose building number is not written clearly, for you to fill in: {0}.", [
					without_building,
			  ])
			: "";
	}

	function choose(frm, kinds, found) {
		const { counts, labels, rows } = found;
		const escape = frappe.utils.escape_html;
		const cell = (text) => `<td><bdi>${escape(text)}</bdi></td>`;
		const shown = rows.map(
			(row) => `<tr><td>${__(row.doctype)} <bdi>${escape(row.name)}</bdi></td>${[row.label, row.value, row.because].map(cell).join("")}</tr>`
		);
		const head = [__("Document"), __("Field"), __("Value"), __("Why")].map((text) => `<th>${text}</th>`).join("");
		const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
		const rest = total - rows.length;
		const dialog = new frappe.ui.Dialog({
			title: __("Fill from Existing Data"),
			size: "large",
			fields: [
				...kinds.map((kind) => ({
					fieldname: kind.replace(".", "__"),
					fieldtype: "Check",
					default: 1,
					label: `${__(kind.split(".")[0])}: ${escape(labels[kind])} (${counts[kind]})`,
				})),
				{
					fieldtype: "HTML",
					options: `<div style="max-block-size: 18rem; overflow: auto"><table class="table table-sm">
						<thead><tr>${head}</tr></thead><tbody>${shown.join("")}</tbody></table></div>
						${rest > 0 ? `<p class="text-muted">${__("And {0} more.", [rest])}</p>` : ""}
						<p class="text-muted">${left(found)}</p>`,
				},
			],
			primary_action_label: __("Fill"),
			primary_action(values) {
				const fields = kinds.filter((kind) => values[kind.replace(".", "__")]);
				frappe
					.call({ method: "bayancore_erp.setup.data_migration.fill_data", args: { fields }, freeze: true })
					.then(({ message: filled }) => {
						dialog.hide();
						frappe.show_alert({ message: __("{0} fields filled.", [filled]), indicator: "green" });
					});
			},
		});
		dialog.show();
	}

	frappe.ui.form.on("ZATCA Settings", {
		refresh(frm) {
			if (frm.is_new() || !frappe.user.has_role("System Manager")) return;
			frm.add_custom_button(__("Fill from Existing Data"), () => preview(frm), __("Set Up"));
		},
	});
})();
