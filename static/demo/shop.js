// What a shop adds beside the one-line loader: it tells the chat who is signed in, and opens it from its buttons.
window.madoguchi ||= Object.assign((...call) => window.madoguchi.q.push(call), { q: [] });

const { identity, leave } = document.body.dataset;
if (identity) window.madoguchi("identify", { jwt: identity });
if (leave !== undefined) window.madoguchi("reset");

for (const button of document.querySelectorAll("[data-chat]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.madoguchi("open"));
}
