"""Where Frappe meets bayancore_erp. Wiring only: no logic lives here."""

app_name = "bayancore_erp"
app_title = "Bayancore"
app_publisher = "The bayancore_erp founders"
app_description = "ZATCA (Fatoora) e-invoicing Phase 2 for ERPNext"
app_email = "hello@bayancore.example"
app_license = "mit"

required_apps = ["frappe/erpnext"]

# Frappe 16 refuses a whitelisted method with an unannotated argument; Frappe 15 checks the annotated ones.
require_type_annotated_api_methods = True

# --- installation ---------------------------------------------------------------------------------------------------
fixtures = [
	{
		"dt": "Custom Field",
		"filters": [["module", "in", ["ZATCA", "AI Errors", "Archive", "Invoice to Cash"]]],
	},
	{"dt": "Role", "filters": [["name", "like", "ZATCA %"]]},
	"ZATCA Exemption Reason",
]
after_install = "bayancore_erp.setup.install.after_install"
after_sync = "bayancore_erp.setup.install.after_sync"
after_migrate = "bayancore_erp.setup.install.after_migrate"
before_uninstall = "bayancore_erp.setup.install.before_uninstall"

# ERPNext's first-run wizard, for a company in Saudi Arabia.
setup_wizard_requires = "assets/bayancore_erp/js/first_run.js"
setup_wizard_stages = "bayancore_erp.setup.first_run.stages"

# --- the lawful record ----------------------------------------------------------------------------------------------
# Transaction Deletion Record would otherwise count these among a company's transactions.
company_data_to_be_ignored = [
	"ZATCA Settings",
	"ZATCA Device",
	"ZATCA Enrolment",
	"Archive Settings",
	"Archive Check",
	"Audit Pack",
	"Legal Hold",
]

override_whitelisted_methods = {
	"erpnext.accounts.doctype.repost_accounting_ledger.repost_accounting_ledger.start_repost": (
		"bayancore_erp.zatca.overrides.back_doors.start_repost"
	),
	# What Frappe writes past its documents, told in the trail.
	**{
		f"frappe.core.page.permission_manager.permission_manager.{call}": (
			f"bayancore_erp.archive.overrides.permissions.{call}"
		)
		for call in ("update", "remove", "reset")
	},
	**{
		f"frappe.core.doctype.user_permission.user_permission.{call}": (
			f"bayancore_erp.archive.overrides.permissions.{call}"
		)
		for call in ("clear_user_permissions", "add_user_permissions")
	},
}

# Their rows name the company in a Data field, which User Permissions do not follow.
_of_a_company = (
	"ZATCA Document",
	"ZATCA Attempt",
	"ZATCA Submission",
	"ZATCA Skip",
	"AI Error Resolution",
	"Archive Paper",
	"Archive Object",
	"Archive Task",
	"Invoice Mail",
	"Mail Exception",
	"Audit Event",
	"Audit Seal",
	"Document Retention",
	"Destroyed Document",
)
override_doctype_class = {
	"Document Naming Settings": "bayancore_erp.zatca.overrides.back_doors.NamingSettings",
}

permission_query_conditions = {
	doctype: "bayancore_erp.zatca.overrides.company_scope.query_conditions" for doctype in _of_a_company
}
has_permission = {
	doctype: "bayancore_erp.zatca.overrides.company_scope.has_permission" for doctype in _of_a_company
}

# Insert-only rows of the other rooms: closed to customizing like the lawful record itself.
lawful_doctypes = [
	"Archive Paper",
	"Archive Brand",
	"Archive Object",
	"Archive Task",
	"Invoice Mail",
	"Audit Event",
	"Audit Seal",
	"Legal Hold",
	"Destroyed Document",
]

# --- documents ------------------------------------------------------------------------------------------------------
# Sales Invoice and POS Invoice: bayancore_erp.zatca.overrides.sales_invoice, one function an event.
_invoice_events = {
	event: f"bayancore_erp.zatca.overrides.sales_invoice.{event}"
	for event in (
		"before_insert",
		"before_validate",
		"validate",
		"on_submit",
		"before_update_after_submit",
		"on_update_after_submit",
		"before_cancel",
		"on_cancel",
		"on_trash",
		"before_rename",
	)
}
_invoice_events["before_print"] = "bayancore_erp.zatca.overrides.printing.before_print"
# Readiness, and what is carried from one document to the next: invoice_to_cash.overrides.documents.
_road = "bayancore_erp.invoice_to_cash.overrides.documents"
doc_events = {
	"Sales Invoice": {
		**_invoice_events,
		"validate": [_invoice_events["validate"], f"{_road}.validate"],
		"onload": f"{_road}.onload",
		"after_mapping": f"{_road}.after_mapping",
	},
	"POS Invoice": {
		**_invoice_events,
		"validate": [_invoice_events["validate"], f"{_road}.validate"],
		"onload": f"{_road}.onload",
	},
	"Payment Entry": {
		event: f"bayancore_erp.zatca.overrides.payment_entry.{event}"
		for event in ("validate", "before_update_after_submit", "on_submit", "before_cancel", "on_cancel")
	},
	**{
		doctype: {event: f"{_road}.{event}" for event in ("validate", "onload", "after_mapping")}
		for doctype in ("Quotation", "Sales Order", "Delivery Note")
	},
	"Customer": {"on_update": f"{_road}.customer_saved", "onload": f"{_road}.onload"},
	"Address": {"on_update": f"{_road}.address_saved"},
	**{
		doctype: {"on_update": f"{_road}.master_saved"}
		for doctype in (
			"ZATCA Settings",
			"Branch",
			"Item",
			"Item Tax Template",
			"Sales Taxes and Charges Template",
			"UOM",
		)
	},
	"*": {
		# No caller names a row of ours.
		**{
			event: f"bayancore_erp.zatca.overrides.row_names.{event}"
			for event in ("before_insert", "validate")
		},
		"before_import": "bayancore_erp.setup.fixture_import.before_import",
		# A row of an invoice is the invoice.
		**{
			event: "bayancore_erp.zatca.overrides.child_rows.refuse"
			for event in ("before_validate", "before_update_after_submit", "before_cancel", "on_trash")
		},
		# The audit trail looks at everything and lets all but a few DocTypes pass.
		**{
			event: f"bayancore_erp.archive.adapter.trail_hooks.{event}"
			for event in (
				"after_insert",
				"on_update",
				"on_update_after_submit",
				"on_cancel",
				"after_delete",
				"after_rename",
				"before_print",
			)
		},
	},
	**{
		doctype: {
			"before_insert": "bayancore_erp.zatca.overrides.lawful_record.refuse_customization",
			"validate": "bayancore_erp.zatca.overrides.lawful_record.refuse_customization",
		}
		for doctype in ("Property Setter", "Custom DocPerm", "Workflow")
	},
	"Communication": {"after_insert": "bayancore_erp.archive.adapter.delivery_status.on_communication"},
	"Transaction Deletion Record": {
		"before_insert": "bayancore_erp.zatca.overrides.lawful_record.refuse_deletion_of_transactions",
		"before_submit": "bayancore_erp.zatca.overrides.lawful_record.refuse_deletion_of_transactions",
	},
	"Custom Field": {
		"before_insert": "bayancore_erp.zatca.overrides.lawful_record.refuse_customization",
		"validate": "bayancore_erp.zatca.overrides.lawful_record.refuse_customization",
		"on_trash": "bayancore_erp.zatca.overrides.lawful_record.refuse_loss_of_field",
	},
	"Repost Accounting Ledger": {
		"before_submit": "bayancore_erp.zatca.overrides.back_doors.before_repost",
		"on_submit": "bayancore_erp.zatca.overrides.back_doors.after_repost",
	},
	"Log Settings": {"validate": "bayancore_erp.zatca.overrides.back_doors.keep_sign_ins"},
	"Email Queue": {"before_insert": "bayancore_erp.zatca.overrides.printing.refuse_mail"},
	"Company": {
		"validate": "bayancore_erp.setup.company.on_company_validate",
		"on_update": ["bayancore_erp.setup.company.on_company_update", f"{_road}.master_saved"],
		"on_trash": "bayancore_erp.zatca.overrides.lawful_record.refuse_end_of_company",
		"before_rename": "bayancore_erp.zatca.overrides.lawful_record.refuse_end_of_company",
	},
}

# --- desk -----------------------------------------------------------------------------------------------------------
app_include_js = ["/assets/bayancore_erp/js/zatca_navigate.js", "/assets/bayancore_erp/js/zatca_reports.js"]
app_include_css = ["/assets/bayancore_erp/css/zatca_desk.css", "/assets/bayancore_erp/css/zatca_verdict.css"]
_readiness = "invoice_to_cash/client_scripts/readiness.js"
_invoice_scripts = [
	"zatca/client_scripts/sales_invoice.js",
	"zatca/client_scripts/notes.js",
	"zatca/client_scripts/outage.js",
	"ai_errors/client_scripts/rejection.js",
	_readiness,
	"archive/client_scripts/papers.js",
]
doctype_js = {
	"Sales Invoice": [*_invoice_scripts, "zatca/client_scripts/advances.js"],
	"POS Invoice": _invoice_scripts,
	"Payment Entry": "zatca/client_scripts/payment_entry.js",
	"ZATCA Device": "zatca/client_scripts/device_home.js",
	"ZATCA Settings": [
		"zatca/client_scripts/outage_settings.js",
		"zatca/client_scripts/data_migration.js",
		"zatca/client_scripts/payment_means.js",
	],
	"Mode of Payment": "zatca/client_scripts/payment_means.js",
	**{
		f"ZATCA {row}": "zatca/client_scripts/record.js"
		for row in ("Document", "Submission", "Attempt", "Skip")
	},
	**{doctype: _readiness for doctype in ("Customer", "Quotation", "Sales Order", "Delivery Note")},
}
doctype_list_js = {
	doctype: "invoice_to_cash/client_scripts/readiness_list.js"
	for doctype in ("Customer", "Quotation", "Sales Order", "Delivery Note", "Sales Invoice", "POS Invoice")
}

# For print formats of anybody's: what the lawful XML says, and its QR.
jinja = {
	"methods": [
		"bayancore_erp.archive.adapter.printing.zatca_sheet",
		"bayancore_erp.archive.adapter.printing.zatca_qr",
		"bayancore_erp.zatca.overrides.printing.zatca_paper_mark",
	]
}

# Documents destroyed after their term keep their place in the chain here.
zatca_destroyed_places = ["bayancore_erp.archive.adapter.retention.destroyed_places"]

# A training company goes: what the trail says of each kind of row before it is removed, and of the company's end.
zatca_rows_removed = ["bayancore_erp.archive.adapter.trail_evidence.record_removal"]
zatca_training_removed = ["bayancore_erp.archive.adapter.listeners.on_training_removed"]

# --- what may leave: print, PDF, mail, portal ---------------------------------------------------------------------------
pdf_body_html = "bayancore_erp.zatca.overrides.printing.pdf_body_html"
# Only beside ERPNext's own rule of whose it is: a hook alone would let everybody in. The portal knows no POS Invoice.
has_website_permission = {
	"Sales Invoice": "bayancore_erp.zatca.overrides.printing.has_website_permission",
}

# What happened to an invoice, for whoever lives on it: event -> listeners (zatca/adapter/events.py says which events and when).
_archive = ["bayancore_erp.archive.adapter.listeners.on_event"]
# What leaves no insert-only row of its own; rows tell the trail of themselves, as documents.
_trail = ["bayancore_erp.archive.adapter.trail_hooks.on_event"]
_help = "bayancore_erp.ai_errors.adapter.listeners"
zatca_events: dict[str, list[str]] = {
	**{event: [*_trail, *_archive] for event in ("posted", "issued", "released")},
	**{event: [*_trail] for event in ("undelivered", "downloaded", "unlocked")},
	"refused": [*_trail, f"{_help}.on_rejection"],
	"withheld": [f"{_help}.on_withheld"],
	"rejected": [*_trail, *_archive, f"{_help}.on_rejection"],
	"accepted": [*_trail, *_archive, f"{_help}.on_acceptance"],
}
after_request = ["bayancore_erp.archive.adapter.trail_hooks.after_request"]

# The highest ICV of a device that the archive itself knows: what a cloned or restored site cannot know.
zatca_chain_heads = ["bayancore_erp.archive.adapter.heads.highest_icv"]

# --- the doctor -----------------------------------------------------------------------------------------------------
# Checks in the order they are shown; zatca/adapter/doctor.py says what a check is.
zatca_doctor = [
	f"bayancore_erp.zatca.adapter.{check}"
	for check in (
		"doctor.environments",
		"doctor.signers",
		"doctor.devices",
		"doctor_records.homes",
		"doctor.chains",
		"doctor_records.books",
		"doctor_records.outages",
		"doctor.gateways",
		"doctor.waiting",
		"doctor.scheduler",
		"doctor.workers",
		"doctor.database",
		"doctor.encryption",
		"doctor.settings",
	)
]
zatca_doctor += ["bayancore_erp.invoice_to_cash.adapter.unsent.examine"]
zatca_doctor += [
	f"bayancore_erp.archive.adapter.doctor.{check}" for check in ("places", "waiting", "pages", "mail")
]
zatca_doctor += [f"bayancore_erp.archive.adapter.trail_doctor.{check}" for check in ("trail", "anchors")]

# --- workers --------------------------------------------------------------------------------------------------------
# Frappe names a scheduled job after the last two parts of its path, and of two of one name keeps the later.
scheduler_events = {
	"cron": {
		"*/5 * * * *": ["bayancore_erp.zatca.jobs.watch_chain_heads"],
		"* * * * *": [
			"bayancore_erp.zatca.jobs.watch_submissions",
			"bayancore_erp.zatca.jobs.resume_enrolments",
			"bayancore_erp.zatca.jobs.watch_outages",
			"bayancore_erp.archive.jobs.watchdog",
			"bayancore_erp.archive.audit_jobs.seal",
		],
	},
	"hourly": ["bayancore_erp.ai_errors.jobs.watch_warnings"],
	"daily": ["bayancore_erp.zatca.jobs.tell_of_expiry", "bayancore_erp.zatca.jobs.tell_of_notified_dates"],
	"hourly_long": ["bayancore_erp.zatca.jobs.second_watch", "bayancore_erp.archive.audit_jobs.export"],
	"daily_long": [
		"bayancore_erp.archive.jobs.nightly",
		"bayancore_erp.archive.audit_jobs.nightly",
		"bayancore_erp.zatca.jobs.verify_books",
		"bayancore_erp.zatca.jobs.verify_chains",
		"bayancore_erp.invoice_to_cash.jobs.tell_of_unsent",
	],
}
