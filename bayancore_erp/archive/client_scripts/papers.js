// Sales Invoice and POS Invoice: the lawful PDF and XML, a draft's preview, the mail to the customer. Wrapped, for Frappe runs
// all scripts of a form in one scope.
(() => {
	const GROUP = __("Tax Invoice");

	function open_file(frm, what) {
		const query = new URLSearchParams({ doctype: frm.doctype, name: frm.docname, what });
		window.open(frappe.urllib.get_full_url(`/api/method/bayancore_erp.archive.api.download?${query}`));
	}

	function call(frm, method, args = {}) {
		return frappe
			.call({
				method: `bayancore_erp.archive.api.${method}`,
				args: { doctype: frm.doctype, name: frm.docname, ...args },
				freeze: method !== "standing",
			})
			.then((answer) => answer.message);
	}

	function send_again(frm, standing) {
		const dialog = new frappe.ui.Dialog({
			title: __("Mail the Tax Invoice"),
			fields: [
				{
					fieldname: "recipients",
					fieldtype: "Small Text",
					label: __("Recipients"),
					default: standing.recipients,
					reqd: 1,
					description: __("Several addresses are separated by commas. The very same PDF and XML are sent."),
				},
			],
			primary_action_label: __("Send"),
			primary_action: ({ recipients }) => {
				dialog.hide();
				call(frm, "send_again", { recipients }).then((sentence) => {
					frappe.show_alert({ message: sentence, indicator: "green" });
					frm.reload_doc();
				});
			},
		});
		dialog.show();
	}

	function restore(frm) {
		call(frm, "restore").then((files) => {
			const sentence = files.length
				? __("Attached again: {0}", [files.join(", ")])
				: __("Nothing is missing. Both files are attached.");
			frappe.show_alert({ message: frappe.utils.escape_html(sentence), indicator: "green" });
			if (files.length) frm.reload_doc();
		});
	}

	function add_buttons(frm, standing) {
		if (standing.may_print && standing.given) {
			frm.add_custom_button(__("PDF"), () => open_file(frm, "pdf"), GROUP);
			frm.add_custom_button(__("XML"), () => open_file(frm, "xml"), GROUP);
			frm.add_custom_button(__("Restore Attachments"), () => restore(frm), GROUP);
			if (standing.may_email) {
				frm.add_custom_button(__("Send by E-mail"), () => send_again(frm, standing), GROUP);
			}
		} else if (standing.may_print && standing.released) {
			frm.add_custom_button(__("Copy, Not Yet Cleared"), () => open_file(frm, "marked"), GROUP);
		}
	}

	// One line below the verdict: what was done with the invoice since, and what keeps the rest.
	function indicate(frm, standing) {
		const escape = frappe.utils.escape_html;
		const pill = (text, colour) => `<span class="indicator-pill no-indicator-dot ${colour}" style="height:auto;white-space:normal;text-align:start">${text}</span>`;
		const [latest] = standing.mails || [];
		const pills = [];
		if (standing.archived) pills.push(pill(__("Archived"), "green"));
		if (latest) pills.push(pill(__("Mailed to {0}", [`<bdi>${escape(latest.recipients)}</bdi>`]), "green"));
		for (const exception of standing.exceptions || []) {
			const link = frappe.utils.get_form_link("Mail Exception", exception.name);
			pills.push(pill(`<a href="${link}">${escape(exception.sentence)}</a>`, "red"));
		}
		for (const task of standing.work || []) {
			if (task.work === "Mail" && (standing.exceptions || []).length) continue;
			if (!task.last_error) continue;
			pills.push(pill(`${__(task.work)}: ${escape(task.last_error)}`, task.state === "Failed" ? "red" : "orange"));
		}
		frm.layout.wrapper.find(".zatca-papers").remove();
		if (!pills.length) return;
		const line = $(`<div class="zatca-papers" style="display:flex;flex-wrap:wrap;gap:6px;margin-block:6px 8px">${pills.join("")}</div>`);
		const message = frm.layout.wrapper.find(".form-message-container").first();
		if (message.length) line.insertAfter(message);
		else line.prependTo(frm.layout.wrapper);
	}

	const events = {
		refresh(frm) {
			frm.layout.wrapper.find(".zatca-papers").remove();
			if (frm.is_new()) return;
			if (frm.doc.docstatus === 0 && frappe.model.can_print(frm.doctype)) {
				frm.add_custom_button(__("Preview"), () => open_file(frm, "preview"), GROUP);
			}
			if (!frm.doc.zatca_document) return;
			const name = frm.docname;
			call(frm, "standing").then((standing) => {
				if (frm.docname !== name) return;
				add_buttons(frm, standing);
				indicate(frm, standing);
			});
		},
	};

	frappe.ui.form.on("Sales Invoice", events);
	frappe.ui.form.on("POS Invoice", events);
})();
