// In a row of places that is wider than the screen, the present one is scrolled into sight.
import { attach } from "./dom.js";

attach(".settings > nav, .filters .seg, .tabs > .strip, .proof-tabs", (row) => {
  const here = row.querySelector("[aria-current]");
  if (here && row.scrollWidth > row.clientWidth) row.scrollLeft += here.getBoundingClientRect().left - row.getBoundingClientRect().left - (row.clientWidth - here.offsetWidth) / 2;
});
