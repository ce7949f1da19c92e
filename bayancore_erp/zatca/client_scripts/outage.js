// Outage mode on the invoice's form: a banner while it lasts, the manager's release, and the ways out after a rejection.
(() => {
	const WAITING = ["Queued", "Clearing", "On Hold"];

	function is_manager() {
		return frappe.user.has_role("ZATCA Manager") || frappe.session.user === "Administrator";
	}

	function call(frm, method, args) {
		return frappe
			.call({
				method: `bayancore_erp.zatca.api.${method}`,
				args: { name: frm.docname, ...args },
				freeze: true,
				freeze_message: __("Please wait"),
			})
			.then((answer) => answer.message);
	}

	function banner(frm, outage) {
		frm.layout.wrapper.find(".zatca-outage").remove();
		if (!outage.active) return;
		const since = frappe.datetime.str_to_user(outage.since);
		const reason = frappe.utils.escape_html(outage.reason || "");
		$(`<div class="zatca-outage form-message orange" role="status"><b>${__("Outage mode")}</b> ${__("since {0}.", [
			`<bdi>${since}</bdi>`,
		])} <bdi>${reason}</bdi></div>`).prependTo(frm.layout.wrapper);
	}

	function ask_release(frm) {
		frappe.warn(
			__("Release {0} uncleared?", [frm.docname]),
			`<p>${__("It is posted and its paper is marked as not yet cleared; the buyer cannot deduct the VAT yet.")}</p>
			<p>${__("Its content stays frozen. Once ZATCA answers again it is cleared and the cleared copy goes to the same people.")}</p>`,
			() => call(frm, "release_uncleared").then(() => frm.reload_doc()),
			__("Release", null, "ZATCA Outage")
		);
	}

	function ask_reverse(frm) {
		frappe.prompt(
			[
				{
					fieldname: "reason",
					fieldtype: "Small Text",
					label: __("Reason"),
					reqd: 1,
					description: __("Its booking is taken back, and both invoices are kept. What was paid on it stays on the customer's account."),
				},
			],
			({ reason }) =>
				call(frm, "reverse_released", { reason }).then((name) =>
					frappe.set_route("Form", frm.doctype, name)
				),
			__("Take {0} out of the books and correct it in a new draft", [frm.docname]),
			__("Reverse and Correct")
		);
	}

	frappe.ui.form.on("Sales Invoice", {
		async refresh(frm) {
			if (frm.is_new() || !frm.doc.company) return;
			const name = frm.docname;
			const settings = await frappe.db.get_value("ZATCA Settings", frm.doc.company, [
				"enabled",
				"outage_active",
				"outage_since",
				"outage_reason",
			]);
			const found = settings.message || {};
			if (!found.enabled || frm.docname !== name) return;
			banner(frm, { active: found.outage_active, since: found.outage_since, reason: found.outage_reason });
			if (!is_manager()) return;
			const state = frm.doc.zatca_state || "";
			const waits = !frm.doc.docstatus && frm.doc.zatca_kind !== "Simplified";
			if (found.outage_active && waits && WAITING.includes(state)) {
				frm.add_custom_button(__("Release in Outage Mode"), () => ask_release(frm)).addClass("btn-warning");
			}
			if (frm.doc.docstatus === 1 && state === "Rejected" && frm.doc.zatca_released_at) {
				const may = frm.perm[0] || {};
				if (may.submit) {
					frm.add_custom_button(__("Issue Again"), () => call(frm, "reissue_released").then(() => frm.reload_doc()));
				}
				if (may.cancel) frm.add_custom_button(__("Reverse and Correct"), () => ask_reverse(frm));
			}
		},
	});
})();
