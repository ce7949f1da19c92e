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
