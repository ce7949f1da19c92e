"""Between Frappe's documents and the road from an order to its cleared invoice: readiness, its fixes, what is carried along."""
