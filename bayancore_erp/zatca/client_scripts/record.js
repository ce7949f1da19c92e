// The lawful record's forms (documents, attempts, submissions, skips): from each row to what it belongs to. They name it in plain
// fields, which Frappe does not link.
(() => {
	const DOCUMENT = "ZATCA Document";
	const SUBMISSION = "ZATCA Submission";
	const ATTEMPT = "ZATCA Attempt";

	function refresh(frm) {
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
