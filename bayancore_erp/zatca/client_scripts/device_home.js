// ZATCA Device: a restored or copied site says so, and a manager confirms that it took over.
(() => {
	function confirm_site(frm, reasons) {
		const dialog = new frappe.ui.Dialog({
			title: __("Confirm That This Site Took Over"),
			fields: [
				{ fieldtype: "HTML", options: `<p>${frappe.utils.escape_html(reasons)}</p>` },
				{
					fieldname: "sure",
					fieldtype: "Check",
					label: __("The other site is switched off, or no longer uses this device"),
				},
				{ fieldtype: "Section Break", label: __("Only where the archive is further on"), collapsible: 1 },
				{ fieldname: "icv", fieldtype: "Int", label: __("Counter of the Last Document") },
				{ fieldname: "pih", fieldtype: "Data", label: __("Hash of the Last Document") },
			],
			primary_action_label: __("Confirm"),
			primary_action({ sure, icv, pih }) {
				if (!sure) {
					frappe.msgprint(__("Two sites with one device would fork its chain. Make sure of it first."));
					return;
				}
				frappe
					.call({
						method: "bayancore_erp.zatca.api.confirm_site",
						args: { device: frm.docname, icv: icv || null, pih: pih || null },
						freeze: true,
					})
					.then(() => {
						dialog.hide();
						frm.reload_doc();
					});
			},
		});
		dialog.show();
	}

	frappe.ui.form.on("ZATCA Device", {
		async refresh(frm) {
			if (frm.is_new() || frm.doc.environment !== "Production") return;
			const { message: reasons } = await frappe.call("bayancore_erp.zatca.api.site_standing", {
				device: frm.docname,
			});
			if (!reasons) return;
			frm.set_intro(frappe.utils.escape_html(reasons), "red");
			if (frappe.user.has_role("ZATCA Manager") || frappe.session.user === "Administrator") {
				frm.add_custom_button(__("This Site Took Over"), () => confirm_site(frm, reasons)).addClass("btn-danger");
			}
		},
	});
})();
