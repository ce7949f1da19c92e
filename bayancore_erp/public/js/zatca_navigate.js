// From a problem to the field that solves it, and back again.
//
//	bayancore.go_to(place, back)
//
// place: {doctype, name, fieldname, row, table, text} as the server gives it. `row` counts from 1, `table` names the grid that
//        holds it; a place in a table may name the row itself (doctype and name of the row) or the document it stands in.
//        `text` is the sentence that stands above the other document, so that nobody has to remember it.
// back:  {doctype, name} of the document to come back to; by default the form that is open now, be it saved or not.
//
// In the open form: its tab opens, its section unfolds, a grid row opens, the field is focused and marked.
// Anywhere else: that document opens, the same happens there, and a bar above it leads back.

frappe.provide("bayancore");

(() => {
	const MARK_MS = 6000;
	// What each opened document was opened for, until its reader has gone back.
	const errands = new Map();
	const key = (doctype, name) => `${doctype}\n${name}`;
	const is_row = (place) => Boolean(place.table);

	bayancore.go_to = function (place, back) {
		const here = window.cur_frm;
		const origin = back || (here ? { doctype: here.doctype, name: here.docname } : null);
		const target = document_of(place, origin);
		if (here && here.doctype === target.doctype && here.docname === target.name) {
			return show(here, place);
		}
		if (origin && key(origin.doctype, origin.name) !== key(target.doctype, target.name)) {
			errands.set(key(target.doctype, target.name), { place, back: origin, fresh: true });
		}
		return frappe.set_route("Form", target.doctype, target.name);
	};

	bayancore.go_back = function (frm) {
		const errand = errands.get(key(frm.doctype, frm.docname));
		if (!errand) return;
		errands.delete(key(frm.doctype, frm.docname));
		$(frm.wrapper).find(".zatca-back").remove();
		frappe.set_route("Form", errand.back.doctype, name_now(errand.back));
	};

	// A draft may have been saved since it was left, and has another name then.
	function name_now(doc) {
		return frappe.model.new_names[doc.name] || doc.name;
	}

	// What was never saved has no name that anybody knows.
	function title_of(doc) {
		const name = name_now(doc);
		return frappe.get_doc(doc.doctype, name)?.__islocal ? __(doc.doctype) : name;
	}

	// A place in a table may name the row: what has to be opened is the document around it.
	function document_of(place, origin) {
		const row = is_row(place) && frappe.get_meta(place.doctype)?.istable;
		return row && origin ? origin : { doctype: place.doctype, name: place.name };
	}

	async function show(frm, place) {
		if (!place.fieldname && !is_row(place)) return frappe.utils.scroll_to(0);
		return is_row(place) ? show_row(frm, place) : show_field(frm, place.fieldname);
	}

	function show_field(frm, fieldname) {
		const field = frm.get_field(fieldname);
		if (!field) return;
		// A field that its form hides just now cannot be shown; the start of the form can.
		if (field.disp_status === "None") return frappe.utils.scroll_to(0);
		frm.scroll_to_field(fieldname);
		mark(field.$wrapper);
	}

	async function show_row(frm, place) {
		const table = frm.get_field(place.table);
		const grid = table && table.grid;
		if (!grid) return;
		frm.scroll_to_field(place.table, false);
		const pages = grid.grid_pagination;
		const page = pages ? Math.ceil(place.row / pages.page_length) : 1;
		if (pages && page > 0 && pages.page_index !== page) pages.go_to_page(page);
		const row = grid.grid_rows[place.row - 1];
		if (!row) return mark(table.$wrapper);
		row.toggle_view(true);
		await new Promise((done) => setTimeout(done, 300));
		const field = row.grid_form && row.grid_form.fields_dict[place.fieldname];
		if (!field || field.disp_status === "None") return mark($(row.wrapper));
		if (field.section && field.section.is_collapsed()) field.section.collapse(false);
		frappe.utils.scroll_to(field.$wrapper, true, 150);
		mark(field.$wrapper);
		// Frappe puts the cursor into the first field of an opened row, half a second after it was opened.
		setTimeout(() => field.$wrapper.find("input, select, textarea").first().trigger("focus"), 400);
	}

	function mark($element) {
		$element.addClass("zatca-marked");
		setTimeout(() => $element.removeClass("zatca-marked"), MARK_MS);
	}

	function back_bar(frm, errand) {
		const text = errand.place.text ? `<span class="zatca-back-text">${frappe.utils.escape_html(errand.place.text)}</span>` : "";
		const bar = $(`<div class="zatca-back">
			<button type="button" class="btn btn-default btn-xs">
				<span class="zatca-arrow" aria-hidden="true"></span>
				${__("Back to {0}", [`<bdi>${frappe.utils.escape_html(title_of(errand.back))}</bdi>`])}
			</button>${text}</div>`);
		bar.find("button").on("click", () => bayancore.go_back(frm));
		frm.layout.wrapper.prepend(bar);
	}

	$(document).on("form-refresh", (event, frm) => {
		if (!frm || !frm.layout) return;
		$(frm.wrapper).find(".zatca-back").remove();
		const errand = errands.get(key(frm.doctype, frm.docname));
		if (!errand) return;
		back_bar(frm, errand);
		if (!errand.fresh) return;
		errand.fresh = false;
		// The form still lays itself out; its own focus and scrolling come first.
		setTimeout(() => show(frm, errand.place), 400);
	});
})();
