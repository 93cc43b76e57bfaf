// Ticking invoices: the header checkbox, ranges, "all that match", and the bar that says what can be done.
(() => {
  const rows = (form) => [...form.querySelectorAll("tr[data-invoice]")];
  const box = (row) => row.querySelector("input[name=invoice]");
  const format = (minor, digits, currency) =>
    (minor / 10 ** digits).toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }) + " " + currency;
  const number = (count) => count.toLocaleString("en");

  function totals(selected) {
    const sums = new Map();
    for (const { dataset } of selected) {
      const sum = sums.get(dataset.currency) || { minor: 0, digits: Number(dataset.digits) };
      sum.minor += Number(dataset.minor);
      sums.set(dataset.currency, sum);
    }
    return new Intl.ListFormat("en-GB").format([...sums].sort().map(([currency, sum]) => format(sum.minor, sum.digits, currency)));
  }

  function why(selected) {
    const bad = selected.map(({ dataset }) => dataset.why).filter(Boolean);
    if (!bad.length) return "";
    const reasons = new Map();
    for (const reason of bad) reasons.set(reason, (reasons.get(reason) || 0) + 1);
    const parts = [...reasons].map(([reason, of]) => `${of} ${of === 1 ? "is" : "are"} ${reason}`);
    const all = selected.length;
    const which = bad.length === all && all > 1 ? `None of the ${all} invoices can` : `${bad.length} of ${all} ${all === 1 ? "invoice" : "invoices"} cannot`;
    return `${which} be reminded: ${parts.join(", ")}.`;
  }

  // All that match, or of them those that may be reminded: the server finds them by the filter.
  const matching = (form) => form.elements.matching;

  function draw(form) {
    const bar = form.querySelector("[data-bulk]");
    if (!bar) return;
    const all = form.querySelector("[data-all-matching]");
    const isAll = !matching(form).disabled;
    const isRest = form.elements.remindable.value;
    const every = rows(form).filter(box);
    const selected = every.filter((row) => box(row).checked);
    const reason = isAll ? (isRest ? "" : all.dataset.why) : why(selected);
    const count = isAll ? Number(matching(form).value) : selected.length;
    bar.toggleAttribute("data-active", count > 0);
    bar.querySelector("[data-count]").textContent = count ? `${number(count)} selected` : "";
    bar.querySelector("[data-totals]").textContent = isAll ? all.dataset[isRest ? "rest" : "total"] : totals(selected);
    const sentence = bar.querySelector("[data-why]");
    if (sentence) {
      sentence.textContent = reason;
      sentence.hidden = bar.querySelector("[data-deselect]").hidden = !reason;
      bar.querySelector("[data-send]").hidden = reason || !count;
    }
    const head = form.querySelector("[data-page]");
    head.checked = selected.length > 0 && selected.length === every.length;
    head.indeterminate = selected.length > 0 && selected.length < every.length;
    if (all) all.hidden = isAll || !head.checked;
  }

  function choose(form, which) {
    matching(form).disabled = true;
    for (const row of rows(form)) if (box(row)) box(row).checked = which(row);
    draw(form);
  }

  function chooseAll(form, remindable) {
    const { number, ineligible } = form.querySelector("[data-all-matching]").dataset;
    choose(form, (each) => !(remindable && each.dataset.why));
    matching(form).value = remindable ? number - ineligible : number;
    matching(form).disabled = false;
    form.elements.remindable.value = remindable;
    draw(form);
  }

  function range(form, one, other, is) {
    const every = rows(form);
    const [from, to] = [every.indexOf(one), every.indexOf(other)].sort((a, b) => a - b);
    every.slice(from, to + 1).forEach((row) => (box(row).checked = is));
    draw(form);
  }

  let last = null;
  document.addEventListener("click", (event) => {
    const form = event.target.closest?.("[data-selection]");
    if (!form) return;
    const row = event.target.closest("tr[data-invoice]");
    if (event.target.name === "invoice" && row) {
      if (event.shiftKey && last?.isConnected) range(form, last, row, event.target.checked);
      last = row;
      matching(form).disabled = true;
      draw(form);
    } else if (event.target.matches("[data-page]")) choose(form, () => event.target.checked);
    else if (event.target.matches("[data-clear]")) choose(form, () => false);
    else if (event.target.matches("[data-deselect]"))
      matching(form).disabled ? choose(form, (each) => box(each).checked && !each.dataset.why) : chooseAll(form, "yes");
    else if (event.target.matches("[data-all-matching]")) {
      chooseAll(form, "");
      form.querySelector("[data-send]:not([hidden]), [data-clear]").focus();
    }
  });

  const start = () => document.querySelectorAll("[data-selection]").forEach(draw);
  document.addEventListener("DOMContentLoaded", start);
  window.addEventListener("pageshow", start);
  const tell = () => dunlin.toast("The list changed, so nothing is selected any more.");
  // A changed list has nothing selected any more; say so where it is heard.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id === "list") detail.target.dataset.had = detail.target.querySelector("[data-bulk][data-active]") ? "yes" : "";
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target.id !== "list") return;
    start();
    if (detail.target.dataset.had) tell();
  });
  // Another tab, order or page begins with nothing selected: said there.
  document.addEventListener("click", (event) => {
    if (event.target.closest?.(".tabs a, thead a, .pages a") && document.querySelector("[data-bulk][data-active]"))
      sessionStorage.cleared = "yes";
  });
  document.addEventListener("DOMContentLoaded", () => {
    if (sessionStorage.cleared) tell();
    delete sessionStorage.cleared;
  });
  window.dunlin = { rows, box };
})();
