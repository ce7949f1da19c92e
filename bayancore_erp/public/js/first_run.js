// ERPNext's first-run wizard, for a company in Saudi Arabia: its tax identity is asked for beside its name, and the wizard
// leads to the set-up page. Nothing of it is compulsory here; the page checks it and asks for the rest.

(() => {
	const slide = (window.erpnext?.setup?.slides_settings || []).find((each) => each.name === "organization");
	if (!slide) return;
	const saudi = () => frappe.wizard?.values?.country === "Saudi Arabia";
	slide.fields.push(
		{ fieldtype: "Section Break", label: __("Saudi VAT"), depends_on: "eval:frappe.wizard.values.country === 'Saudi Arabia'" },
		{ fieldtype: "Data", fieldname: "zatca_name_ar", label: __("Company Name in Arabic") },
		{ fieldtype: "Data", fieldname: "zatca_vat_number", label: __("VAT Number"), description: __("15 digits, the first and the last a 3.") },
		{ fieldtype: "Column Break" },
		{ fieldtype: "Data", fieldname: "zatca_registration_number", label: __("Unified National Number"), description: __("10 digits, the first a 7.") }
	);
	const validate = slide.validate;
	slide.validate = function () {
		if (saudi()) frappe.setup.welcome_page = "/app/zatca-setup";
		return validate.apply(this, arguments);
	};
})();
