// Comforts on top of pages that work without any script.
(() => {
  "use strict";
  const results = document.getElementById("results");
  const form = document.getElementById("filters");

  const isTyping = (element) => element.closest("input, select, textarea, [contenteditable]") !== null;

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const search = document.getElementById("q");
    if (event.key === "/" && search && !isTyping(event.target)) {
      event.preventDefault();
      search.focus();
      search.select();
    }
    if (event.key === "Escape") closePickers(null);
  });

  // Pickers close when the attention moves elsewhere.
  const closePickers = (except) => {
    for (const picker of document.querySelectorAll("[data-picker][open]")) {
      if (picker !== except) picker.open = false;
    }
  };
  document.addEventListener("click", (event) => closePickers(event.target.closest("[data-picker]")));
  document.addEventListener("change", (event) => {
    const picker = event.target.closest("[data-picker]");
    if (!picker) return;
    const picked = picker.querySelectorAll("input:checked").length;
    picker.querySelector("[data-picked]").textContent = picked || "";
  });

  // Equal results have equal addresses: fields that say nothing are not sent.
  const EMPTY = { status: "open", sort: "-date", size: "100" };
  const isDefault = (name, value) => value === "" || EMPTY[name] === value;
  form?.addEventListener("submit", () => {
    const idle = [...form.elements].filter((field) => field.name && isDefault(field.name, field.value));
    for (const field of idle) if (field.type !== "checkbox") field.disabled = true;
    setTimeout(() => idle.forEach((field) => { field.disabled = false; }));
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const { parameters } = event.detail;
    for (const name of Object.keys(parameters)) {
      if (isDefault(name, parameters[name])) delete parameters[name];
    }
  });

  // Old rows stay, dimmed, until the new ones arrive; then the count is read out.
  const isPart = (event) => event.target.closest(".live") !== null;
  document.addEventListener("htmx:beforeRequest", (event) => {
    // Nobody looks at a hidden tab.
    if (isPart(event)) { if (document.hidden) event.preventDefault(); return; }
    results?.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", () => results?.removeAttribute("aria-busy"));
  document.addEventListener("htmx:afterSettle", (event) => {
    if (isPart(event)) return;
    const count = results?.querySelector("[data-count]");
    if (count) document.getElementById("announcement").textContent = count.textContent;
  });

  // A session that is over, or an answer that is no result: let the browser show it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr } = event.detail;
    const isExpected = xhr.getResponseHeader("HX-Push-Url") || xhr.getResponseHeader("OM-Part");
    if (xhr.status === 200 && isExpected) return;
    // A part is asked for again soon: a server that restarts meanwhile is no reason to leave.
    if (isPart(event) && xhr.status >= 500) return;
    event.preventDefault();
    location.reload();
  });
  document.addEventListener("htmx:sendError", (event) => isPart(event) || results?.classList.add("offline"));
  document.addEventListener("htmx:afterOnLoad", () => results?.classList.remove("offline"));

  // "2 min ago" stays true while the page is open. The words come from the page's own text.
  const refreshAges = () => {
    for (const age of document.querySelectorAll("[data-since]")) {
      const minutes = Math.floor((Date.now() / 1000 - Number(age.dataset.since)) / 60);
      const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, { style: "short" });
      if (minutes >= 1 && minutes < 60) age.textContent = relative.format(-minutes, "minute");
      if (minutes >= 60) age.textContent = relative.format(-Math.floor(minutes / 60), "hour");
    }
  };
  setInterval(refreshAges, 30_000);

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) print();
  });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    const label = button.querySelector("[data-label]");
    label.textContent = button.dataset.done;
    setTimeout(() => { label.textContent = button.dataset.again; }, 2000);
  });
})();
