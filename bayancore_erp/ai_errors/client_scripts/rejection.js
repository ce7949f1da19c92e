// What a verdict means: each problem as one sentence with the field to correct, remarks gently, what was tried before.
//
// Draws into the panel of zatca/client_scripts/sales_invoice.js, whenever that has shown a verdict. ZATCA's own words wait behind
// a fold; nothing raw is ever shown.

(() => {
	const escape = (text) => frappe.utils.escape_html(String(text ?? ""));
	const PATIENCE_MS = 3000;
	const MOST_ASKS = 10;

	function ask(frm) {
		return frappe
			.call({
				method: "bayancore_erp.ai_errors.api.help_for",
				args: { doctype: frm.doctype, name: frm.docname },
			})
			.then((answer) => answer.message);
	}

	function draw(frm, help) {
		const room = frm.zatca_panel && frm.zatca_panel.find(".zatca-verdict-help");
		if (!room || !room.length) return;
		room.html(problems(frm, help) + remarks(help) + earlier(help));
		if (help.all_fixed && frm.zatca_verdict.state === "Rejected") {
			frm.zatca_panel.attr("data-colour", "blue");
			frm.zatca_panel
				.find(".zatca-verdict-sentence")
				.addClass("zatca-ready")
				.text(__("Everything listed is corrected. Submit it again."));
		}
		room.find("[data-go]").on("click", (event) => {
			const [kind, number, place] = $(event.currentTarget).data("go").split(".");
			const problem = help[kind][number];
			bayancore.go_to({ ...problem.places[place], text: problem.sentence }, { doctype: frm.doctype, name: frm.docname });
		});
		room.find("[data-resubmit]").on("click", () => frm.zatca_resubmit());
		room.find("[data-vote]").on("click", (event) => vote(frm, help, $(event.currentTarget)));
		room.find("[data-fix]").on("click", (event) => {
			const [kind, number, fix] = $(event.currentTarget).data("fix").split(".");
			const problem = help[kind][number];
			const place = problem.places[0];
			bayancore.apply_fix(frm, { where: place && place.label, text: problem.sentence }, problem.fixes[fix]);
		});
	}

	function problems(frm, help) {
		if (!help.problems.length || frm.zatca_verdict.state !== "Rejected") return "";
		const editable = frm.doc.docstatus === 0 && frm.perm[0] && frm.perm[0].submit;
		const button = editable
			? `<button type="button" class="btn btn-sm ${help.all_fixed ? "btn-primary" : "btn-default"}" data-resubmit>${escape(__("Resubmit"))}</button>`
			: "";
		const list = help.problems.map((each, number) => problem(each, number, "problems")).join("");
		return `<ol class="zatca-problems">${list}</ol><div class="zatca-verdict-foot">${button}</div>`;
	}

	function problem(each, number, kind) {
		const steps = each.steps.length
			? `<ol class="zatca-problem-steps">${each.steps.map((step) => `<li>${escape(step)}</li>`).join("")}</ol>`
			: "";
		const place = each.places[0];
		const fixes = each.fixes
			.map((fix, at) => `<button type="button" class="btn btn-xs btn-default" data-fix="${kind}.${number}.${at}"><bdi>${escape(fix.label)}</bdi></button>`)
			.join(" ");
		// Who may not change the field is told who may: the way to it would end before a locked door.
		const way =
			place && !place.ask ? `<button type="button" class="btn btn-xs btn-default" data-go="${kind}.${number}.0">${escape(__("Go to Field"))}</button>` : "";
		const where = place
			? `<div class="zatca-problem-place">
				<span><bdi>${escape(place.label)}</bdi>${place.here ? "" : ` <span class="text-muted">(<bdi>${escape(place.where)}</bdi>)</span>`}</span>
				${way} ${fixes}
			</div>${place.ask && !each.fixed ? `<div class="text-muted small">${escape(place.ask)}</div>` : ""}`
			: fixes && `<div class="zatca-problem-place">${fixes}</div>`;
		const mark = each.fixed ? ["green", __("Corrected")] : each.new ? ["orange", __("Found since")] : null;
		return `<li class="zatca-problem ${each.fixed ? "fixed" : ""}" data-problem="${kind}.${number}">
			<div class="zatca-problem-sentence">${mark ? `<span class="indicator-pill ${mark[0]} no-indicator-dot">${escape(mark[1])}</span> ` : ""}${escape(each.sentence)}</div>
			${steps}${where}${judgement(each)}${words(each, number, kind)}
		</li>`;
	}

	// The original stays within reach, for whoever calls ZATCA or looks a code up.
	function words(each, number, kind) {
		const rows = [each, ...(each.also || [])].map(
			(row) => `<div class="zatca-words"><code>${escape(row.code)}</code> ${
				row.original
					? `<bdi>${escape(row.original)}</bdi>`
					: `<span>${escape(row === each ? __("Found by our own check, before anything was sent.") : row.sentence)}</span>`
			}</div>`
		);
		const others = each.places.slice(1).map((place, index) =>
			place.ask
				? `<bdi>${escape(place.label)}</bdi>`
				: `<button type="button" class="btn btn-xs btn-link" data-go="${kind}.${number}.${index + 1}"><bdi>${escape(place.label)}</bdi>${
					place.here ? "" : ` (<bdi>${escape(place.where)}</bdi>)`
				}</button>`
		);
		const also = others.length ? `<div class="zatca-words">${escape(__("It may also be about:"))} ${others.join(" ")}</div>` : "";
		const title = each.source === "ZATCA" ? __("ZATCA's own words") : __("Details");
		return `<details class="zatca-details"><summary>${escape(title)}</summary>
			<div class="zatca-words">${escape(each.consequence)}</div>${rows.join("")}${also}</details>`;
	}

	function judgement(each) {
		if (each.asking) return `<div class="text-muted small">${escape(__("This message is new. An explanation is being prepared."))}</div>`;
		if (!each.explanation) return "";
		const source = each.approved ? __("Explained by a language model, approved by a reviewer.") : __("Explained by a language model.");
		// Of a remark nothing tells whether it was put right, and nobody's word about it is kept.
		if (each.severity !== "Error") return `<div class="text-muted small">${escape(source)}</div>`;
		return `<div class="zatca-vote text-muted small">${escape(source)} ${escape(__("Did this help?"))}
			<button type="button" class="btn btn-xs btn-default" data-vote="1" data-code="${escape(each.code)}">${escape(__("Yes"))}</button>
			<button type="button" class="btn btn-xs btn-default" data-vote="0" data-code="${escape(each.code)}">${escape(__("No"))}</button></div>`;
	}

	function vote(frm, help, $button) {
		frappe
			.call({
				method: "bayancore_erp.ai_errors.api.vote",
				args: { doctype: frm.doctype, name: frm.docname, code: $button.data("code"), helped: Boolean($button.data("vote")) },
			})
			.then(() => $button.closest(".zatca-vote").text(__("Thank you.")));
	}

	function remarks(help) {
		if (!help.warnings.length) return "";
		const list = help.warnings.map((each, number) => problem(each, number, "warnings")).join("");
		const title = help.problems.length
			? __("Remarks that would not have stopped it")
			: __("ZATCA accepted it with remarks. Never send it again; correct the data before the next invoice.");
		return `<details class="zatca-remarks"><summary>${escape(title)} (${help.warnings.length})</summary>
			<ol class="zatca-problems">${list}</ol></details>`;
	}

	function earlier(help) {
		if (!help.history.length) return "";
		const rows = help.history.map((each) => {
			const said = each.messages.map((text) => `<li>${escape(text)}</li>`).join("");
			const when = each.at ? frappe.datetime.str_to_user(each.at) : "";
			return `<li><b>${escape(each.state_label)}</b> <bdi>${escape(when)}</bdi> ${escape(each.by)}${said ? `<ul>${said}</ul>` : ""}</li>`;
		});
		return `<details class="zatca-history"><summary>${escape(__("Earlier submissions"))} (${help.history.length})</summary><ul>${rows.join("")}</ul></details>`;
	}

	async function refresh(frm, asks = 0) {
		const name = frm.docname;
		const help = await ask(frm).catch(() => null);
		if (!help || frm.docname !== name || !frm.zatca_panel) return;
		// Drawn anew, what the reader has unfolded would close under their hand.
		const said = JSON.stringify(help);
		if (!asks || said !== frm.zatca_said) draw(frm, help);
		frm.zatca_said = said;
		if (help.asking && asks < MOST_ASKS) {
			clearTimeout(frm.zatca_waits);
			frm.zatca_waits = setTimeout(() => frm.docname === name && refresh(frm, asks + 1), PATIENCE_MS);
		}
	}

	const events = {
		onload(frm) {
			if (frm.zatca_hears) return;
			frm.zatca_hears = true;
			frappe.realtime.on("zatca_explained", (news) => {
				if (news.doctype === frm.doctype && news.name === frm.docname) refresh(frm);
			});
		},

		zatca_verdict(frm) {
			const verdict = frm.zatca_verdict;
			const settled = ["Rejected", "Cleared", "Reported", "Cleared, Not Posted"].includes(verdict.state);
			if (settled && !frm.zatca_asking) refresh(frm);
		},
	};

	frappe.ui.form.on("Sales Invoice", events);
	frappe.ui.form.on("POS Invoice", events);
})();
