"""A local Fatoora that answers over HTTP as the real one does, faults included.

`Simulator(state_dir)` is the server, `serve` what the command line runs, `Fault` a bad day. It has its own certificate
authority and its own clock, keeps everything in one folder, and never calls anybody.
"""

from __future__ import annotations

from bayancore_erp.zatca.simulator.faults import ALWAYS, Fault
from bayancore_erp.zatca.simulator.server import Simulator, serve

__all__ = ["ALWAYS", "Fault", "Simulator", "serve"]
