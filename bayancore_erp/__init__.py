"""bayancore_erp: lawful Saudi e-invoices (ZATCA Fatoora, Phase 2) from ERPNext."""

__version__ = "0.1.0"
