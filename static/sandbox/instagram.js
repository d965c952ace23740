export { tapped } from "./meta.js";
