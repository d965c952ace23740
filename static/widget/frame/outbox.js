// Messages on their way. Each is kept by the host page until the server has acknowledged it, and they leave one
// at a time, so they arrive once (the id makes a repetition harmless) and in the order they were written.
import { keep } from "./host.js";

export function outbox(kept, { send, changed }) {
  const items = kept.filter((m) => m?.id).sort((a, b) => (a.sent_at < b.sent_at ? -1 : 1));
  let flying = null, hold = 0;

  const find = (id) => items.find((m) => m.id === id);

  function remove(id) {
    const at = items.findIndex((m) => m.id === id);
    if (at < 0) return null;
    if (flying === id) flying = null;
    keep(`out.${id}`, null);
    return items.splice(at, 1)[0];
  }

  function flush() {
    if (flying || hold) return;
    const next = items.find((m) => !m.failed);
    if (next && send({ t: "send", ...next, failed: undefined, shown: undefined, age: Date.now() - Date.parse(next.sent_at) })) flying = next.id;
  }

  return {
    items,
    find,
    flush,
    add(message) {
      items.push(message);
      keep(`out.${message.id}`, message);
      flush();
    },
    acked(id) {
      remove(id);
      flush();
    },
    // A refusal is shown beside the message, whose text stays; "too fast" only waits.
    refused(id, error) {
      const message = find(id);
      if (!message) return;
      if (flying === id) flying = null;
      if (error.retry_after) {
        hold = setTimeout(() => { hold = 0; flush(); }, error.retry_after * 1000);
        return;
      }
      message.failed = error.sentence;
      keep(`out.${id}`, message);
      changed(message);
      flush();
    },
    retry(id) {
      const message = find(id);
      if (!message) return;
      delete message.failed;
      keep(`out.${id}`, message);
      changed(message);
      flush();
    },
    remove,
    // The line went down: what was flying may or may not have arrived; it will be sent again under the same id.
    landed() {
      flying = null;
    },
  };
}
