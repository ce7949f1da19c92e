// AI Error Settings: what leaves is shown before anything does.

const SAMPLES = [
	["BR-KSA-999", "The buyer's district (KSA-4) of invoice SINV-0042 for Horizon Co, VAT 399999999900003, total 1150.00 SAR is not in the list."],
	["certificate-unknown-state", "The certificate of device EGS-7 in Riyadh is in a state that does not allow invoice 2026/118."],
];

frappe.ui.form.on("AI Error Settings", {
	refresh(frm) {
		const escape = frappe.utils.escape_html;
		frm.get_field("what_leaves").$wrapper.html(`<div class="text-muted mb-3">
			${escape(__("Only messages of ZATCA that no dictionary knows are asked about, each kind once. Sent are its code, its category, the kind of document, names of fields, and of its wording only words of ZATCA's own rules: no name, number, address, date or amount of an invoice."))}
			<br>${escape(__("An address outside the Kingdom is a transfer abroad in the sense of the Personal Data Protection Law; no personal data is in what is sent, and the record of questions shows it."))}
		</div>`);
		frm.add_custom_button(__("Preview What Is Sent"), () => preview(frm));
		frappe.call({ method: "bayancore_erp.ai_errors.api.spent" }).then(({ message }) => {
			frm.get_field("used_this_month").$wrapper.html(
				`<div class="text-muted">${escape(__("This month: {0} questions, {1} tokens.", [message.questions, message.tokens]))}</div>`
			);
		});
	},
});

function preview(frm) {
	const escape = frappe.utils.escape_html;
	const dialog = new frappe.ui.Dialog({
		title: __("What Is Sent"),
		size: "large",
		fields: [
			{
				fieldname: "submission",
				fieldtype: "Link",
				options: "ZATCA Submission",
				label: __("Rejected Submission"),
				description: __("Empty: try any code and message."),
				get_query: () => ({ filters: { state: "Rejected" } }),
				onchange: () => show(),
			},
			{ fieldname: "code", fieldtype: "Data", label: __("Code"), default: SAMPLES[0][0], depends_on: "eval:!doc.submission" },
			{ fieldname: "message", fieldtype: "Small Text", label: __("ZATCA's Message"), default: SAMPLES[0][1], depends_on: "eval:!doc.submission" },
			{ fieldname: "result", fieldtype: "HTML" },
		],
		primary_action_label: __("Show"),
		primary_action: () => show(),
	});
	const block = (title, text) =>
		`<h6>${escape(title)}</h6><pre dir="ltr" style="white-space: pre-wrap; text-align: left">${escape(text)}</pre>`;
	const head = () => block(__("To"), frm.doc.base_url || "https://api.openai.com/v1") + block(__("Model"), frm.doc.model || "");
	const nothing = () => `<p class="text-muted">${escape(__("The dictionary explains this code: nothing is sent about it."))}</p>`;

	function one(sent) {
		const title = `<h5 class="mt-4"><code>${escape(sent.code)}</code> <bdi>${escape(sent.message)}</bdi></h5>`;
		if (sent.known) return title + nothing();
		return title + block(__("The Question"), JSON.stringify(JSON.parse(sent.input), null, 1));
	}

	function draw(questions) {
		const asked = questions.filter((each) => !each.known);
		dialog
			.get_field("result")
			.$wrapper.html(
				(asked.length ? head() : "") + questions.map(one).join("") + (asked.length ? block(__("Fixed Instructions"), asked[0].instructions) : "")
			);
	}

	async function show() {
		const { submission, code, message } = dialog.get_values(true) || {};
		if (submission) {
			const answer = await frappe.xcall("bayancore_erp.ai_errors.api.preview_submission", { submission });
			return draw(answer.questions);
		}
		if (!code || !message) return;
		const sent = await frappe.xcall("bayancore_erp.ai_errors.api.preview", { code, message });
		draw([{ ...sent, code, message }]);
	}

	dialog.get_field("message").$input.attr("dir", "auto");
	dialog.show();
	// The invoice that was rejected last tells more than any sample.
	frappe.xcall("bayancore_erp.ai_errors.api.preview_submission").then(
		(answer) => (answer.submission ? dialog.set_value("submission", answer.submission) : show()),
		() => show()
	);
}
