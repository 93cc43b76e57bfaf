// Single keys: / search; on the Invoices page j k x X Enter r Esc ?. Off in fields and dialogs; letters also where a person switched them off.
(() => {
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    const one = (selector) => document.querySelector(selector);
    if (event.ctrlKey || event.metaKey || event.altKey || one("dialog[open]") || (key.length < 2 && one("[data-no-keys]"))) return;
    if (target.matches?.("input:not([type=checkbox]), textarea, select")) return;
    const form = one("[data-selection]");
    const every = form ? dunlin.rows(form) : [];
    const current = every.find((row) => row.hasAttribute("data-current")) || target.closest?.("tr[data-invoice]");
    const move = (step) => {
      const next = every[Math.min(Math.max(every.indexOf(current) + step, 0), every.length - 1)];
      current?.removeAttribute("data-current");
      next?.setAttribute("data-current", "");
      (dunlin.box(next) || next.querySelector("a")).focus();
      next.scrollIntoView({ block: "nearest" });
    };
    const act = {
      // The bar of a selection stands before the search: it makes way until the search is left.
      "/": () => {
        const search = one("[data-search]");
        const card = search.closest(".card");
        card?.setAttribute("data-searching", "");
        search.focus();
        search.onblur = () => card?.removeAttribute("data-searching");
      },
      j: () => move(1),
      k: () => move(-1),
      "?": () => dunlin.toast(one("[data-keys]").dataset.keys),
      x: () => dunlin.box(current)?.click(),
      // As a click with Shift, which takes the rows since the last one along; it always ticks.
      X: () => {
        const tick = dunlin.box(current);
        tick.checked = false;
        tick.dispatchEvent(new MouseEvent("click", { bubbles: true, shiftKey: true }));
      },
      Enter: () => current.querySelector("th a").click(),
      r: () => form.querySelector("[data-send]:not([hidden])")?.click(),
    }[key];
    if (key === "Escape") form?.querySelector("[data-clear]")?.click();
    const needs = { "/": one("[data-search]"), x: current, X: current && dunlin.box(current), Enter: current && target.matches("input") };
    if (!act || !(key in needs ? needs[key] : every.length)) return;
    event.preventDefault();
    act();
  });
})();
