// ZATCA Settings: two set-up steps, each shown before it is made.

frappe.ui.form.on("ZATCA Settings", {
	setup(frm) {
		for (const [field, root_type] of [
			["output_vat_account", ""],
			["input_vat_account", ""],
			["prepayment_account", "Liability"],
		]) {
			frm.set_query(field, () => ({
				filters: { company: frm.doc.company, is_group: 0, ...(root_type && { root_type }) },
			}));
		}
		frm.set_query("default_device", () => ({ filters: { company: frm.doc.company } }));
		frm.set_query("company", () => ({ filters: { country: "Saudi Arabia", is_group: 0 } }));
	},

	refresh(frm) {
		if (frm.is_new()) return;
		if (frappe.perm.has_perm("Company", 0, "write")) {
			frm.add_custom_button(__("VAT Accounts and Templates"), () => preview_company(frm), __("Set Up"));
		}
		if (frappe.user.has_role("System Manager")) {
			frm.add_custom_button(__("Rounding"), () => preview_rounding(frm), __("Set Up"));
		}
		const late = frm.doc.__onload && frm.doc.__onload.late;
		if (late) frm.set_intro(frappe.utils.escape_html(late), "red");
		if (frm.doc.outage_active) {
			frm.dashboard.set_headline_alert(
				__("Outage mode since {0}.", [frappe.datetime.str_to_user(frm.doc.outage_since)]),
				"orange"
			);
		}
	},
});

function preview_company(frm) {
	frappe.call({
		method: "bayancore_erp.setup.company.preview_company",
		args: { company: frm.doc.company },
		callback: ({ message: rows }) => {
			const missing = rows.filter((row) => !row.exists);
			if (!missing.length) {
				frappe.msgprint(__("Everything is there already. Nothing would be made."));
				return;
			}
			const items = missing
				.map((row) => `<li>${__(row.doctype)}: ${frappe.utils.escape_html(row.title)}</li>`)
				.join("");
			frappe.confirm(`<p>${__("These records will be made:")}</p><ul>${items}</ul>`, () =>
				frappe.call({
					method: "bayancore_erp.setup.company.setup_company",
					args: { company: frm.doc.company },
					freeze: true,
					callback: () => frm.reload_doc(),
				})
			);
		},
	});
}

function preview_rounding(frm) {
	frappe.call({
		method: "bayancore_erp.setup.rounding.preview_rounding",
		callback: ({ message: preview }) => {
			if (!preview.settings.length) {
				frappe.msgprint(__("Rounding is as the law needs it."));
				return;
			}
			const escape = frappe.utils.escape_html;
			const items = preview.settings
				.map((row) =>
						`<li>${escape(row.label)} (<bdi>${escape(__(row.name))}</bdi>): ` +
						__("{0} instead of {1}", [row.to, row.from].map((value) => `<bdi>${escape(__(String(value)))}</bdi>`)) +
						"</li>")
				.join("");
			const facts = [
				__("Of the last {0} invoices, {1} would have had another VAT amount and {2} were rounded to the whole riyal.", [
					preview.invoices,
					preview.vat_differs,
					preview.rounded_to_riyal,
				]),
				__("{0} drafts are computed anew when they are next saved.", [preview.drafts]),
			];
			if (preview.other_companies.length) {
				facts.push(__("These companies share the settings: {0}.", [preview.other_companies.map(escape).join(", ")]));
			}
			frappe.warn(
				__("Change the site's rounding?"),
				`<ul>${items}</ul><p>${facts.join("</p><p>")}</p>`,
				() =>
					frappe.call({
						method: "bayancore_erp.setup.rounding.apply_rounding",
						args: { consent: true },
						freeze: true,
						callback: () => frm.reload_doc(),
					}),
				__("Change")
			);
		},
	});
}
