// Set-up of e-invoicing in four steps: company details, devices, connection with ZATCA, start.
// Everything shown is asked of the server; closing the page stops nothing, and opening it again shows where it stands.

frappe.pages["zatca-setup"].on_page_load = (wrapper) => {
	const page = frappe.ui.make_app_page({ parent: wrapper, title: __("ZATCA Setup"), single_column: true });
	wrapper.setup = new ZatcaSetup(page);
};

frappe.pages["zatca-setup"].on_page_show = (wrapper) => wrapper.setup.show();

const SERVER = "bayancore_erp.zatca.page.zatca_setup.zatca_setup.";
const esc = (text) => frappe.utils.escape_html(String(text ?? ""));

class ZatcaSetup {
	constructor(page) {
		this.page = page;
		this.turn_to(null);
		this.otps = {};
		this.$body = $('<div class="zatca-setup"></div>').appendTo(page.main);
		page.set_secondary_action(__("Refresh"), () => this.load());
		page.add_menu_item(__("Devices"), () => frappe.set_route("List", "ZATCA Device"));
		page.add_menu_item(__("Settings"), () => frappe.set_route("List", "ZATCA Settings"));
		page.add_menu_item(__("Stop the Simulator"), () => this.stop_simulator());
		page.add_menu_item(__("Start Training"), () => this.start_training());
		page.add_menu_item(__("Remove Training Company"), () => this.remove_training());
		frappe.realtime.on("zatca_enrolment", () => this.poll());
	}

	call(method, args, freeze) {
		return frappe.xcall(SERVER + method, args, "POST", freeze ? { freeze: true } : undefined);
	}

	async show() {
		const [, company] = frappe.get_route();
		if (company) this.turn_to(company);
		await this.load();
	}

	// where one stood and what one chose is of the company before
	turn_to(company) {
		this.company = company;
		this.step = null;
		this.environment = null;
	}

	async load() {
		this.data = await this.call("overview", { company: this.company || null });
		this.company = this.data.company;
		if (!this.company) return this.render_no_company();
		this.step = this.step || this.first_open_step();
		this.render();
	}

	// --- where one is -----------------------------------------------------------------------------------------
	get gaps() {
		return this.data.checks.filter((item) => item.required && !item.ok);
	}

	get active() {
		return this.data.devices.filter((device) => device.status === "Active");
	}

	get open() {
		return this.data.enrolments;
	}

	first_open_step() {
		const asked = new URLSearchParams(window.location.search).get("step");
		if (["company", "devices", "connect", "start"].includes(asked)) return asked;
		if (this.gaps.length || this.data.accounts_missing) return "company";
		if (this.open.length) return "connect";
		return this.active.length ? "start" : "devices";
	}

	go(step) {
		this.step = step;
		this.render();
		this.$body.find("h4").first().attr("tabindex", -1).trigger("focus");
		window.scrollTo({ top: 0 });
	}

	render() {
		clearTimeout(this.timer);
		this.$body.empty();
		this.render_steps();
		this.$panel = $('<div class="zs-panel"></div>').appendTo(this.$body);
		if (this.data.late) this.$panel.append(`<div class="zs-problem" role="alert">${esc(this.data.late)}</div>`);
		this[`render_${this.step}`]();
	}

	render_steps() {
		const steps = [
			["company", __("Company Details"), !this.gaps.length && !this.data.accounts_missing],
			["devices", __("Devices"), this.data.devices.length > 0],
			["connect", __("Connect"), this.active.length > 0 && !this.open.length],
			["start", __("Start"), !!this.data.settings.enabled && this.active.length > 0],
		];
		const $steps = $(`<ol class="zs-steps" aria-label="${esc(__("Steps"))}"></ol>`).appendTo(this.$body);
		const reachable = { company: true, devices: !this.gaps.length, connect: this.data.devices.length > 0, start: this.active.length > 0 };
		steps.forEach(([key, title, done], place) => {
			const current = key === this.step;
			$(`<li><button class="zs-step ${current ? "zs-current" : ""} ${done ? "zs-done" : ""}" data-step="${key}"
					${current ? 'aria-current="step"' : ""} ${reachable[key] ? "" : "disabled"}>
				<span class="zs-no">${done ? "✓" : place + 1}</span><span class="zs-title">${esc(title)}</span></button></li>`)
				.appendTo($steps)
				.find("button")
				.on("click", () => this.go(key));
		});
	}

	render_no_company() {
		this.$body.html(`<div class="zs-panel"><h4>${esc(__("No company in Saudi Arabia yet"))}</h4>
			<p class="zs-lead">${esc(__("Make a company whose country is Saudi Arabia, then come back here."))}</p>
			<div class="zs-actions"><button class="btn btn-primary">${esc(__("New Company"))}</button></div></div>`);
		this.$body.find("button").on("click", () => frappe.new_doc("Company", { country: "Saudi Arabia" }));
	}

	head(title, lead) {
		this.$panel.append(`<h4>${esc(title)}</h4><p class="zs-lead">${esc(lead)}</p>`);
	}

	actions(...buttons) {
		const $row = $('<div class="zs-actions"></div>').appendTo(this.$panel);
		for (const [label, work, kind] of buttons) {
			if (label === "") {
				$row.append('<span class="zs-spacer"></span>');
				continue;
			}
			$(`<button class="btn btn-${kind || "default"} btn-sm">${esc(label)}</button>`)
				.appendTo($row)
				.on("click", async (event) => {
					const $button = $(event.currentTarget).prop("disabled", true);
					try {
						await work();
					} finally {
						$button.prop("disabled", false);
					}
				});
		}
		return $row;
	}

	// --- 1: company -------------------------------------------------------------------------------------------
	render_company() {
		this.head(
			__("Company Details"),
			__("These stand on every tax invoice and in the device's certificate. Take them from the VAT certificate and the National Address.")
		);
		if (this.data.companies.length > 1) this.company_choice();
		const $columns = $('<div class="zs-columns"><div class="zs-form"></div><aside class="zs-side"></aside></div>').appendTo(this.$panel);
		this.$side = $columns.find(".zs-side");
		this.form = new frappe.ui.FieldGroup({ fields: this.company_fields(), body: $columns.find(".zs-form") });
		this.form.make();
		this.form.set_values(this.data.values).then(() => this.show_checks(this.data.checks));
		const later = frappe.utils.debounce(() => this.check(), 350);
		$columns.find(".zs-form").on("input change", "input, select", later);
		this.actions([__("Save and Continue"), () => this.save_company(), "primary"]);
	}

	company_choice() {
		const $row = $('<div style="max-width: 360px"></div>').appendTo(this.$panel);
		const control = frappe.ui.form.make_control({
			parent: $row,
			df: { fieldtype: "Select", label: __("Company"), fieldname: "company", options: this.data.companies, change: () => {
				const chosen = control.get_value();
				if (!chosen || chosen === this.company) return;
				this.turn_to(chosen);
				this.load();
			} },
			render_input: true,
		});
		control.set_input(this.company);
	}

	company_fields() {
		const data = (fieldname, label, description) => ({ fieldtype: "Data", fieldname, label, description });
		return [
			data("name_ar", __("Company Name in Arabic"), __("As on the VAT certificate.")),
			data("vat_number", __("VAT Number"), __("15 digits, the first and the last a 3.")),
			{ ...data("group_tin", __("TIN of the Group's Member")), depends_on: "eval: /^3\\d{9}1\\d{3}3$/.test((doc.vat_number || '').replace(/\\s/g, ''))" },
			{ fieldtype: "Column Break" },
			{ fieldtype: "Select", fieldname: "registration_scheme", label: __("Registration"), options: [
				{ value: "700", label: __("Unified number (700)") },
				{ value: "CRN", label: __("Commercial registration (CRN)") },
				{ value: "MOM", label: __("Municipal licence (MOM)") },
				{ value: "MLS", label: __("Labour ministry licence (MLS)") },
				{ value: "SAG", label: __("Investment licence (SAG)") },
				{ value: "OTH", label: __("Other (OTH)") },
			] },
			data("registration_number", __("Registration Number")),
			data("business_category", __("Line of Business"), __("As in the commercial registration; Trading if left empty.")),
			{ fieldtype: "Date", fieldname: "notified_date", label: __("Notified Date"), description: __("The date in ZATCA's letter, from which integration is compulsory.") },
			{ fieldtype: "Section Break", label: __("National Address") },
			data("building_number", __("Building Number")),
			data("street", __("Street")),
			data("district", __("District")),
			{ fieldtype: "Column Break" },
			data("city", __("City")),
			data("postal_code", __("Postal Code")),
			data("additional_number", __("Additional Number")),
			data("short_address", __("Short Address")),
			{ fieldtype: "Section Break", label: __("Address in Arabic"), collapsible: 1 },
			data("street_ar", __("Street in Arabic")),
			data("district_ar", __("District in Arabic")),
			{ fieldtype: "Column Break" },
			data("city_ar", __("City in Arabic")),
		];
	}

	typed() {
		const values = {};
		for (const field of this.form.fields_list) {
			const name = field.df.fieldname;
			if (!name || !(name in this.data.values)) continue;
			// a date's input shows it in the reader's form
			values[name] = (field.$input && field.df.fieldtype !== "Date" ? field.$input.val() : field.get_value()) || "";
		}
		return values;
	}

	async check() {
		const asked = (this.check_no = (this.check_no || 0) + 1);
		const checks = await this.call("check", { company: this.company, values: this.typed() });
		if (asked === this.check_no && this.step === "company") this.show_checks(checks);
	}

	show_checks(checks) {
		this.data.checks = checks;
		for (const item of checks) {
			const field = this.form.fields_dict[item.field];
			if (!field) continue;
			const typed = (field.$input && field.$input.val()) || "";
			field.$wrapper.find(".zs-said").remove();
			// an empty field is named in the list; red is for what was typed and is not right
			field.$wrapper.toggleClass("zs-invalid", !item.ok && !!typed);
			if (!item.ok && typed) field.$wrapper.append(`<div class="zs-said" role="alert">${esc(item.sentence)}</div>`);
		}
		const rows = checks.map((item) => {
			const mark = item.ok ? '<span class="zs-mark zs-ok">✓</span>' : `<span class="zs-mark ${item.required ? "zs-bad" : "zs-wait"}">•</span>`;
			return `<li>${mark}<button data-field="${item.field}" title="${esc(item.sentence)}">${esc(item.label)}</button></li>`;
		});
		const missing = this.data.accounts_missing;
		rows.push(`<li>${missing ? '<span class="zs-mark zs-wait">•</span>' : '<span class="zs-mark zs-ok">✓</span>'}
			<span>${esc(__("VAT accounts and tax templates"))}${missing ? `<div class="zs-note">${esc(__("Made when you continue."))}</div>` : ""}</span></li>`);
		this.$side.html(`<h6>${esc(__("Readiness"))}</h6><ul class="zs-list">${rows.join("")}</ul>`);
		this.$side.find("button").on("click", (event) => this.point_to(event.currentTarget.dataset.field));
	}

	point_to(fieldname) {
		const field = this.form.fields_dict[fieldname];
		if (!field) return;
		field.$wrapper[0].scrollIntoView({ block: "center", behavior: "smooth" });
		field.$input && field.$input.trigger("focus");
	}

	async save_company() {
		this.check_no = (this.check_no || 0) + 1;
		const values = this.typed();
		const checks = await this.call("save", { company: this.company, values });
		this.data.values = values;
		this.show_checks(checks);
		if (this.gaps.length) {
			this.point_to(this.gaps[0].field);
			frappe.show_alert({ message: esc(this.gaps[0].sentence), indicator: "orange" }, 7);
			return;
		}
		if (this.data.accounts_missing) await this.call("prepare_accounts", { company: this.company });
		this.step = null;
		await this.load();
		if (this.step === "company") this.go("devices");
	}

	// --- 2: devices -------------------------------------------------------------------------------------------
	render_devices() {
		this.head(
			__("Devices"),
			__("A device signs invoices and numbers them in a chain of its own. One is enough for most; tills and branches may have their own.")
		);
		if (this.data.devices.length) this.device_table();
		const environments = [
			["Simulator", __("Simulator"), __("To learn: a Fatoora of your own on this server. Nothing reaches ZATCA and nothing has legal force.")],
			["Sandbox", __("Sandbox", null, "ZATCA Device"), __("ZATCA's playground for developers. Its password is 123345; nothing has legal force.")],
			["Simulation", __("Simulation"), __("ZATCA's rehearsal with your own VAT number, as strict as production. Passwords come from the simulation portal.")],
			["Production", __("Production", null, "ZATCA Device"), __("The real thing: what is sent is a tax invoice. Passwords come from the Fatoora portal.")],
		];
		const shown = this.data.simulator.allowed ? environments : environments.slice(1);
		this.environment = this.environment || (this.active.length ? "Production" : shown[0][0]);
		const $cards = $(`<div class="zs-cards" role="radiogroup" aria-label="${esc(__("Environment"))}"></div>`).appendTo(this.$panel);
		for (const [value, title, words] of shown) {
			$(`<label class="zs-card" data-environment="${value}"><input type="radio" name="zs-environment" value="${value}"><b>${esc(title)}</b><p>${esc(words)}</p></label>`)
				.appendTo($cards)
				.find("input")
				.prop("checked", value === this.environment)
				.on("change", () => {
					this.environment = value;
					mark();
				});
		}
		const mark = () => $cards.children().each((_place, card) => $(card).toggleClass("zs-chosen", card.dataset.environment === this.environment));
		mark();
		this.new_rows = new frappe.ui.FieldGroup({ fields: [this.rows_field()], body: $('<div class="zs-form zs-new"></div>').appendTo(this.$panel) });
		this.new_rows.make();
		const grid = this.new_rows.fields_dict.rows.grid;
		grid.refresh();
		this.actions(
			[__("Back"), () => this.go("company")],
			[""],
			...(this.data.devices.length ? [[__("Skip"), () => this.go(this.open.length ? "connect" : "start")]] : []),
			[__("Make the Devices and Continue"), () => this.add_devices(), "primary"]
		);
	}

	rows_field() {
		const own = (doctype, filters) => () => ({ filters });
		return {
			fieldtype: "Table",
			fieldname: "rows",
			label: __("New Devices"),
			cannot_add_rows: false,
			in_place_edit: true,
			data: [{ device_name: this.data.devices.length ? "" : this.data.values.city || __("Main"), signs_standard: 1, signs_simplified: 1 }],
			fields: [
				{ fieldtype: "Data", fieldname: "device_name", label: __("Device Name"), in_list_view: 1, reqd: 1, columns: 2 },
				{ fieldtype: "Link", fieldname: "branch", label: __("Branch"), options: "Branch", in_list_view: 1, columns: 2 },
				{ fieldtype: "Link", fieldname: "pos_profile", label: __("POS Profile", null, "ZATCA Device"), options: "POS Profile", in_list_view: 1, columns: 2, get_query: own("POS Profile", { company: this.company }) },
				{ fieldtype: "Link", fieldname: "cost_center", label: __("Cost Center"), options: "Cost Center", in_list_view: 1, columns: 2, get_query: own("Cost Center", { company: this.company, is_group: 0 }) },
				{ fieldtype: "Check", fieldname: "signs_standard", label: __("Standard", null, "ZATCA Device"), in_list_view: 1, columns: 1, default: 1 },
				{ fieldtype: "Check", fieldname: "signs_simplified", label: __("Simplified"), in_list_view: 1, columns: 1, default: 1 },
			],
		};
	}

	async add_devices() {
		const rows = (this.new_rows.fields_dict.rows.grid.get_data() || []).filter((row) => (row.device_name || "").trim());
		const made = await this.call("add_devices", { company: this.company, environment: this.environment, rows }, true);
		if (made && made.length) {
			this.step = "connect";
			await this.load();
		}
	}

	device_table() {
		const colour = (device) => (device.on_hold ? "orange" : device.status === "Active" ? "green" : "gray");
		const label = (device) => {
			if (device.on_hold) return __("On Hold", null, "ZATCA Device");
			return ["Active", "Retired"].includes(device.status) ? __(device.status) : __("Not Connected Yet");
		};
		const figure = (number) => format_number(number || 0, null, 0);
		const rows = this.data.devices.map((device) => {
			const days = device.days_left;
			const expiry = device.valid_until && device.status !== "Retired"
				? `<span class="zs-date ${days <= 30 ? "zs-bad" : ""}"><bdi>${esc(frappe.datetime.str_to_user(device.valid_until.split(" ")[0]))}</bdi><div class="zs-note">${esc(days < 0 ? __("expired") : __("{0} days", [days]))}</div></span>`
				: "";
			const actions = [];
			if (device.on_hold) {
				actions.push(`<button class="btn btn-xs btn-default" data-release="${esc(device.name)}">${esc(__("Try Again"))}</button>`);
				actions.push(`<button class="btn btn-xs btn-default" data-anew="${esc(device.name)}">${esc(__("Connect Anew"))}</button>`);
			}
			if (device.status === "Active" && days !== null && days <= 90) actions.push(`<button class="btn btn-xs btn-default" data-renew="${esc(device.name)}">${esc(__("Renew"))}</button>`);
			return `<tr><td><a href="${frappe.utils.get_form_link("ZATCA Device", device.name)}">${esc(device.device_name)}</a>
				<div class="zs-note">${esc([device.branch, device.pos_profile, device.cost_center].filter(Boolean).join(" · "))}</div></td>
				<td>${esc(__(device.environment, null, "ZATCA Device"))}</td>
				<td><span class="indicator-pill ${colour(device)}">${esc(label(device))}</span>${device.on_hold ? `<div class="zs-note zs-why">${esc(__(device.hold_reason))}</div>` : ""}</td>
				<td>${expiry}</td><td>${figure(device.icv)}</td><td>${figure(device.queue)}</td><td>${esc(device.last_verdict)}</td><td><div class="zs-do">${actions.join("")}</div></td></tr>`;
		});
		const titles = [__("Device"), __("Environment"), __("Status"), __("Valid Until"), __("Chain Head"), __("Waiting"), __("Last Verdict"), ""];
		const $table = $(`<div class="zs-scroll"><table class="zs-table"><thead><tr>${titles.map((title) => `<th>${esc(title)}</th>`).join("")}</tr></thead>
			<tbody>${rows.join("")}</tbody></table></div>`).appendTo(this.$panel);
		$table.find("[data-release]").on("click", (event) => this.release(event.currentTarget.dataset.release));
		$table.find("[data-renew]").on("click", (event) => this.renew(event.currentTarget.dataset.renew));
		$table.find("[data-anew]").on("click", (event) => this.connect_anew(event.currentTarget.dataset.anew));
	}

	async release(device) {
		const released = await frappe.xcall("bayancore_erp.zatca.api.release_device", { device });
		frappe.show_alert({ message: __("Invoices that go on: {0}.", [released]), indicator: "green" });
		this.load();
	}

	renew(device) {
		this.ask_otp(device, { renew: true }, __("Renew"), __("From the Fatoora portal, under renewal of this device. The present certificate stays in use until the new one is there."));
	}

	connect_anew(device) {
		this.ask_otp(device, { anew: true }, __("Connect Anew"), __("For a device whose certificate was revoked or has expired. Take the password from the Fatoora portal as for a new device; numbering goes on and what waits goes out. Revoke the device's old entry in the portal."));
	}

	ask_otp(device, how, title, description) {
		const row = this.data.devices.find((each) => each.name === device);
		const ask = async (otp) => {
			const refused = await this.call("connect", { names: [device], secret: { [device]: otp }, ...how });
			if (refused.length) return frappe.msgprint({ title, message: esc(refused[0].sentence), indicator: "red" });
			this.step = "connect";
			this.load();
		};
		// the simulator gives its password itself
		if (row.environment === "Simulator") return ask("");
		frappe.prompt({ fieldtype: "Data", fieldname: "otp", label: __("One-Time Password"), reqd: 1, description }, ({ otp }) => ask(otp), title, title);
	}

	// --- 3: connect -------------------------------------------------------------------------------------------
	render_connect() {
		this.head(
			__("Connect with ZATCA"),
			__("Each device gets its certificate from ZATCA, in about a minute. You may close this page meanwhile; it goes on in the background.")
		);
		const rows = this.open;
		if (!rows.length) {
			this.$panel.append(`<div class="zs-good">${esc(__("Every device is connected."))}</div>`);
			this.actions([__("Add Devices"), () => this.go("devices")], [""], [__("Continue"), () => this.go("start"), "primary"]);
			return;
		}
		if (rows.some((row) => row.environment !== "Simulator" && row.needs_otp)) this.explain_otp(rows);
		this.$devices = $("<div></div>").appendTo(this.$panel);
		this.$connect_actions = $("<div></div>").appendTo(this.$panel);
		this.render_enrolments();
		this.schedule();
	}

	explain_otp(rows) {
		const sandbox = rows.every((row) => row.environment === "Sandbox");
		const renewal = rows.every((row) => row.is_renewal && !row.is_refused);
		const open = rows.some((row) => row.environment === "Simulation")
			? [__("Open the Fatoora Simulation Portal, then Onboard new solution unit/device."), __("Open the Fatoora Simulation Portal, then the renewal of the device's certificate.")]
			: [__("Open Onboard new solution unit/device."), __("Open the renewal of the device's certificate.")];
		const steps = sandbox
			? [__("The sandbox takes the password 123345, any number of times.")]
			: [
					__("Sign in to fatoora.zatca.gov.sa with the taxpayer's ERAD account."),
					open[renewal ? 1 : 0],
					__("Ask for one password for each device and enter it here within one hour. Each works once."),
			  ];
		this.$panel.append(`<details open class="zs-where"><summary>${esc(__("Where the one-time password comes from"))}</summary>
			<ol class="zs-how">${steps.map((step) => `<li>${esc(step)}</li>`).join("")}</ol></details>`);
	}

	render_enrolments() {
		const single = this.open.length === 1;
		for (const row of this.open) {
			if (row.environment === "Sandbox") this.otps[row.device] = this.otps[row.device] || "123345";
			const $device = this.$devices.find(`[data-device="${row.device}"]`);
			const print = JSON.stringify(row) + this.otps_wanted(row);
			if ($device.data("print") === print) continue;
			const $fresh = this.enrolment(row, single).data("print", print);
			// what somebody is typing stays under the cursor
			const typing = $device.find(".zs-otp:focus").length;
			if ($device.length) $device.replaceWith($fresh);
			else this.$devices.append($fresh);
			if (typing) $fresh.find(".zs-otp").trigger("focus");
		}
		this.$panel.find(".zs-where").toggle(this.open.some((row) => this.otps_wanted(row) === "1"));
		this.connect_actions();
	}

	otps_wanted(row) {
		return row.needs_otp && row.environment !== "Simulator" && ["new", "stopped"].includes(row.phase) ? "1" : "0";
	}

	enrolment(row, single) {
		const pills = {
			new: ["gray", __("Not Connected Yet")],
			queued: ["blue", __("Waiting for a Worker")],
			running: ["blue", __("Connecting")],
			interrupted: ["orange", __("Interrupted")],
			stopped: ["red", __("Stopped")],
			done: ["green", __("Connected")],
		};
		const [colour, label] = pills[row.phase];
		const $device = $(`<section class="zs-device" data-device="${esc(row.device)}" data-phase="${row.phase}">
			<div class="zs-device-head"><span class="zs-name">${esc(row.device_name)} <span class="zs-note">${esc(__(row.environment, null, "ZATCA Device"))}${row.is_active ? " · " + esc(row.is_renewal ? __("Renewal") : __("New Connection")) : ""}</span></span>
			<span class="zs-field"></span><span class="indicator-pill ${colour}">${esc(label)}</span></div></section>`);
		if (this.otps_wanted(row) === "1") this.otp_input($device.find(".zs-field"), row);
		if (row.phase !== "new") $device.append(`<div class="zs-bar" role="progressbar" aria-valuenow="${row.percent}" aria-valuemin="0" aria-valuemax="100"><div style="width:${row.percent}%"></div></div>`);
		if (row.problem) $device.append(this.problem(row));
		const hints = {
			interrupted: __("It was interrupted. Nothing is lost: press Continue and it goes on where it stopped."),
			"no-worker": __("No background worker is running on this server, so nothing can go on. Ask your administrator to start the workers; it continues by itself then."),
			busy: __("The background workers are busy with other work. It goes on by itself as soon as one is free."),
		};
		const hint = hints[row.waits_for] || hints[row.phase];
		if (hint) $device.append(`<div class="zs-hint">${esc(hint)}</div>`);
		if (row.asked_twice) $device.append(`<div class="zs-hint">${esc(__("A request was interrupted and made again. If the Fatoora portal lists this device twice, revoke the older entry there."))}</div>`);
		if (row.phase !== "new") {
			const marks = { done: '<span class="zs-mark zs-ok">✓</span>', now: '<span class="zs-mark zs-wait">…</span>', failed: '<span class="zs-mark zs-bad">✕</span>', todo: '<span class="zs-mark zs-wait">○</span>' };
			const list = `<ul class="zs-list">${row.steps.map((step) => `<li class="${step.state === "todo" ? "zs-wait" : ""}">${marks[step.state]}<span>${esc(step.label)} <span class="zs-note">${esc(step.note)}</span></span></li>`).join("")}</ul>`;
			$device.append(single || row.phase === "stopped" ? list : `<details><summary>${esc(__("Steps"))}</summary>${list}</details>`);
		}
		return $device;
	}

	problem(row) {
		const said = row.problem.messages.map((each) => `<li><bdi>${esc(each.code)}</bdi>: ${esc(each.text)}</li>`).join("");
		const link = row.problem.about_details
			? `<div><a href="#" data-go="company">${esc(__("Correct the company's details"))}</a> · <a href="${frappe.utils.get_form_link("ZATCA Device", row.device)}">${esc(__("Open the device"))}</a></div>`
			: "";
		const $problem = $(`<div class="zs-problem" role="alert">${esc(row.problem.sentence)}${said ? `<ul>${said}</ul>` : ""}${link}</div>`);
		$problem.find("[data-go]").on("click", (event) => {
			event.preventDefault();
			this.go("company");
		});
		return $problem;
	}

	otp_input($place, row) {
		$(`<input class="form-control input-xs zs-otp" inputmode="numeric" autocomplete="one-time-code" maxlength="60" aria-label="${esc(__("One-time password of {0}", [row.device_name]))}" placeholder="${esc(__("Password", null, "ZATCA Device"))}">`)
			.appendTo($place)
			.val(this.otps[row.device] || "")
			.on("input", (event) => {
				this.otps[row.device] = event.currentTarget.value.trim();
				this.connect_actions();
			})
			.on("paste", (event) => this.spread(event, row.device));
	}

	spread(event, device) {
		// several passwords pasted at once go to this device and the ones after it
		const codes = ((event.originalEvent.clipboardData || window.clipboardData).getData("text").match(/\d{6}/g) || []);
		if (codes.length < 2) return;
		event.preventDefault();
		const wanting = this.open.filter((row) => this.otps_wanted(row) === "1").map((row) => row.device);
		wanting.slice(wanting.indexOf(device)).forEach((name, place) => {
			if (codes[place]) this.otps[name] = codes[place];
		});
		for (const name of wanting) this.$devices.find(`[data-device="${name}"] .zs-otp`).val(this.otps[name] || "");
		this.connect_actions();
	}

	connect_actions() {
		// one that waits too long may be asked for again: a job that got lost comes back so, a second one finds nothing to do
		const idle = this.open.filter((row) => ["new", "stopped", "interrupted"].includes(row.phase) || row.waits_for === "busy");
		const ready = idle.filter((row) => this.otps_wanted(row) === "0" || (this.otps[row.device] || "").length >= 6);
		const fresh = idle.every((row) => row.phase === "new");
		const print = JSON.stringify([idle.map((row) => row.device + row.phase), ready.length, fresh]);
		if (this.actions_print === print && this.$connect_actions.children().length) return;
		this.actions_print = print;
		const $panel = this.$panel;
		this.$panel = this.$connect_actions.empty();
		const again = idle.find((row) => row.is_active);
		const buttons = [[__("Back"), () => this.go("devices")], [""]];
		if (again) buttons.push([again.is_renewal ? __("Give Up the Renewal") : __("Give Up"), () => this.give_up(again.device)]);
		if (idle.length) buttons.push([fresh ? __("Connect") : __("Continue"), () => this.connect(ready), "primary"]);
		const $row = this.actions(...buttons);
		$row.find(".btn-primary").prop("disabled", !ready.length);
		this.$panel = $panel;
	}

	async connect(rows) {
		const names = rows.map((row) => row.device);
		const secret = Object.fromEntries(names.map((name) => [name, this.otps[name] || ""]));
		const refused = await this.call("connect", { names, secret });
		for (const name of names) delete this.otps[name];
		if (refused.length) {
			const name = (device) => (this.open.find((row) => row.device === device) || {}).device_name;
			frappe.msgprint({ title: __("Connect"), indicator: "red", message: refused.map((each) => `<b>${esc(name(each.device))}</b>: ${esc(each.sentence)}`).join("<br>") });
		}
		await this.poll();
	}

	async give_up(device) {
		await this.call("give_up_renewal", { device });
		this.step = null;
		this.load();
	}

	schedule() {
		clearTimeout(this.timer);
		if (this.step !== "connect") return;
		const busy = this.open.some((row) => ["queued", "running", "interrupted"].includes(row.phase));
		this.timer = setTimeout(() => this.poll(), busy ? 1000 : 5000);
	}

	async poll() {
		if (this.step !== "connect" || !this.data || !this.open.length || frappe.get_route()[0] !== "zatca-setup") return;
		if (this.polling) return (this.poll_again = true);
		this.polling = true;
		try {
			const rows = await this.call("progress", { names: this.open.map((row) => row.device) });
			if (this.step !== "connect") return;
			this.data.enrolments = rows;
			if (rows.every((row) => row.phase === "done")) {
				this.step = "start";
				return await this.load();
			}
			this.render_enrolments();
		} finally {
			this.polling = false;
			if (this.poll_again) {
				this.poll_again = false;
				setTimeout(() => this.poll(), 50);
			}
			this.schedule();
		}
	}

	async stop_simulator() {
		await this.call("simulator", { action: "stop" });
		frappe.show_alert(__("The simulator is stopped. Its devices wait until it runs again."));
	}

	// --- training ---------------------------------------------------------------------------------------------
	start_training() {
		frappe.confirm(
			__("A training company is made beside {0}, with customers, items and three drafts to practise on. It speaks to a simulator on this server; nothing it issues is a tax invoice.", [
				esc(this.company).bold(),
			]),
			async () => {
				const name = await frappe.xcall(SERVER + "start_training", { company: this.company }, "POST", {
					freeze: true,
					freeze_message: __("Making the training company…"),
				});
				frappe.show_alert({ message: __("{0} is ready.", [esc(name)]), indicator: "green" }, 7);
				frappe.set_route("List", "Sales Invoice", { company: name });
			}
		);
	}

	async remove_training() {
		const rows = await frappe.db.get_list("Company", {
			filters: { zatca_training_of: ["is", "set"] },
			pluck: "name",
		});
		if (!rows.length) return frappe.msgprint(__("There is no training company."));
		frappe.prompt(
			{ fieldname: "company", fieldtype: "Select", label: __("Training Company"), options: rows, default: rows[0], reqd: 1 },
			({ company }) =>
				frappe.confirm(
					__("Everything {0} ever issued is removed for good. Nothing of any other company is touched.", [esc(company).bold()]),
					async () => {
						await frappe.xcall(SERVER + "remove_training", { company }, "POST", { freeze: true });
						frappe.show_alert({ message: __("{0} is removed.", [esc(company)]), indicator: "green" });
						this.turn_to(null);
						this.load();
					}
				),
			__("Remove Training Company"),
			__("Remove")
		);
	}

	// --- 4: start ---------------------------------------------------------------------------------------------
	async render_start() {
		const settings = this.data.settings;
		if (settings.enabled) this.head(__("Issuing"), __("The devices are connected, and every tax invoice goes through ZATCA before it is posted."));
		else
			this.head(
				__("Ready to Start"),
				__("The devices are connected. From the date below every tax invoice goes through ZATCA before it is posted.")
			);
		this.device_table();
		this.$test = $(`<div><h6>${esc(__("Self-Test"))}</h6><p class="zs-note">${esc(__("Trying…"))}</p></div>`).appendTo(this.$panel);
		if (this.active.some((device) => device.environment !== "Production")) {
			this.$panel.append(`<div class="zs-hint">${esc(__("A device outside production is for trying out: its invoices are no tax invoices, and those you issue with it stay in your books."))}</div>`);
		}
		if (settings.enabled) {
			this.$panel.append(`<div class="zs-good">${esc(settings.go_live_date ? __("Invoices dated {0} or later go through ZATCA.", [frappe.datetime.str_to_user(settings.go_live_date)]) : __("All invoices go through ZATCA."))}</div>`);
			this.actions(
				[__("Add Devices"), () => this.go("devices")],
				[""],
				...(this.data.has_invoice ? [] : [[__("Make the First Invoice"), () => this.first_invoice(), "primary"]]),
				[__("New Invoice"), () => frappe.new_doc("Sales Invoice", { company: this.company })]
			);
		} else {
			const $date = $('<div style="max-width: 260px"></div>').appendTo(this.$panel);
			const control = frappe.ui.form.make_control({
				parent: $date,
				df: { fieldtype: "Date", fieldname: "date", label: __("Issue Through ZATCA From"), reqd: 1 },
				render_input: true,
			});
			control.set_value(settings.go_live_date || settings.today);
			this.actions([__("Add Devices"), () => this.go("devices")], [""], [__("Start Issuing"), () => this.go_live(control.get_value()), "primary"]);
		}
		await this.self_test();
	}

	async self_test() {
		const $test = this.$test;
		const blocks = [];
		const tried = this.active.slice(0, 20);
		for (const device of tried) {
			const lines = await this.call("try_device", { device: device.name });
			const well = lines.every((line) => line.ok);
			const rows = lines.map((line) => `<li><span class="zs-mark ${line.ok ? "zs-ok" : "zs-bad"}">${line.ok ? "✓" : "✕"}</span><span>${esc(line.label)}: <span class="zs-note">${esc(line.sentence)}</span></span></li>`);
			const list = `<ul class="zs-list">${rows.join("")}</ul>`;
			// of several devices only the one that is not well is told at length
			const name = `<span class="zs-mark ${well ? "zs-ok" : "zs-bad"}">${well ? "✓" : "✕"}</span> ${esc(device.device_name)}`;
			blocks.push(tried.length > 1 ? `<details class="zs-tried" ${well ? "" : "open"}><summary>${name}</summary>${list}</details>` : list);
		}
		$test.html(`<h6>${esc(__("Self-Test"))}</h6>${blocks.join("")}`);
	}

	async go_live(date) {
		if (!date) return;
		this.data.settings = await this.call("go_live", { company: this.company, date });
		this.render();
	}

	first_invoice() {
		const trial = this.active.every((device) => device.environment !== "Production");
		const data = (fieldname, label, value) => ({ fieldtype: "Data", fieldname, label, reqd: 1, default: trial ? value : undefined });
		const dialog = new frappe.ui.Dialog({
			title: __("The First Invoice"),
			fields: [
				data("customer_name", __("Customer Name"), "شركة التجربة | Trial Company"),
				data("vat_number", __("VAT Number"), "399999999900003"),
				{ fieldtype: "Column Break" },
				data("item_name", __("What Is Sold"), "استشارة | Consulting"),
				{ fieldtype: "Float", fieldname: "rate", label: __("Price Without VAT"), reqd: 1, default: trial ? 100 : undefined },
				{ fieldtype: "Section Break", label: __("The Customer's National Address") },
				data("building_number", __("Building Number"), "3242"),
				data("street", __("Street"), "شارع العليا | Olaya Street"),
				data("district", __("District"), "العليا | Al Olaya"),
				{ fieldtype: "Column Break" },
				data("city", __("City"), "الرياض | Riyadh"),
				data("postal_code", __("Postal Code"), "12611"),
			],
			primary_action_label: __("Make the Draft"),
			primary_action: async (values) => {
				const name = await this.call("make_first_invoice", { company: this.company, values }, true);
				dialog.hide();
				frappe.set_route("Form", "Sales Invoice", name);
			},
		});
		dialog.show();
	}
}
