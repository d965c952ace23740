// Every behaviour registers itself for the elements that carry its data attribute; new content is enlivened as it arrives.
import { enliven } from "./dom.js";
import "./theme.js";
import "./toast.js";
import "./menu.js";
import "./dialog.js";
import "./copy.js";
import "./generate.js";
import "./put.js";
import "./here.js";
import "./ticks.js";
import "./requests.js";
import "./list.js";
import "./scroll.js";
import "./thread.js";
import "./compose.js";
import "./draft.js";
import "./suggest.js";
import "./upload.js";
import "./typing.js";
import "./notify.js";
import "./live.js";
import "./keys.js";
import "./palette.js";
import "./preview.js";

document.addEventListener("htmx:load", (event) => enliven(event.detail.elt));
enliven(document.body);
document.documentElement.dataset.ready = "yes";
