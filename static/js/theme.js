// Light or dark: says that scripts run, and keeps the person's choice in a cookie so that the server draws it from the start.
(() => {
  const root = document.documentElement;
  root.classList.remove("no-js");

  const isDark = () =>
    root.dataset.theme ? root.dataset.theme === "dark" : window.matchMedia("(prefers-color-scheme: dark)").matches;

  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-switch]")) return;
    const chosen = isDark() ? "light" : "dark";
    root.dataset.theme = chosen;
    document.cookie = `theme=${chosen}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    document.dispatchEvent(new CustomEvent("redress:theme"));
  });
})();
