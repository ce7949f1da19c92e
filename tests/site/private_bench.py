#!/usr/bin/env python3
"""Run the site tests on private sites beside an existing bench, of which nothing is changed.

Takes the bench at ~/frappe-bench (or BENCH): its Python and its apps, read only. Gives a throw-away `sites/` folder with
an own MariaDB and two own Redis, this checkout as the app `bayancore_erp` by PYTHONPATH, two sites, and runs
`pytest tests/site` there. Everything it started is stopped by process id and the folder is removed.

	python tests/site/private_bench.py [--keep] [test files] [pytest arguments]

Without test files all of them run, on two private benches side by side.

Sites come from the bench's dumps (`dumps/saudi.sql.gz`, `dumps/pristine.sql.gz`) where it has them, else from `new-site`.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = Path(os.environ.get("BENCH", Path.home() / "frappe-bench"))
TESTS = ROOT / "tests" / "site"
BENCHES = 2
APPS = ("frappe", "erpnext", "bayancore_erp")


def free_port() -> int:
	"""A TCP port nobody listens on now."""
	with socket.socket() as probe:
		probe.bind(("127.0.0.1", 0))
		return int(probe.getsockname()[1])


class PrivateBench:
	"""Own services and sites; `command` runs a bench command on one of its sites."""

	def __init__(self, folder: Path) -> None:
		self.folder = folder
		self.sites = folder / "sites"
		self.python = BENCH / "env" / "bin" / "python"
		self.db_port, self.cache_port, self.queue_port = free_port(), free_port(), free_port()
		self.web_port = free_port()
		self.started: list[subprocess.Popen[bytes]] = []
		self.extra = folder / "packages"

	@classmethod
	def found(cls, folder: Path) -> PrivateBench:
		"""The one that runs in `folder`, for a process inside it."""
		bench = cls(folder)
		ports = json.loads((folder / "bench.json").read_text())
		bench.db_port, bench.cache_port, bench.queue_port, bench.web_port = (
			ports[key] for key in ("db", "cache", "queue", "web")
		)
		return bench

	def remember_ports(self) -> None:
		"""For `found`."""
		(self.folder / "bench.json").write_text(
			json.dumps(
				{"db": self.db_port, "cache": self.cache_port, "queue": self.queue_port, "web": self.web_port}
			)
		)

	# --- services -------------------------------------------------------------------------------------------------
	def start(self) -> None:
		"""Bring up MariaDB and Redis and lay out the sites folder."""
		self._start_mariadb()
		for name in ("cache", "queue"):
			self.spawn_redis(name)
		self._lay_out()
		self._add_missing_packages()

	def _spawn(self, command: list[str], name: str) -> subprocess.Popen[bytes]:
		log = (self.folder / f"{name}.log").open("ab")
		process = subprocess.Popen(
			command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
		)
		self.started.append(process)
		return process

	def _start_mariadb(self) -> None:
		run(
			[
				"mariadb-install-db",
				"--no-defaults",
				f"--datadir={self.folder / 'mysql'}",
				"--user=root",
				"--auth-root-authentication-method=normal",
			]
		)
		self.spawn_mariadb()
		fresh = [part for part in self.mariadb if part != "-proot"]  # a new data folder has no password yet
		for _ in range(240):
			if subprocess.run([*fresh, "-e", "select 1"], capture_output=True, check=False).returncode == 0:
				break
			time.sleep(0.25)
		else:
			raise SystemExit(f"MariaDB did not start:\n{tail(self.folder / 'mariadb.log')}")
		run(
			[
				*fresh,
				"-e",
				"CREATE USER IF NOT EXISTS 'root'@'127.0.0.1' IDENTIFIED BY 'root'; GRANT ALL ON *.* TO 'root'@'127.0.0.1' WITH GRANT OPTION; ALTER USER 'root'@'localhost' IDENTIFIED BY 'root'; FLUSH PRIVILEGES;",
			]
		)

	def spawn_mariadb(self) -> subprocess.Popen[bytes]:
		"""The database server on this bench's data, also after it was killed."""
		return self._spawn(
			[
				"mariadbd", "--no-defaults", "--user=root", f"--datadir={self.folder / 'mysql'}", f"--port={self.db_port}",
				"--bind-address=127.0.0.1", f"--socket={self.socket}", "--character-set-server=utf8mb4",
				"--collation-server=utf8mb4_unicode_ci", "--innodb-flush-log-at-trx-commit=2",
				"--innodb-buffer-pool-size=512M", "--max-allowed-packet=256M", "--skip-name-resolve", "--skip-log-bin",
			],
			"mariadb",
		)  # fmt: skip

	def spawn_redis(self, name: str) -> subprocess.Popen[bytes]:
		"""The `cache` or the `queue`, empty."""
		port = {"cache": self.cache_port, "queue": self.queue_port}[name]
		return self._spawn(
			[
				"redis-server",
				"--port",
				str(port),
				"--bind",
				"127.0.0.1",
				"--save",
				"",
				"--dir",
				str(self.folder),
			],
			name,
		)

	@property
	def socket(self) -> str:
		"""MariaDB's socket; short, as the system limits its length."""
		return str(self.folder / "db.sock")

	@property
	def mariadb(self) -> list[str]:
		"""The client's command line as root of the private server."""
		return [
			"mariadb",
			"--no-defaults",
			"-uroot",
			"-proot",
			f"--socket={self.socket}",
			"--default-character-set=utf8mb4",
		]

	def sql(self, statement: str, database: str = "") -> None:
		"""Run SQL as root of the private server."""
		run([*self.mariadb, *([database] if database else []), "-e", statement])

	def stop(self) -> None:
		"""End what was started, by its process id."""
		for process in reversed(self.started):
			if process.poll() is None:
				process.terminate()
		for process in self.started:
			try:
				process.wait(timeout=30)
			except subprocess.TimeoutExpired:
				process.kill()

	# --- layout ---------------------------------------------------------------------------------------------------
	def _lay_out(self) -> None:
		self.sites.mkdir()
		(self.folder / "logs").mkdir()
		(self.sites / "apps.txt").write_text("\n".join(APPS) + "\n")
		config = {
			"db_host": "127.0.0.1", "db_port": self.db_port, "root_login": "root", "root_password": "root",
			"redis_cache": f"redis://127.0.0.1:{self.cache_port}", "redis_queue": f"redis://127.0.0.1:{self.queue_port}",
			"redis_socketio": f"redis://127.0.0.1:{self.cache_port}", "allow_tests": 1, "mute_emails": 1,
			"socketio_port": free_port(), "webserver_port": self.web_port, "developer_mode": 0,
		}  # fmt: skip
		(self.sites / "common_site_config.json").write_text(json.dumps(config, indent=1))
		assets = self.sites / "assets"
		assets.mkdir()
		for entry in sorted((BENCH / "sites" / "assets").iterdir()):
			if (
				entry.suffix == ".json"
			):  # the manifest of bundles; ours is added beside it, so it must be a copy
				shutil.copy(entry, assets / entry.name)
			elif entry.name != "bayancore_erp":
				(assets / entry.name).symlink_to(entry.resolve())
		public = ROOT / "bayancore_erp" / "public"
		if public.is_dir():
			(assets / "bayancore_erp").symlink_to(public)

	def _add_missing_packages(self) -> None:
		"""What the app needs and the bench lacks goes to an own folder, with the bench's own versions as constraints."""
		freeze = run([str(self.python), "-m", "pip", "freeze", "--exclude-editable"]).stdout
		constraints = self.folder / "constraints.txt"
		constraints.write_text("".join(f"{line}\n" for line in freeze.splitlines() if "==" in line))
		have = {line.split("==")[0].lower().replace("_", "-") for line in freeze.splitlines()}
		wanted = [need for need in app_requirements() if need_name(need) not in have]
		if wanted:
			print("  packages the bench lacks:", ", ".join(wanted), flush=True)
			run(
				[
					str(self.python),
					"-m",
					"pip",
					"install",
					"-q",
					"--disable-pip-version-check",
					"--target",
					str(self.extra),
					"-c",
					str(constraints),
					*wanted,
				]
			)

	@property
	def env(self) -> Mapping[str, str]:
		"""The environment in which Python sees this checkout before the bench's own copy of it."""
		path = os.pathsep.join([str(ROOT), str(self.extra)])
		clean = {k: v for k, v in os.environ.items() if k not in ("CI", "VIRTUAL_ENV", "PYTHONHOME")}
		return {**clean, "PYTHONPATH": path, "PRIVATE_BENCH": str(self.folder), "TZ": "Asia/Riyadh"}

	def command(self, site: str, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
		"""`bench --site SITE ARGUMENTS` on the private sites."""
		return run(
			[str(self.python), "-m", "frappe.utils.bench_helper", "frappe", "--site", site, *arguments],
			cwd=self.sites, env=self.env, check=check,
		)  # fmt: skip

	@contextmanager
	def running(self, *command: str, log: str = "processes") -> Iterator[subprocess.Popen[bytes]]:
		"""The bench's Python with these arguments, for as long as it is needed; ended by its process id."""
		with (self.folder / f"{log}.log").open("ab") as out:
			process = subprocess.Popen(
				[str(self.python), *command],
				cwd=self.sites, env=dict(self.env), stdout=out, stderr=out, stdin=subprocess.DEVNULL,
			)  # fmt: skip
			try:
				yield process
			finally:
				process.terminate()
				try:
					process.wait(timeout=60)
				except subprocess.TimeoutExpired:
					process.kill()

	# --- sites ----------------------------------------------------------------------------------------------------
	def add_site(self, site: str, dump: str, *, empty: bool = False) -> None:
		"""A site from the bench's dump of that name, else a new one with ERPNext. `empty`: its database is restored later."""
		source = BENCH / "dumps" / f"{dump}.sql.gz"
		if source.is_file():
			config = json.loads((BENCH / "dumps" / f"{dump}.site_config.json").read_text())
			config.update(db_name=site.replace(".", "_"), db_password="site", db_user=site.replace(".", "_"))
			for name in ("public/files", "private/files", "private/backups", "locks", "logs"):
				(self.sites / site / name).mkdir(parents=True)
			for key in ("db_host", "db_port", "db_socket", "host_name"):
				config.pop(key, None)
			(self.sites / site / "site_config.json").write_text(json.dumps(config, indent=1))
			if not empty:
				self.restore(site, source)
		else:
			self.command(
				"all",
				"new-site",
				site,
				"--db-root-password",
				"root",
				"--db-root-username",
				"root",
				"--admin-password",
				"admin",
				"--no-mariadb-socket",
			)
			self.command(site, "install-app", "erpnext")

	def share_key(self, site: str, other: str) -> None:
		"""`other` reads what `site` encrypted: it is restored from a dump of it."""
		config = self.sites / other / "site_config.json"
		key = json.loads((self.sites / site / "site_config.json").read_text())["encryption_key"]
		config.write_text(json.dumps({**json.loads(config.read_text()), "encryption_key": key}, indent=1))

	def database(self, site: str) -> str:
		"""The database a site uses."""
		return str(json.loads((self.sites / site / "site_config.json").read_text())["db_name"])

	def restore(self, site: str, source: Path) -> None:
		"""Put a site's database back to what a dump holds."""
		config = json.loads((self.sites / site / "site_config.json").read_text())
		name, user, password = (
			config["db_name"],
			config.get("db_user", config["db_name"]),
			config["db_password"],
		)
		self.sql(
			f"DROP DATABASE IF EXISTS `{name}`; CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;"
			f"CREATE USER IF NOT EXISTS '{user}'@'127.0.0.1' IDENTIFIED BY '{password}';"
			f"GRANT ALL ON `{name}`.* TO '{user}'@'127.0.0.1'; FLUSH PRIVILEGES;"
		)
		opener = gzip.open if source.suffix == ".gz" else open
		client = subprocess.Popen([*self.mariadb, name], stdin=subprocess.PIPE)
		assert client.stdin
		with opener(source, "rb") as dump:
			client.stdin.write(b"SET SESSION foreign_key_checks=0, unique_checks=0, autocommit=0;\n")
			shutil.copyfileobj(dump, client.stdin)
			client.stdin.write(b"COMMIT;\n")
		client.stdin.close()
		if client.wait():
			raise SystemExit(f"could not restore {site} from {source}")
		for port in (self.cache_port, self.queue_port):  # no job is left for records that are there no more
			subprocess.run(["redis-cli", "-p", str(port), "flushall"], capture_output=True, check=False)

	def dump(self, site: str, target: Path) -> None:
		"""Write a site's database to a file, to come back to."""
		with target.open("wb") as out:
			subprocess.run(
				[
					"mariadb-dump",
					"--no-defaults",
					"-uroot",
					"-proot",
					f"--socket={self.socket}",
					"--single-transaction",
					self.database(site),
				],
				stdout=out,
				check=True,
			)


def run(
	command: list[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
	"""Run to the end; on failure show what the command said."""
	answer = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
	if check and answer.returncode:
		raise SystemExit(f"failed: {' '.join(command[:8])}\n{answer.stdout[-3000:]}\n{answer.stderr[-3000:]}")
	return answer


def tail(file: Path) -> str:
	"""The end of a log."""
	return file.read_text(errors="replace")[-2000:] if file.exists() else ""


def app_requirements() -> list[str]:
	"""The app's own dependencies as pyproject.toml states them, and what the site tests read papers and mail with."""
	text = (ROOT / "pyproject.toml").read_text()
	block = text.split("\ndependencies = [", 1)[1].split("\n]", 1)[0]
	return [line.strip().strip('",') for line in block.splitlines() if line.strip().startswith('"')] + [
		"pytest~=8.3",
		"pypdfium2>=4.30,<6",
		"zxing-cpp>=2.2,<4",
		"aiosmtpd~=1.4",
	]


def need_name(requirement: str) -> str:
	"""The distribution a requirement names."""
	for index, letter in enumerate(requirement):
		if letter in "<>=~![; ":
			return requirement[:index].lower().replace("_", "-")
	return requirement.lower()


def main() -> int:
	"""Everything on two benches at once, one a core; what the arguments name on one. Exit status is pytest's."""
	arguments = sys.argv[1:]
	if not (BENCH / "env" / "bin" / "python").is_file():
		print(f"no bench at {BENCH}: set BENCH to where one stands", file=sys.stderr)
		return 2
	if any(".py" in argument for argument in arguments):
		return run_here(arguments)
	return run_side_by_side(arguments)


def run_side_by_side(arguments: list[str]) -> int:
	"""Deal the test files to `BENCHES` runs of this script, the longest first; show each run's output when all have ended."""
	hands: list[list[Path]] = [[] for _ in range(BENCHES)]
	for file in sorted(TESTS.glob("test_*.py"), key=lambda file: -file.stat().st_size):
		min(hands, key=lambda hand: sum(each.stat().st_size for each in hand)).append(file)
	runs = []
	for hand in hands:
		out = tempfile.TemporaryFile("w+")
		command = [sys.executable, __file__, *map(str, hand), *arguments]
		runs.append((subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT), out))
	codes = [process.wait() for process, _out in runs]
	for _process, out in runs:
		out.seek(0)
		print(out.read(), flush=True)
		out.close()
	return max(codes, key=abs)


def run_here(arguments: list[str]) -> int:
	"""Build one private bench, run pytest on it with these arguments, tear it down."""
	keep = "--keep" in arguments
	arguments = [argument for argument in arguments if argument != "--keep"]
	folder = Path(tempfile.mkdtemp(prefix="bayancore-"))
	bench = PrivateBench(folder)
	try:
		began = time.monotonic()
		bench.start()
		bench.add_site("saudi.local", "saudi")
		bench.add_site("pristine.local", "pristine")
		print(f"  private bench ready in {time.monotonic() - began:.0f} s", flush=True)
		bench.remember_ports()
		return subprocess.run(
			[str(bench.python), "-m", "pytest", "-p", "no:cacheprovider", "-c", str(TESTS / "pytest.ini"), *map(absolute, arguments)],
			cwd=bench.sites, env=bench.env, check=False,
		).returncode  # fmt: skip
	finally:
		bench.stop()
		if keep:
			print(f"  kept: {folder}")
		else:
			shutil.rmtree(folder, ignore_errors=True)


def absolute(argument: str) -> str:
	"""A test's path as pytest finds it from another folder; any other argument as it is."""
	file = Path(argument.split("::")[0])
	return (
		argument.replace(str(file), str(file.resolve()), 1)
		if file.suffix == ".py" and file.exists()
		else argument
	)


if __name__ == "__main__":
	sys.exit(main())
