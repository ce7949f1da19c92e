"""The app installs into an existing site, migrates and leaves again."""

from __future__ import annotations

from private_bench import PrivateBench


def test_install_migrate_uninstall(bench: PrivateBench) -> None:
	site = "pristine.local"
	bench.command(site, "install-app", "bayancore_erp")
	assert "bayancore_erp" in bench.command(site, "list-apps").stdout
	bench.command(site, "migrate")
	bench.command(site, "uninstall-app", "bayancore_erp", "--yes", "--no-backup")
	assert "bayancore_erp" not in bench.command(site, "list-apps").stdout
