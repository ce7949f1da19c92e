"""Frappe documents <-> the archive's core: papers, keeping, the queue, mail. `zatca` is told nothing of it."""
