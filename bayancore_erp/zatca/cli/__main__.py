"""`python -m bayancore_erp.zatca.cli`."""

import sys

from bayancore_erp.zatca.cli import main

sys.exit(main())
