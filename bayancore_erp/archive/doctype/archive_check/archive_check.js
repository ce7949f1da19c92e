// A check of a period: its result, and each problem with the invoice it concerns.

const ARCHIVE_FAULTS = {
	missing: __("It was archived and is gone."),
	changed: __("Its content is no longer what was archived."),
	foreign: __("Nobody archived it here."),
	"not archived": __("ZATCA has it, and it is not in the archive yet."),
};

frappe.ui.form.on("Archive Check", {
	setup(frm) {
		frm.set_query("company", () => ({ filters: { country: "Saudi Arabia", is_group: 0 } }));
	},

	refresh(frm) {
		if (frm.is_new()) return;
		frm.disable_save();
		for (const field of ["company", "from_date", "to_date"]) frm.set_df_property(field, "read_only", 1);
		const { state, checked, problems, last_error } = frm.doc;
		if (state === "Whole") frm.set_intro(__("{0} objects were read and are what was archived.", [checked]), "green");
		if (state === "Damaged") frm.set_intro(__("{0} objects were read; {1} problems were found.", [checked, problems]), "red");
		if (state === "Not Finished") frm.set_intro(frappe.utils.escape_html(last_error || ""), "orange");
		if (["Queued", "Running"].includes(state)) frm.set_intro(__("The check is being made. This page shows its result by itself."), "blue");
		show_faults(frm);
	},
});

function show_faults(frm) {
	const escape = frappe.utils.escape_html;
	const rows = JSON.parse(frm.doc.faults || "[]")
		.map((fault) => `<tr><td>${escape(ARCHIVE_FAULTS[fault.kind] || fault.kind)}</td><td><bdi>${escape(fault.invoice || "")}</bdi></td>
			<td>${escape(__(fault.what || ""))}</td><td><bdi class="small text-muted">${escape(fault.object)}</bdi></td></tr>`)
		.join("");
	const head = [__("Problem"), __("Invoice"), __("What It Is"), __("Name in the Archive")].map((text) => `<th>${text}</th>`).join("");
	frm.get_field("faults_view").$wrapper.html(rows ? `<table class="table table-bordered"><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table>` : "");
}
