"""From the invoice and its amounts to UBL 2.1, as ZATCA orders it.

One module per aggregate: `references`, `party`, `delivery`, `tax`, `totals`, `lines`; `document` joins them,
`elements` knows XML.
"""

from bayancore_erp.zatca.core.ubl.document import build_xml

__all__ = ["build_xml"]
