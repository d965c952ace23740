// The log stays where the reader is: at the end if they are at the end, else where they were. Older pages load upwards.
import { attach, fragment, one, settle } from "./dom.js";
import { load } from "./http.js";
import { tidy } from "./marks.js";

export const atEnd = (log) => log.scrollHeight - log.scrollTop - log.clientHeight < 80;
export const toEnd = (log) => (log.scrollTop = log.scrollHeight);

attach("[data-log]", (log) => {
  const target = one(".e[data-target]", log) ?? one(".unread-line", log);
  if (target) target.scrollIntoView({ block: "center" });
  else toEnd(log);
  if (target?.matches(".e")) target.classList.add("flash");
  const down = one("[data-down]", log.parentElement);
  const follow = () => down && (down.hidden = atEnd(log));
  log.addEventListener("scroll", follow, { passive: true });
  down?.addEventListener("click", () => (one("[data-newer]", log) ? newest(log) : toEnd(log)));
  // Pictures and fonts that come late, and the keyboard of a phone, must not push the end out of sight.
  let end = !target;
  log.addEventListener("scroll", () => (end = atEnd(log)), { passive: true });
  new ResizeObserver(() => end && toEnd(log)).observe(log);
  new ResizeObserver(() => end && toEnd(log)).observe(one(".inner", log));
});

/** From somewhere in the past to the newest page. */
export function newest(log) {
  const id = log.closest("[data-conversation]").dataset.conversation;
  window.htmx.ajax("GET", `/inbox/${id}/pane`, { target: "#pane", swap: "innerHTML" });
}

attach("[data-newer]", (button) => {
  const log = button.closest("[data-log]");
  const fetchNewer = async () => {
    button.disabled = true;
    const fresh = fragment(await (await load(button.dataset.newer)).text());
    const last = button.previousElementSibling;
    button.replaceWith(...fresh);
    fresh.forEach(settle);
    if (last) tidy(last);
  };
  const again = (failure) => {
    button.disabled = false;
    button.textContent = failure.message;
  };
  button.addEventListener("click", () => fetchNewer().catch(again));
  new IntersectionObserver((seen) => seen[0].isIntersecting && log.scrollTop > 0 && fetchNewer().catch(again), { root: log, rootMargin: "0px 0px 400px 0px" }).observe(button);
});

attach("[data-older]", (button) => {
  const log = button.closest("[data-log]");
  let busy = false;
  const fetchOlder = async () => {
    if (busy) return;
    busy = true;
    try {
      const told = fragment(await (await load(button.dataset.older)).text());
      const fresh = told.filter((entry) => !entry.id || !document.getElementById(entry.id)); // a set of pictures is there as a whole
      const first = button.nextElementSibling;
      const fromEnd = log.scrollHeight - log.scrollTop;
      button.replaceWith(...fresh);
      fresh.forEach(settle);
      if (first) tidy(first);
      log.scrollTop = log.scrollHeight - fromEnd;
    } catch (failure) {
      button.textContent = failure.message;
      busy = false;
      return;
    }
  };
  button.addEventListener("click", fetchOlder);
  new IntersectionObserver((seen) => seen[0].isIntersecting && log.scrollTop > 0 && fetchOlder(), {
    root: log,
    rootMargin: "600px 0px 0px 0px",
  }).observe(button);
});
