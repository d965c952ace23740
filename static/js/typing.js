// While a reply is being written: the lock is claimed and renewed, and the others (and the customer) see it.
import { attach, fragment, one, settle } from "./dom.js";
import { send } from "./http.js";
import { tell } from "./socket.js";
import { problem } from "./compose.js";

attach("[data-compose]", (form) => {
  const field = one("textarea", form);
  const id = Number(form.dataset.conversation);
  let claimed = 0;
  let typed = 0;
  let stop = 0;

  const claim = async (take = false) => {
    claimed = Date.now();
    const data = new FormData();
    if (take) data.set("take", "1");
    try {
      const html = await (await send(`/conversations/${id}/lock`, { form: data })).text();
      const fresh = fragment(html)[0];
      const old = one('[data-part="lock"]', form);
      if (fresh && old) old.replaceWith(fresh), settle(fresh);
    } catch {
      // Without the lock the reply itself will be refused with a sentence if somebody else holds it.
    }
  };
  field.addEventListener("input", (event) => {
    if (!event.isTrusted && !field.value) return;
    const note = one(".box", form).dataset.kind === "note";
    if (!note && field.value.trim() && Date.now() - claimed > 20000) claim();
    if (Date.now() - typed > 2500 && field.value) {
      typed = Date.now();
      tell({ t: "typing", conversation: id, on: true, note });
    }
    clearTimeout(stop);
    stop = setTimeout(quiet, 4000);
  });
  const quiet = () => {
    if (typed) tell({ t: "typing", conversation: id, on: false });
    typed = 0;
  };
  form.addEventListener("compose:cleared", () => (clearTimeout(stop), quiet(), (claimed = 0)));
  form.addEventListener("click", (event) => {
    if (event.target.closest("[data-take-lock]")) claim(true).then(() => (problem(form, ""), field.focus()));
  });
});
