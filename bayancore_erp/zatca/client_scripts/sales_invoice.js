// Sales Invoice and POS Invoice: Submit leads to clearance, the verdict stands on the form, what is approved has no Cancel.
//
// The panel shows state, progress and countdown. What a rejection means and where to correct it is drawn by error help, which
// answers the form event `zatca_verdict`: frm.zatca_verdict is what the server said, frm.zatca_panel where there is room.

const LIVE = ["Queued", "Clearing", "Cleared, Not Posted", "On Hold"];
const COLOURS = {
	Queued: "orange",
	Clearing: "orange",
	"Cleared, Not Posted": "orange",
	"Clearance Pending": "orange",
	"On Hold": "orange",
	"To Report": "blue",
	Cleared: "green",
	Reported: "green",
	Rejected: "red",
	Skipped: "gray",
};
// The step that is done, as stored or told -> how many of the steps people see are done.
const DONE = { "": 0, Claimed: 0, Rehearsed: 1, Signed: 2, Sent: 3, Answered: 4, Posted: 5 };
const STEPS = () => ["Checked", "Signed", "Sent", "Answered", "Posted"].map((step) => __(step, null, "ZATCA Submission"));
const LOOK_AGAIN_MS = 2000;
const WATCH_MS = 700;
const HOUR_MS = 3600000;

const escape = (text) => frappe.utils.escape_html(String(text ?? ""));

function call(frm, method) {
	return frappe
		.call({
			method: `bayancore_erp.zatca.api.${method}`,
			args: { doctype: frm.doctype, name: frm.docname },
		})
		.then((answer) => answer.message);
}

// --- the panel ---------------------------------------------------------------------------------------------------------
function panel(frm) {
	if (!frm.zatca_panel || !frm.zatca_panel.closest("body").length) {
		frm.zatca_panel = $('<section class="zatca-verdict" aria-live="polite"></section>');
		frm.layout.message.after(frm.zatca_panel);
	}
	return frm.zatca_panel;
}

function clear_panel(frm) {
	clearTimeout(frm.zatca_timer);
	clearInterval(frm.zatca_clock);
	if (frm.zatca_panel) frm.zatca_panel.remove();
	frm.zatca_panel = null;
}

function show(frm, verdict) {
	if (!verdict || !verdict.state || verdict.name !== frm.docname) return clear_panel(frm);
	frm.zatca_verdict = verdict;
	const colour = COLOURS[verdict.state] || "blue";
	panel(frm).attr({ "data-state": verdict.state, "data-colour": colour }).html(`
		<div class="zatca-verdict-head">
			<span class="indicator-pill ${colour} no-indicator-dot">${escape(verdict.state_label)}</span>
			<span class="zatca-verdict-sentence">${escape(verdict.sentence)}</span>
			<span class="zatca-verdict-side"></span>
		</div>
		${why(verdict)}${progress(verdict)}${facts(verdict)}
		<div class="zatca-verdict-help"></div>`);
	count_down(frm, verdict);
	frm.script_manager.trigger("zatca_verdict");
}

// What a waiting invoice waits for; a rejected one has its problems below instead.
function why(verdict) {
	if (!LIVE.includes(verdict.state) && verdict.state !== "To Report") return "";
	const said = verdict.messages.map((message) => message.text).find(Boolean) || verdict.last_error;
	return said ? `<div class="zatca-verdict-why">${escape(said)}</div>` : "";
}

function progress(verdict) {
	if (!LIVE.includes(verdict.state) || verdict.state === "On Hold") return "";
	// An answer that settled nothing (the service was down) leaves it waiting for the one that does.
	const told = verdict.last_error ? DONE.Sent : DONE.Posted;
	const done = verdict.state === "Cleared, Not Posted" ? DONE.Answered : Math.min(DONE[verdict.step || ""] ?? 0, told);
	const items = STEPS().map((label, number) => {
		const state = number < done ? "done" : number === done ? "now" : "next";
		return `<li class="${state}"${state === "now" ? ' aria-current="step"' : ""}><span>${escape(label)}</span></li>`;
	});
	return `<ol class="zatca-steps">${items.join("")}</ol>`;
}

function facts(verdict) {
	if (!["Cleared", "Reported"].includes(verdict.state)) return "";
	const rows = [
		verdict.cleared_at && [__("At"), frappe.datetime.str_to_user(verdict.cleared_at)],
		verdict.icv && [__("Invoice Counter"), verdict.icv],
		verdict.environment && verdict.environment !== "Production" && [__("Environment"), __(verdict.environment, null, "ZATCA Device")],
	].filter(Boolean);
	const cells = rows.map(([label, value]) => `<span>${escape(label)}: <bdi>${escape(value)}</bdi></span>`);
	return cells.length ? `<div class="zatca-verdict-facts">${cells.join("")}</div>` : "";
}

function count_down(frm, verdict) {
	clearInterval(frm.zatca_clock);
	if (verdict.state !== "To Report" || !verdict.deadline) return;
	const side = frm.zatca_panel.find(".zatca-verdict-side");
	const tick = () => {
		const left = frappe.datetime.str_to_obj(verdict.deadline) - frappe.datetime.system_datetime(true);
		side.toggleClass("text-danger", left < 2 * HOUR_MS).text(
			left > 0
				? __("{0} h {1} min left", [Math.floor(left / HOUR_MS), Math.floor((left % HOUR_MS) / 60000)])
				: __("The 24 hours are over: report it now.")
		);
	};
	tick();
	frm.zatca_clock = setInterval(tick, 30000);
}

// Whether the server has gone on since this form was loaded. What somebody typed is never lost; of one on its way nothing can be.
function is_behind(frm, verdict) {
	const here = frm.doc.zatca_state || "";
	if (frm.is_dirty() && !LIVE.includes(here)) return false;
	return verdict.state !== here || verdict.docstatus !== frm.doc.docstatus;
}

// --- following an invoice on its way --------------------------------------------------------------------------------------
// Realtime tells each step at once where it is connected; asking again covers where it is not.
function look_again(frm, pause) {
	clearTimeout(frm.zatca_timer);
	const name = frm.docname;
	frm.zatca_timer = setTimeout(async () => {
		if (frm.docname !== name || window.cur_frm !== frm) return;
		const verdict = await call(frm, "verdict").catch(() => null);
		if (!verdict || frm.docname !== name) return;
		if (is_behind(frm, verdict) && !frm.zatca_asking) return frm.reload_doc();
		if (frm.zatca_asking && !LIVE.includes(verdict.state)) return look_again(frm, pause);
		if (JSON.stringify(verdict) !== JSON.stringify(frm.zatca_verdict)) show(frm, verdict);
		if (frm.zatca_asking || LIVE.includes(verdict.state) || verdict.state === "To Report") look_again(frm, pause);
	}, pause);
}

async function clear(frm) {
	frm.zatca_asking = true;
	frm.page.btn_primary.prop("disabled", true);
	// What was said of the draft gives way to its progress.
	frm.layout.show_message();
	$(frm.wrapper).find(".zatca-readiness").remove();
	show(frm, {
		name: frm.docname,
		state: "Clearing",
		state_label: __("Clearing"),
		sentence: __("It is being cleared with ZATCA. Nothing needs to be done."),
		step: "",
		messages: [],
	});
	look_again(frm, WATCH_MS);
	let verdict = null;
	try {
		verdict = await call(frm, "submit_for_clearance");
	} finally {
		frm.zatca_asking = false;
		frm.page.btn_primary.prop("disabled", false);
		clearTimeout(frm.zatca_timer);
		await frm.reload_doc();
	}
	return verdict;
}

async function resubmit(frm) {
	if (frm.is_dirty()) await frm.save();
	if (!frm.is_dirty()) await clear(frm);
}

// --- buttons -----------------------------------------------------------------------------------------------------------
function add_buttons(frm) {
	const state = frm.doc.zatca_state;
	const reload = (promise) => promise.then(() => frm.reload_doc());
	const submits = frm.perm[0] && frm.perm[0].submit;
	if ((LIVE.includes(state) || state === "To Report") && submits) {
		frm.add_custom_button(__("Retry Now"), () => reload(call(frm, "retry")));
	}
	if (LIVE.includes(state)) {
		// What is on its way cannot be changed: nobody shall type what cannot be saved.
		frm.disable_save();
		frm.set_read_only();
		frm.refresh_fields();
	}
	// A standard one was released in an outage: outage.js offers a manager the ways out.
	if (state === "Rejected" && frm.doc.docstatus === 1 && frm.doc.zatca_kind === "Simplified" && submits) {
		frm.add_custom_button(__("Issue Again"), () => reload(call(frm, "reissue")));
	}
	if (frm.doc.docstatus === 1 && frm.doc.zatca_document) {
		frm.page.clear_secondary_action();
	}
}

// The same button as ever, saying what it does: a standard invoice is cleared first and posted then.
function name_the_button(frm, verdict) {
	const submits = frm.doc.docstatus === 0 && !frm.is_dirty() && frm.perm[0] && frm.perm[0].submit;
	if (!submits || LIVE.includes(verdict.state) || frappe.model.has_workflow(frm.doctype)) return;
	if (verdict.state === "Rejected") {
		frm.page.set_primary_action(__("Resubmit"), () => resubmit(frm));
	} else if (verdict.clears_first) {
		frm.page.set_primary_action(__("Submit for Clearance"), () => frm.savesubmit());
	}
}

// What ERPNext offers and we do better, or not at all. Its controller does so after every handler of a form.
function tidy(frm) {
	if (frm.doc.docstatus === 1 && frm.doc.zatca_document && !frm.doc.is_return) {
		["Return / Credit Note", "Return"].forEach((label) => frm.remove_custom_button(__(label), __("Create")));
	}
	if (LIVE.includes(frm.doc.zatca_state)) frm.page.get_inner_group_button(__("Get Items From")).remove();
}

const events = {
	setup(frm) {
		const theirs = frm.cscript.refresh;
		frm.cscript.refresh = function (...given) {
			const answer = theirs && theirs.apply(this, given);
			tidy(frm);
			return answer;
		};
	},

	onload(frm) {
		if (frm.zatca_listens) return;
		frm.zatca_listens = true;
		frm.zatca_resubmit = () => resubmit(frm);
		frappe.realtime.on("zatca_progress", (news) => {
			if (news.doctype !== frm.doctype || news.name !== frm.docname) return;
			if (!LIVE.includes(news.state)) {
				if (!frm.zatca_asking && is_behind(frm, news)) frm.reload_doc();
			} else if (frm.zatca_verdict && frm.zatca_panel) {
				show(frm, { ...frm.zatca_verdict, state: news.state, state_label: __(news.state, null, "ZATCA Submission"), step: news.step, messages: [] });
			}
		});
	},

	refresh(frm) {
		if (frm.zatca_asking) return;
		clear_panel(frm);
		if (frm.is_new() || (frm.doc.docstatus && !frm.doc.zatca_state)) return;
		if (frm.doc.zatca_state) {
			add_buttons(frm);
			// Frappe's own "submit this document to confirm" would stand beside a verdict that says otherwise.
			frm.layout.show_message();
		}
		const name = frm.docname;
		call(frm, "verdict").then((verdict) => {
			if (frm.docname !== name || frm.zatca_asking) return;
			if (is_behind(frm, verdict)) return frm.reload_doc();
			name_the_button(frm, verdict);
			show(frm, verdict);
			if (LIVE.includes(verdict.state) || verdict.state === "To Report") look_again(frm, LOOK_AGAIN_MS);
		});
	},

	async before_submit(frm) {
		const settings = await frappe.db.get_value("ZATCA Settings", frm.doc.company, "enabled");
		if (!settings.message || !settings.message.enabled) return;
		// The ordinary Submit is the same road: the server clears first and posts afterwards.
		frappe.validated = false;
		await clear(frm);
	},
};

frappe.ui.form.on("Sales Invoice", events);
frappe.ui.form.on("POS Invoice", events);
