"""The printed invoice: PDF/A-3b made from its XML, with that XML inside; and any other PDF made so.

	render(xml)            the invoice as a page, drawn from the XML itself
	file_name(…)           the name ZATCA gives its file
"""

from bayancore_erp.archive.core.pdf.brand import Brand
from bayancore_erp.archive.core.pdf.naming import file_name
from bayancore_erp.archive.core.pdf.render import render

__all__ = ["Brand", "file_name", "render"]
