// ZATCA Device: where it stands, until when, and the one action that is called for; everything else is read only or plain.

frappe.ui.form.on("ZATCA Device", {
	setup(frm) {
		frm.set_query("company", () => ({ filters: { country: "Saudi Arabia", is_group: 0 } }));
		frm.set_query("pos_profile", () => ({ filters: { company: frm.doc.company } }));
		frm.set_query("cost_center", () => ({ filters: { company: frm.doc.company, is_group: 0 } }));
	},

	refresh(frm) {
		if (frm.is_new()) return;
		const manages = frappe.perm.has_perm("ZATCA Device", 0, "write");
		const days = frm.doc.valid_until ? frappe.datetime.get_day_diff(frm.doc.valid_until, frappe.datetime.nowdate()) : null;
		const late = frm.doc.__onload && frm.doc.__onload.late;
		if (late && frm.doc.status !== "Retired") frm.set_intro(frappe.utils.escape_html(late), "red");
		if (frm.doc.on_hold) {
			frm.page.set_indicator(__("On Hold", null, "ZATCA Device"), "orange");
			const what = __("Try again. Where the certificate was revoked or has expired, connect the device anew in ZATCA Setup.");
			frm.dashboard.set_headline_alert(`${frappe.utils.escape_html(__(frm.doc.hold_reason || ""))}<br>${what}`, "orange");
			if (manages) frm.add_custom_button(__("Try Again"), () => release(frm)).addClass("btn-primary");
		} else if (frm.doc.status === "Active" && days !== null && days <= 60) {
			frm.dashboard.set_headline_alert(
				days < 0 ? __("The certificate has expired. Renew it.") : __("The certificate ends in {0} days. Renew it: the device goes on signing meanwhile.", [days]),
				days <= 7 ? "red" : "orange"
			);
		}
		if (!manages || frm.doc.status === "Retired") return;
		const open_setup = () => frappe.set_route("zatca-setup", frm.doc.company);
		if (frm.doc.status !== "Active") frm.add_custom_button(__("Connect"), open_setup).addClass("btn-primary");
		else frm.add_custom_button(__("ZATCA Setup"), open_setup);
		if (frm.doc.status === "Active") {
			frm.page.add_menu_item(__("Retire"), () => retire(frm));
			frm.add_custom_button(__("Verify the Chain"), () =>
				frappe.xcall("bayancore_erp.zatca.api.verify_chain", { device: frm.doc.name }).then((life) =>
					frappe.msgprint({ title: __("Chain"), message: frappe.utils.escape_html(life.sentence), indicator: life.ok ? "green" : "red" })
				)
			);
		}
	},
});

async function release(frm) {
	const count = await frappe.xcall("bayancore_erp.zatca.api.release_device", { device: frm.doc.name });
	frappe.show_alert({ message: __("Invoices that go on: {0}.", [count]), indicator: "green" });
	frm.reload_doc();
}

function retire(frm) {
	frappe.warn(
		__("Retire this device?"),
		__("It never signs again; its invoices and certificates stay. Revoke it in the Fatoora portal as well."),
		async () => {
			await frappe.xcall("bayancore_erp.zatca.page.zatca_setup.zatca_setup.retire", { device: frm.doc.name });
			frm.reload_doc();
		},
		__("Retire")
	);
}
