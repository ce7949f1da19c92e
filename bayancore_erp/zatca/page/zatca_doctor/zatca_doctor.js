// Is everything that invoices depend on in order? One line a check, what is wrong first, with what to do about it.

frappe.pages["zatca-doctor"].on_page_load = (wrapper) => {
	const page = frappe.ui.make_app_page({ parent: wrapper, title: __("ZATCA Doctor"), single_column: true });
	wrapper.doctor = new ZatcaDoctor(page);
};

frappe.pages["zatca-doctor"].on_page_show = (wrapper) => wrapper.doctor.examine();

const LIGHTS = ["red", "amber", "green"];
const COLOUR = { red: "red", amber: "orange", green: "green" };
// commands stand between backticks in the server's sentences; Frappe escapes those as well
const shown = (text) => escaped(text).replace(/(?:`|&#x60;)(.+?)(?:`|&#x60;)/g, "<code dir='ltr'>$1</code>");
const escaped = (text) => frappe.utils.escape_html(String(text ?? ""));

class ZatcaDoctor {
	constructor(page) {
		this.page = page;
		this.$body = $('<div class="zatca-doctor"></div>').appendTo(page.main);
		page.set_primary_action(__("Examine Again"), () => this.examine(), "refresh");
	}

	async examine() {
		this.$body.html(`<div class="zd-empty">${__("Examining devices, gateway, workers and settings…")}</div>`);
		this.page.btn_primary.prop("disabled", true);
		try {
			this.render(
				await frappe.xcall("bayancore_erp.zatca.page.zatca_doctor.zatca_doctor.examine", {}, "POST")
			);
		} catch {
			this.$body.html(`<div class="zd-empty">${__("The examination did not finish. Try again.")}</div>`);
		} finally {
			this.page.btn_primary.prop("disabled", false);
		}
	}

	render({ light, findings }) {
		const count = (each) => findings.filter((finding) => finding.light === each).length;
		const words = {
			red: __("Invoices stand still, or the law is at risk. To mend now: {0}.", [count("red")]),
			amber: __("Invoices go out. Not as it should be: {0}.", [count("amber")]),
			green: __("Everything is in order."),
		};
		this.page.set_indicator(
			{ red: __("Needs You Now"), amber: __("Needs Attention"), green: __("In Order") }[light],
			COLOUR[light]
		);
		const rows = LIGHTS.flatMap((each) => findings.filter((finding) => finding.light === each));
		this.$body.html(
			`<p class="zd-lead zd-${light}">${words[light]}</p><ul class="zd-list">${rows.map(row).join("")}</ul>
			<p class="zd-note">${__("Examined at {0}. The same on the command line: {1}", [
				frappe.datetime.get_time(frappe.datetime.now_datetime()),
				"<code dir='ltr'>bench --site SITE zatca doctor</code>",
			])}</p>`
		);
		this.$body.find("[data-route]").on("click", (event) => {
			event.preventDefault();
			frappe.set_route(JSON.parse(event.currentTarget.dataset.route));
		});
	}
}

function row(finding) {
	const open = finding.route.length
		? ` <a href="#" data-route="${escaped(JSON.stringify(finding.route))}">${__("Open")}</a>`
		: "";
	const todo = finding.todo ? `<div class="zd-todo">${shown(finding.todo)}${open}</div>` : "";
	const word = { red: __("Needs You Now"), amber: __("Needs Attention"), green: __("In Order") }[finding.light];
	return `<li>
		<span class="indicator-pill no-indicator-dot ${COLOUR[finding.light]}">${word}</span>
		<div><b>${escaped(finding.area)}</b><div>${shown(finding.sentence)}</div>${todo}</div>
	</li>`;
}
