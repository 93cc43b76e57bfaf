// The text editor: insert a field at the caret, search the fields, go to a problem's line and column.
(() => {
  let last = null;
  const place = (area, at) => { area.focus(); area.setSelectionRange(at, at); };
  document.addEventListener("focusin", (event) => {
    if (event.target.matches("#subject, #message")) last = event.target;
  });
  document.addEventListener("click", (event) => {
    const insert = event.target.closest("[data-insert]");
    const link = event.target.closest("[data-behaviour=caret]");
    if (insert) {
      const area = last || document.getElementById("message");
      area.setRangeText(insert.dataset.insert, area.selectionStart, area.selectionEnd, "end");
      area.focus();
      area.dispatchEvent(new Event("input", { bubbles: true }));
    } else if (link) {
      const area = document.querySelector(link.hash);
      const lines = area.value.split("\n").slice(0, link.dataset.line - 1);
      event.preventDefault();
      place(area, lines.reduce((sum, line) => sum + line.length + 1, 0) + Number(link.dataset.column) - 1);
    }
  });
  document.addEventListener("input", (event) => {
    if (event.target.id !== "field-search") return;
    event.stopPropagation();
    const box = event.target.closest("[data-behaviour=fields]");
    const words = event.target.value.toLowerCase();
    const items = [...box.querySelectorAll("li")];
    for (const item of items) item.hidden = !item.textContent.toLowerCase().includes(words);
    box.querySelector("[data-none]").hidden = items.some((item) => !item.hidden);
  });
})();
