"""Where Frappe's documents and the core's values meet."""
