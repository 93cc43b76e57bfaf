// A confirmation from the server opens as a dialog, with the focus on Cancel, and gives the focus back.
(() => {
  let opener = null;
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    if (detail.target?.id === "dialog" && !document.querySelector("[data-dialog][open]")) opener = detail.elt;
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target.id !== "dialog") return;
    const dialog = detail.target.querySelector("[data-dialog]");
    if (!dialog) return;
    dialog.addEventListener("close", () => {
      dialog.remove();
      const menu = opener?.closest("details");
      (menu ? menu.querySelector("summary") : opener)?.focus();
    });
    dialog.showModal();
    (dialog.querySelector("[role=alert]") || dialog.querySelector("[data-cancel]")).focus();
  });
  document.addEventListener("click", (event) => {
    const cancel = event.target.closest?.("[data-cancel]");
    const dialog = cancel?.closest("dialog");
    if (!dialog) return;
    event.preventDefault();
    dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === " " && event.target.matches?.("a[role=button]")) {
      event.preventDefault();
      event.target.click();
    }
  });
  // A form that must be sent once: its button is busy until the answer comes.
  const busy = (form, is) =>
    form.querySelectorAll("button").forEach((button) => {
      button.disabled = is;
      button.toggleAttribute("aria-busy", is);
    });
  document.addEventListener("submit", (event) => {
    const form = event.target.closest("[data-behaviour~=once]");
    if (!form || form.hasAttribute("hx-post")) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
    setTimeout(() => busy(form, true));
  });
  document.addEventListener("htmx:beforeRequest", ({ detail }) => {
    const form = detail.elt.closest?.("[data-behaviour~=once]");
    if (form) busy(form, true);
  });
  document.addEventListener("htmx:afterRequest", ({ detail }) => {
    const form = detail.elt.closest?.("[data-behaviour~=once]");
    if (form && !detail.xhr.getResponseHeader("HX-Redirect")) busy(form, false);
  });
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("[data-behaviour~=once]").forEach((form) => {
      delete form.dataset.sent;
      busy(form, false);
    });
  });
})();
