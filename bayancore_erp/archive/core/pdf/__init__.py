"""The printed invoice: PDF/A-3b made from its XML, with that XML inside; and any other PDF made so.

render(xml)               the invoice as a page, drawn from the XML itself
attach(pdf, xml, …)       a page that another program drew, made PDF/A-3b around the XML
check(pdf)                what keeps a PDF from being PDF/A-3b with an invoice inside
extract_xml(pdf)          the XML back, byte for byte
file_name(…)              the name ZATCA gives its file
"""

from bayancore_erp.archive.core.pdf.brand import Brand
from bayancore_erp.archive.core.pdf.conversion import attach
from bayancore_erp.archive.core.pdf.naming import file_name
from bayancore_erp.archive.core.pdf.printing import Layout, render
from bayancore_erp.archive.core.pdf.structure import Problem, check, extract_xml

__all__ = ["Brand", "Layout", "Problem", "attach", "check", "extract_xml", "file_name", "render"]
