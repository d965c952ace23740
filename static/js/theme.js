// Light, dark, or as the device has it; kept in a cookie so that the server draws the right one at once.
import { attach, all } from "./dom.js";

const show = () => {
  const now = document.documentElement.dataset.theme ?? "";
  for (const button of all("[data-theme-set]")) button.setAttribute("aria-pressed", String(button.dataset.themeSet === now));
};

attach("[data-theme-set]", (button) => {
  button.addEventListener("click", () => {
    const theme = button.dataset.themeSet;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    document.cookie = `theme=${theme}; path=/; max-age=${theme ? 31536000 : 0}; samesite=lax`;
    show();
  });
  show();
});
