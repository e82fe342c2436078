// One event stream per browser: the tab that holds the lock listens and tells the others.
// A bell is only a name; whoever hears it fetches what it shows again. Runs before sse.js.
"use strict";
(() => {
  const KINDS = ["sources", "builds", "machines", "boots", "leases", "devices", "changes", "wan",
    "events", "questions", "drops"];
  const LONGEST_PAUSE = 30000;

  class Bells extends EventTarget {
    readyState = 1;
    #channel = new BroadcastChannel("nixie-bells");
    #source = null;
    #release = null;
    #closed = false;

    constructor(url) {
      super();
      this.#channel.onmessage = (message) => this.#ring(message.data);
      navigator.locks.request("nixie-bells", () => new Promise((release) => {
        this.#release = release;
        if (this.#closed) release(); else this.#listen(url, 1000);
      }));
      // Something may have happened between the drawing of the page and now.
      setTimeout(() => this.#source ?? KINDS.forEach((kind) => this.#ring(kind)), 300);
    }

    close() {
      this.#closed = true;
      this.#source?.close();
      this.#channel.close();
      this.#release?.();
    }

    #ring(kind) {
      this.dispatchEvent(new MessageEvent(kind));
    }

    #listen(url, pause) {
      const source = this.#source = new EventSource(url);
      source.onopen = () => { pause = 1000; };
      source.onerror = () => {
        if (source.readyState !== EventSource.CLOSED || this.#closed) return;
        setTimeout(() => this.#listen(url, Math.min(pause * 2, LONGEST_PAUSE)), pause);
      };
      for (const kind of KINDS) {
        source.addEventListener(kind, () => {
          this.#ring(kind);
          this.#channel.postMessage(kind);
        });
      }
    }
  }

  if (navigator.locks && window.BroadcastChannel) htmx.createEventSource = (url) => new Bells(url);
})();
