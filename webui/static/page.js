// What htmx cannot do: count seconds, keep a hand-held control still, send a form once, follow a log.
// Every page works without this file.
"use strict";
(() => {
  const ICONS = "/static/icons.svg";
  const DRAWN = performance.now();

  // ── Running time, and time that is left, on the tube ─────────────────────────────────────────────
  const two = (n) => String(n).padStart(2, "0");
  const clock = (seconds) => {
    const h = Math.floor(seconds / 3600), m = Math.floor(seconds / 60) % 60, s = seconds % 60;
    return h ? `${h}:${two(m)}:${two(s)}` : `${two(m)}:${two(s)}`;
  };
  const since = new WeakMap();
  const tick = () => {
    for (const tube of document.querySelectorAll("[data-running], [data-left]")) {
      if (!since.has(tube)) since.set(tube, performance.now() - 1000 * (tube.dataset.running ?? 0));
      const ran = Math.floor((performance.now() - since.get(tube)) / 1000);
      const text = clock("left" in tube.dataset ? Math.max(0, tube.dataset.left - ran) : ran);
      const lit = tube.querySelectorAll(".on");
      if (lit.length !== text.length) continue;
      [...text].forEach((c, n) => {
        const href = `${ICONS}#d-${c === ":" ? "colon" : c}`;
        if (lit[n].getAttribute("href") !== href) lit[n].setAttribute("href", href);
      });
    }
  };
  setInterval(tick, 500);

  // ── A region is not drawn again while a hand is in it ────────────────────
  const held = new Set();
  const live = (region) => region.getAttribute?.("hx-trigger")?.match(/sse:\w+/)?.[0];
  const busy = (region) => region.querySelector("[popover]:popover-open, dialog[open], .htmx-request, :active")
    || (region.contains(document.activeElement)
      && document.activeElement.matches("input:not([type=hidden]), select, textarea, [data-hand] *"));
  document.addEventListener("htmx:beforeRequest", (event) => {
    const region = event.detail.elt;
    if (!live(region) || !busy(region)) return;
    event.preventDefault();
    held.add(region.id);
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    const region = event.detail.elt;
    if (!live(region) || !busy(region)) return;
    event.detail.shouldSwap = false;
    held.add(region.id);
  });
  document.addEventListener("htmx:afterSwap", (event) => event.detail.elt.classList?.remove("stale"));
  const letGo = () => setTimeout(() => {
    for (const id of held) {
      const region = document.getElementById(id);
      if (region && busy(region)) continue;
      held.delete(id);
      if (region) htmx.trigger(region, live(region));
    }
  }, 50);
  document.addEventListener("focusout", letGo);
  document.addEventListener("pointerup", letGo);
  document.addEventListener("toggle", letGo, true);

  // ── Old figures stay, greyed, when the router does not answer ────────────
  const grey = (event) => event.detail.elt.classList?.add("stale");
  document.addEventListener("htmx:sendError", grey);
  document.addEventListener("htmx:responseError", grey);

  // ── A swap keeps what is open, what was chosen and where one is; htmx finds the focus by its id ──
  let opened = [], chosen = [], lost = false;
  const touched = (one) => one.type === "checkbox" ? one.checked !== one.defaultChecked
    : one.options ? one.selectedIndex !== Math.max(0, [...one.options].findIndex((each) => each.defaultSelected))
    : one.value !== one.defaultValue;
  document.addEventListener("htmx:beforeSwap", (event) => {
    const region = event.detail.target;
    const fields = region.querySelectorAll("select[id], textarea[id], input[id]:not([type=hidden])");
    chosen = [...fields].filter(touched).map((one) => [one.id, one.value, one.checked]);
    opened = [...region.querySelectorAll("details[open][id]")].map((one) => one.id);
    lost = region.contains(document.activeElement);
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    for (const [id, value, checked] of chosen) {
      const one = document.getElementById(id);
      if (!one || one.options && ![...one.options].some((each) => each.value === value)) continue;
      one.value = value;
      one.checked = checked;
    }
    opened = chosen = [];
    if (!lost || document.activeElement !== document.body) return;
    const region = event.detail.target.isConnected ? event.detail.target : document.getElementById("main");
    const heading = region.querySelector("h1, h2, h3") ?? region;
    heading.tabIndex = -1;
    heading.focus({ preventScroll: true });
  });

  // ── What can be chosen was fetched when somebody wanted to choose: open it ──
  document.addEventListener("htmx:afterSettle", () => {
    const choice = document.querySelector("select[data-open]");
    if (!choice) return;
    choice.removeAttribute("data-open");
    try { choice.showPicker(); } catch { /* the hand is gone, or the browser knows no picker */ }
  });

  // ── What changed is said to those who do not see it ──────────────────────
  const told = new Map();
  const announce = (aloud) => {
    for (const one of document.querySelectorAll("[data-announce]")) {
      const region = one.closest("[hx-get]")?.id;
      if (aloud && told.get(region) !== one.textContent) document.getElementById("said").textContent = one.textContent;
      told.set(region, one.textContent);
    }
  };
  document.addEventListener("htmx:afterSettle", () => announce(true));

  // ── A form is sent once, however often the button is pressed ─────────────
  const lock = (form, pressed, locked) => {
    for (const button of form.querySelectorAll("button")) {
      button.toggleAttribute("aria-disabled", false);
      if (locked) button.setAttribute("aria-disabled", "true");
    }
    pressed?.classList.toggle("busy", locked);
    if (!locked) delete form.dataset.sent;
  };
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    setTimeout(() => lock(form, event.submitter, true));
    setTimeout(() => lock(form, event.submitter, false), 20000);
  });
  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    // Back from the next page: what is sent from here now is another form.
    for (const one of document.querySelectorAll("[name=once]")) one.value += "+";
    for (const form of document.querySelectorAll("form[data-sent]")) lock(form, form.querySelector(".busy"), false);
  });

  // ── Copy a line ──────────────────────────────────────────────────────────
  const show = (root) => {
    for (const button of root.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (button) navigator.clipboard.writeText(button.dataset.copy).then(() => { button.lastChild.textContent = "Copied"; });
  });

  // ── A log is followed until the owner scrolls up ─────────────────────────
  const follow = () => {
    const log = document.querySelector("[data-follow]");
    const box = document.getElementById("follow");
    if (log && box?.checked) log.scrollTop = log.scrollHeight;
  };
  document.addEventListener("wheel", (event) => {
    const box = document.getElementById("follow");
    if (box && event.target.closest("[data-follow]") && event.deltaY < 0) box.checked = false;
  }, { passive: true });
  document.addEventListener("keydown", (event) => {
    const box = document.getElementById("follow");
    const up = ["ArrowUp", "PageUp", "Home"].includes(event.key);
    if (box && up && event.target.closest("[data-follow]")) box.checked = false;
  });
  document.addEventListener("change", (event) => { if (event.target.id === "follow") follow(); });
  document.addEventListener("htmx:afterSettle", (event) => { show(event.target); follow(); tick(); });

  // ── The toast goes by itself, unless it is being read ────────────────────
  const fade = () => {
    const toast = document.querySelector("[data-toast]");
    if (toast && performance.now() - DRAWN > 12000 && !toast.matches(":hover, :focus-within")) toast.remove();
  };
  setInterval(fade, 1000);
  // The address keeps no trace of what was done, so that a reload does not tell it again.
  const url = new URL(location.href);
  if (url.searchParams.has("done")) {
    url.searchParams.delete("done");
    history.replaceState(null, "", url);
  }

  show(document);
  announce(false);
  follow();
})();
