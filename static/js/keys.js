// Single keys on the Invoices page: / j k x X Enter r Esc ?. Off in fields and dialogs.
(() => {
  let mark = null;
  function move(every, step) {
    const at = every.findIndex((row) => row.hasAttribute("data-current"));
    const next = every[Math.min(Math.max(at + step, 0), every.length - 1)];
    every[at]?.removeAttribute("data-current");
    next?.setAttribute("data-current", "");
    (dunlin.box(next) || next.querySelector("a")).focus();
    next?.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (target.matches?.("input:not([type=checkbox]), textarea, select")) return;
    const form = document.querySelector("[data-selection]");
    const act = (what) => {
      event.preventDefault();
      what();
    };
    if (key === "/") return act(() => document.querySelector("[data-search]")?.focus());
    if (!form) return;
    const every = dunlin.rows(form);
    const current = every.find((row) => row.hasAttribute("data-current")) || target.closest?.("tr[data-invoice]");
    if (key === "j") act(() => move(every, 1));
    else if (key === "k") act(() => move(every, -1));
    else if (key === "?") act(() => dunlin.toast(form.dataset.keys));
    else if (key === "x" && current) {
      act(() => dunlin.box(current)?.click());
      mark = current;
    } else if (key === "X" && current && mark) {
      act(() => dunlin.range(form, mark, current, true));
    } else if (key === "Enter" && current && target.matches("input")) act(() => current.querySelector("th a").click());
    else if (key === "r") act(() => form.querySelector("[data-send]:not([hidden])")?.click());
    else if (key === "Escape") form.querySelector("[data-clear]")?.click();
  });
})();
