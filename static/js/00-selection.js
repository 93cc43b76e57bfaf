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
    return [...sums].sort().map(([currency, sum]) => format(sum.minor, sum.digits, currency)).join(" and ");
  }

  function why(selected) {
    const reasons = new Map();
    for (const { dataset } of selected) if (dataset.why) reasons.set(dataset.why, (reasons.get(dataset.why) || 0) + 1);
    if (!reasons.size) return "";
    const count = selected.filter(({ dataset }) => dataset.why).length;
    const parts = [...reasons].map(([reason, of]) => `${of} ${of === 1 ? "is" : "are"} ${reason}`);
    return `${count} of ${selected.length} ${selected.length === 1 ? "invoice" : "invoices"} cannot be reminded: ${parts.join(", ")}.`;
  }

  function draw(form) {
    const bar = form.querySelector("[data-bulk]");
    if (!bar) return;
    const all = form.querySelector("[data-all-matching]");
    const matching = form.querySelector("[data-matching]");
    const isAll = !matching.disabled;
    const every = rows(form).filter(box);
    const selected = every.filter((row) => box(row).checked);
    const reason = isAll ? all.dataset.why : why(selected);
    const count = isAll ? Number(all.dataset.number) : selected.length;
    bar.toggleAttribute("data-active", count > 0);
    bar.querySelector("[data-count]").textContent = count ? `${number(count)} selected` : "";
    bar.querySelector("[data-totals]").textContent = count ? (isAll ? all.dataset.total : totals(selected)) : "";
    const sentence = bar.querySelector("[data-why]");
    if (sentence) {
      sentence.textContent = reason;
      sentence.hidden = !reason;
      bar.querySelector("[data-deselect]").hidden = !reason || isAll;
      bar.querySelector("[data-send]").hidden = Boolean(reason) || !count;
    }
    const head = form.querySelector("[data-page]");
    head.checked = selected.length > 0 && selected.length === every.length;
    head.indeterminate = selected.length > 0 && selected.length < every.length;
    if (all) all.hidden = isAll || selected.length < every.length || !selected.length;
  }

  function choose(form, which) {
    form.querySelector("[data-matching]").disabled = true;
    for (const row of rows(form)) if (box(row)) box(row).checked = which(row);
    draw(form);
  }

  let last = null;
  document.addEventListener("click", (event) => {
    const form = event.target.closest?.("[data-selection]");
    if (!form) return;
    const row = event.target.closest("tr[data-invoice]");
    if (event.target.name === "invoice" && row) {
      const every = rows(form);
      if (event.shiftKey && every.includes(last)) {
        const [from, to] = [every.indexOf(last), every.indexOf(row)].sort((a, b) => a - b);
        every.slice(from, to + 1).forEach((between) => (box(between).checked = event.target.checked));
      }
      last = row;
      form.querySelector("[data-matching]").disabled = true;
      draw(form);
    } else if (event.target.matches("[data-page]")) choose(form, () => event.target.checked);
    else if (event.target.closest("[data-clear]")) choose(form, () => false);
    else if (event.target.closest("[data-deselect]")) choose(form, (each) => box(each).checked && !each.dataset.why);
    else if (event.target.closest("[data-all-matching]")) {
      const matching = form.querySelector("[data-matching]");
      rows(form).forEach((each) => (box(each).checked = true));
      matching.value = event.target.closest("[data-all-matching]").dataset.number;
      matching.disabled = false;
      draw(form);
      form.querySelector("[data-send]:not([hidden]), [data-clear]").focus();
    }
  });

  const start = (root) => root.querySelectorAll("[data-selection]").forEach(draw);
  document.addEventListener("DOMContentLoaded", () => start(document));
  window.addEventListener("pageshow", () => start(document));
  const tell = () => dunlin.toast("The list changed, so nothing is selected any more.");
  // A changed list has nothing selected any more; say so where it is heard.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.target.id === "list") detail.target.dataset.had = detail.target.querySelector("[data-bulk][data-active]") ? "yes" : "";
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target.id !== "list") return;
    start(document);
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
  window.dunlin = { rows, box, draw };
})();
