"""What happens when documents of Frappe and ERPNext are saved, submitted or removed."""
