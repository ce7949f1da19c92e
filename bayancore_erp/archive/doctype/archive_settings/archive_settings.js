// Archive Settings: a sample of the brand, a check of the place. The check looks and locks nothing.

frappe.ui.form.on("Archive Settings", {
	setup(frm) {
		frm.set_query("company", () => ({ filters: { country: "Saudi Arabia", is_group: 0 } }));
		frm.set_query("letter_head", () => ({ filters: { disabled: 0, source: "Image" } }));
		frm.set_query("print_format", () => ({
			filters: { doc_type: ["in", ["Sales Invoice", "POS Invoice"]], disabled: 0, print_format_builder_beta: 0 },
		}));
		frm.set_query("email_account", () => ({ filters: { enable_outgoing: 1 } }));
	},

	refresh(frm) {
		if (frm.is_new()) return;
		frm.add_custom_button(__("A4"), () => open_sample(frm, "a4"), __("Sample"));
		frm.add_custom_button(__("80 mm Receipt"), () => open_sample(frm, "receipt"), __("Sample"));
		if (frm.perm[0] && frm.perm[0].write) {
			frm.add_custom_button(__("Check the Archive"), () => check(frm));
		}
		frm.add_custom_button(__("Queue"), () =>
			frappe.set_route("List", "Archive Task", { company: frm.doc.company, state: ["in", ["Pending", "Waiting", "Failed"]] })
		);
	},
});

function open_sample(frm, layout) {
	const query = new URLSearchParams({ company: frm.doc.company, layout });
	window.open(frappe.urllib.get_full_url(`/api/method/bayancore_erp.archive.api.sample?${query}`));
}

function check(frm) {
	if (frm.is_dirty()) {
		frappe.msgprint(__("Save first: what is saved is checked."));
		return;
	}
	frappe.call({
		method: "bayancore_erp.archive.api.check_store",
		args: { company: frm.doc.company },
		freeze: true,
		freeze_message: __("Looking at the archive"),
		callback: ({ message: health }) => {
			const escape = frappe.utils.escape_html;
			const list = (sentences) => sentences.map((sentence) => `<li>${escape(sentence)}</li>`).join("");
			const found = [...health.problems, ...health.rules, ...health.facts];
			frappe.msgprint({
				title: health.ok ? __("The archive works") : __("The archive needs attention"),
				indicator: health.ok ? "green" : "red",
				message: `<p><bdi>${escape(health.place)}</bdi></p><ul>${list(found)}</ul>`,
			});
		},
	});
}
