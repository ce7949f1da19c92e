// ZATCA Settings and Mode of Payment: ZATCA's codes of how an invoice is paid (UNTDID 4461), with their meaning.
(() => {
	const MEANS = { 10: __("Cash"), 30: __("On Credit"), 42: __("Bank Account"), 48: __("Bank Card"), 1: __("Another Way") };

	const named = (field) => ({
		setup(frm) {
			const options = [10, 30, 42, 48, 1].map((code) => ({ value: String(code), label: `${code}: ${MEANS[code]}` }));
			frm.set_df_property(field, "options", [{ value: "", label: "" }, ...options]);
		},
	});

	frappe.ui.form.on("ZATCA Settings", named("default_payment_means"));
	frappe.ui.form.on("Mode of Payment", named("zatca_code"));
})();
