// data-threshold: a slider over the points of a curve; what the chosen score would give is said below it.
import { all, attach, one } from "./dom.js";

attach("[data-threshold]", (form) => {
  const points = JSON.parse(form.dataset.threshold);
  const words = one("template", form).content.textContent.split("|");
  const slider = one("[type=range]", form);
  const percent = (share) => (share === null ? "–" : `${Math.round(100 * share)} %`);
  const show = () => {
    const at = Number(slider.value);
    const point = points.find((each) => each.at >= at) ?? points.at(-1);
    const values = { answered: percent(point.answered), precision: percent(point.precision), wrong: point.wrong };
    one("output", form).textContent = at;
    all("[data-share]", form).forEach((place, index) => {
      place.textContent = words[index].replace(/\{(\w+)\}/, (_, name) => values[name]);
    });
  };
  slider.addEventListener("input", show);
  show();
});
