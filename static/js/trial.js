// The conversation with the draft is there again for who comes back from an entry that it led to.
import { attach, one } from "./dom.js";

const KEPT = "trial";
let arrived = false;

attach("#trial", (section) => {
  const carried = one("[name=trial]", section);
  const begun = Boolean(one(".b", section));
  try {
    const kept = arrived ? null : sessionStorage.getItem(KEPT);
    if (begun) sessionStorage.setItem(KEPT, carried.value);
    else if (kept) setTimeout(() => {
      carried.value = kept;
      carried.form.requestSubmit();
    });
    else sessionStorage.removeItem(KEPT);
  } catch {
    // no storage: it begins anew
  }
  arrived = true;
});
