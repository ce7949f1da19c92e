// The lawful record's forms (documents, attempts, submissions, skips): from each row to what it belongs to, which they name in
// plain fields that Frappe does not link; and their words in the reader's language.
(() => {
	const DOCUMENT = "ZATCA Document";
	const SUBMISSION = "ZATCA Submission";
	const ATTEMPT = "ZATCA Attempt";

	const WORDS = ["invoice_doctype", "environment", "kind", "state", "step", "row_kind", "reason_code"];

	// Frappe says what cannot be changed without the context of its DocType, and data not at all.
	function translate(frm) {
		for (const field of frm.fields.filter((each) => WORDS.includes(each.df.fieldname))) {
			field.df.formatter = (value) => frappe.utils.escape_html(__(value || "", null, frm.doctype));
			field.refresh();
		}
	}

	function refresh(frm) {
		translate(frm);
		const { invoice_doctype, invoice_name, document, submission } = frm.doc;
		const to = (label, ...route) => frm.add_custom_button(__(label), () => frappe.set_route(...route));
		if (invoice_name) to(invoice_doctype, "Form", invoice_doctype, invoice_name);
		if (document) to(DOCUMENT, "Form", DOCUMENT, document);
		if (submission) to(SUBMISSION, "Form", SUBMISSION, submission);
		if (frm.doctype === DOCUMENT) to(SUBMISSION, "List", SUBMISSION, { document: frm.docname });
		if (frm.doctype === SUBMISSION) to(ATTEMPT, "List", ATTEMPT, { submission: frm.docname });
		if (frm.doctype === DOCUMENT) to(ATTEMPT, "List", ATTEMPT, { document: frm.docname });
	}

	for (const doctype of [DOCUMENT, SUBMISSION, ATTEMPT, "ZATCA Skip"]) frappe.ui.form.on(doctype, { refresh });
})();
