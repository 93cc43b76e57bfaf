// Small things on every page: focus on what went wrong, menus that close, notes that go, errors that are said.
(() => {
  dunlin.toast = (sentence) => {
    // What is said already is not said again.
    if (document.querySelector(".toast")?.textContent === sentence) return;
    const note = document.createElement("p");
    note.className = "toast";
    note.setAttribute("role", "status");
    // A dialog that is open hides what is not in it.
    (document.querySelector("dialog[open]") || document.body).append(note);
    note.textContent = sentence;
    setTimeout(() => note.remove(), 8000);
  };
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelector("[data-behaviour~=focus]")?.focus();
    document.querySelectorAll("[data-back]").forEach((field) => (field.value = location.pathname + location.search));
    document.querySelectorAll(".toast").forEach((note) => setTimeout(() => note.remove(), 8000));
  });
  document.addEventListener("click", (event) => {
    document.querySelectorAll("details[data-behaviour~=popover][open]").forEach((menu) => {
      if (!menu.contains(event.target)) menu.open = false;
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = event.target.closest?.("details[data-behaviour~=popover][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
    event.stopImmediatePropagation();
  });
  document.addEventListener("htmx:responseError", ({ detail }) => {
    const doc = new DOMParser().parseFromString(detail.xhr.responseText, "text/html");
    dunlin.toast(doc.querySelector("h1 + p")?.textContent || "That did not work. Reload the page and try again.");
  });
  document.addEventListener("htmx:sendError", () => dunlin.toast("The server cannot be reached. Nothing was changed; try again."));
})();
