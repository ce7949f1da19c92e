"""Invoices as JSON: read, written, and the schema that is published for both.

One module per step: `parse` knows JSON, `shapes` knows the model, `reading` and `writing` go between, `publish` tells.
"""

from bayancore_erp.zatca.core.schema.publish import json_schema
from bayancore_erp.zatca.core.schema.reading import from_json
from bayancore_erp.zatca.core.schema.writing import to_json

__all__ = ["from_json", "json_schema", "to_json"]
