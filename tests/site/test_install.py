"""The app installs into an existing site, migrates and leaves again, with nothing of it left behind."""

from __future__ import annotations

from private_bench import PrivateBench

SITE = "pristine.local"
OURS = "select count(*) from `tabCustom Field` where module in ('ZATCA', 'AI Errors', 'Archive', 'Invoice to Cash')"
DOCTYPES = (
	"select count(*) from tabDocType where module in ('ZATCA', 'AI Errors', 'Archive', 'Invoice to Cash')"
)


def count(bench: PrivateBench, query: str) -> int:
	"""The number a query on the site gives."""
	answer = bench.command(SITE, "mariadb", "-N", "-e", query).stdout
	return int(answer.split()[-1])


def test_install_migrate_uninstall(bench: PrivateBench) -> None:
	bench.command(SITE, "install-app", "bayancore_erp")
	assert "bayancore_erp" in bench.command(SITE, "list-apps").stdout
	fields, doctypes = count(bench, OURS), count(bench, DOCTYPES)
	assert fields > 100 and doctypes >= 9
	bench.command(SITE, "migrate")
	assert (count(bench, OURS), count(bench, DOCTYPES)) == (fields, doctypes)
	bench.command(SITE, "uninstall-app", "bayancore_erp", "--yes", "--no-backup")
	assert "bayancore_erp" not in bench.command(SITE, "list-apps").stdout
	assert (count(bench, OURS), count(bench, DOCTYPES)) == (0, 0)
	bench.command(SITE, "install-app", "bayancore_erp")
	assert (count(bench, OURS), count(bench, DOCTYPES)) == (fields, doctypes)
