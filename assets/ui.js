/* Behaviours of the kit: no dependency, no eval. Event delegation and custom elements with shadow DOM (React hydrates their
   empty light DOM untouched). Every gesture ends in .click() on a real <button>: keyboards and screen readers take the same path. */
(() => {
  const $ = (s, r = document) => r.querySelector(s), $$ = (s, r = document) => [...r.querySelectorAll(s)], on = (t, f, o) => document.addEventListener(t, f, o);
  const ui = (window.ui = {}), root = document.documentElement, store = (s, k, v) => { try { return v === undefined ? s.getItem(k) : s.setItem(k, v); } catch { return null; } };
  const EN = /^\/en(\/|$)/; root.lang = EN.test(location.pathname) ? "en" : "zh-CN";
  // dialogs
  ui.open = id => { const d = document.getElementById(id); if (d && !d.open) { d.showModal(); d.querySelector('.sheet-h h2')?.focus(); } };
  ui.close = d => { d = typeof d === "string" ? document.getElementById(d) : d; if (!d?.open) return;
    if (d.classList.contains("sheet")) { d.classList.add("out"); setTimeout(() => { d.classList.remove("out"); d.style.transform = ""; d.close(); }, 190); } else d.close(); };
  on("click", e => {
    const o = e.target.closest("[data-open]"); if (o) return ui.open(o.dataset.open);
    const c = e.target.closest("[data-close]"); if (c) return ui.close(c.closest("dialog"));
    const a = e.target.closest("a[data-lang]"); if (a) { e.preventDefault(); const bare = location.pathname.replace(EN, "/"), to = a.dataset.lang; document.cookie = `lang=${to};path=/;max-age=31536000;SameSite=Lax`; return location.assign((to === "en" ? "/en" : "") + bare + location.search); }
    const l = e.target.closest("[data-locate]"); if (l) return locate(l);
    const d = e.target; if (d.tagName === "DIALOG") { const r = d.getBoundingClientRect(); if (e.clientY < r.top || e.clientY > r.bottom || e.clientX < r.left || e.clientX > r.right) ui.close(d); }
  });
  // a [data-locate] button fills its form's lat and lng (empty when the phone cannot tell) and submits it
  const locate = b => { const f = b.form, go = (lat, lng) => { f.elements.lat.value = lat; f.elements.lng.value = lng; b.dataset.busy = "0"; f.requestSubmit(); }; if (b.dataset.busy === "1") return; b.dataset.busy = "1";
    if (!navigator.geolocation) return go("", ""); navigator.geolocation.getCurrentPosition(q => go(q.coords.latitude, q.coords.longitude), () => go("", ""), { enableHighAccuracy: true, maximumAge: 1e4, timeout: 8000 }); };
  let g = null, s = null, p = null;
  on("pointerdown", e => {
    const h = e.target.closest(".grab"); if (h) { g = { d: h.closest("dialog"), y: e.clientY }; return h.setPointerCapture(e.pointerId); }
    const th = e.target.closest(".swipe .th"); if (!th) return; const w = th.parentElement; s = { th, w, x: e.clientX, max: w.clientWidth - th.offsetWidth - 10 }; th.setPointerCapture(e.pointerId); th.style.transition = "none";
  });
  on("pointermove", e => { if (g) g.d.style.transform = `translateY(${Math.max(0, e.clientY - g.y)}px)`; if (s) { s.p = Math.min(s.max, Math.max(0, e.clientX - s.x)); s.th.style.transform = `translateX(${s.p}px)`; } });
  const up = e => {
    if (g) { if (e.clientY - g.y > 90) ui.close(g.d); else g.d.style.transform = ""; g = null; }
    if (!s) return; const { th, w, p = 0, max } = s; s = null; th.style.transition = "transform .2s";
    if (p > max * .72) { th.style.transform = `translateX(${max}px)`; navigator.vibrate?.(18); $("button.go", w).click(); setTimeout(() => (th.style.transform = ""), 900); } else th.style.transform = "";
  };
  on("pointerup", up); on("pointercancel", up);
  // toast: inside the open dialog if there is one, else it would lie under the top layer
  ui.toast = (m, tone = "") => { if (!m) return; $(".toast")?.remove(); const t = document.createElement("div"); t.className = "toast " + tone; t.setAttribute("role", tone === "bad" ? "alert" : "status"); t.textContent = m;
    ($$("dialog[open]").pop() || document.body).append(t); setTimeout(() => t.remove(), tone === "bad" ? 6000 : 2600); };
  // pull to refresh
  on("touchstart", e => { const r = $("[data-ptr]"); if (r && scrollY <= 0 && !$("dialog[open]")) p = { r, y: e.touches[0].clientY }; }, { passive: true });
  on("touchmove", e => { if (!p) return; const d = e.touches[0].clientY - p.y; if (d > 0) { p.d = Math.min(80, d * .45); p.r.style.height = p.d + "px"; p.r.dataset.say = p.d > 52 ? p.r.dataset.drop : p.r.dataset.pull; } }, { passive: true });
  on("touchend", () => { if (!p) return; const { r, d = 0 } = p; p = null; r.style.transition = "height .2s"; if (d > 52) { r.dataset.say = r.dataset.busy; r.style.height = "44px"; $("[data-refresh]")?.click(); setTimeout(() => (r.style.height = 0), 700); } else r.style.height = 0; });
  // tables, command palette, keys
  on("change", e => { if (e.target.matches("[data-all]")) $$("tbody input[type=checkbox]", e.target.closest("table")).forEach(c => { if (c.checked !== e.target.checked) c.click(); }); });
  on("keydown", e => {
    if ((e.metaKey || e.ctrlKey) && e.key.toLowerCase() === "k" && $("#cmdk")) { e.preventDefault(); return ui.open("cmdk"); }
    if (e.key === "/" && !/INPUT|TEXTAREA|SELECT/.test(document.activeElement.tagName) && $("[data-slash]")) { e.preventDefault(); return $("[data-slash]").focus(); }
    if (!e.target.closest?.("#cmdk")) return; const li = $$("#cmdk li:not([hidden]) a"), i = li.indexOf($("#cmdk a.on")), n = { ArrowDown: i + 1, ArrowUp: i - 1 }[e.key];
    if (n !== undefined && li.length) { e.preventDefault(); li[i]?.classList.remove("on"); const a = li[(n + li.length) % li.length]; a.classList.add("on"); a.scrollIntoView({ block: "nearest" }); } else if (e.key === "Enter" && e.target.tagName === "INPUT") (li[Math.max(0, i)])?.click();
  });
  on("input", e => { const t = e.target;
    if (t.closest("#cmdk")) { const q = t.value.trim().toLowerCase(); $$("#cmdk li").forEach(li => { li.hidden = q && !li.textContent.toLowerCase().includes(q); $("a", li).classList.remove("on"); }); }
    if (t.dataset.draft) store(localStorage, "draft:" + t.dataset.draft, t.value); });
  const forget = k => { try { localStorage.removeItem("draft:" + k); } catch { /* private window */ } };
  on("submit", e => $$("[data-draft]", e.target).forEach(i => forget(i.dataset.draft)));
  const net = () => root.toggleAttribute("data-off", !navigator.onLine); addEventListener("online", net); addEventListener("offline", net); net();
  // A download or a call does not leave the page, and Reflex would hang up; it hears `pagehide` of those that do.
  addEventListener("beforeunload", e => e.stopImmediatePropagation(), true);
  // what appears later: drafts, parts that are loaded on demand, the technician's worker
  const LAZY = { "x-map": "/map.js", "x-chart": "/chart.js", "x-board": "/board.js" }, drafted = new WeakSet(), v = (document.currentScript?.src.match(/\?.*/) || [""])[0]; let due = 0, ready = 0, sw = 0;
  const scan = () => { due = 0;
    for (const t in LAZY) if (LAZY[t] && $(t)) { const c = document.createElement("script"); c.src = LAZY[t] + v; document.head.append(c); LAZY[t] = 0; }
    const w = $("[data-sw]"); if (w && !sw && "serviceWorker" in navigator) { sw = 1; navigator.serviceWorker.register("/sw.js", { scope: w.dataset.sw }).catch(() => {}); }
    if (ready) $$("[data-draft]").forEach(i => { if (drafted.has(i)) return; drafted.add(i); const kept = store(localStorage, "draft:" + i.dataset.draft); if (!kept || i.value) return;
      Object.getOwnPropertyDescriptor(i.tagName === "TEXTAREA" ? HTMLTextAreaElement.prototype : HTMLInputElement.prototype, "value").set.call(i, kept); i.dispatchEvent(new Event("input", { bubbles: true })); i.dispatchEvent(new Event("blur")); }); };
  new MutationObserver(() => { if (!due) due = setTimeout(scan, 60); }).observe(root, { childList: true, subtree: true });
  addEventListener("load", () => { scan(); setTimeout(() => { ready = 1; scan(); }, 1500); });
  // custom elements
  const def = (n, c) => customElements.get(n) || customElements.define(n, c), two = n => String(n).padStart(2, 0);
  const mmss = n => { n = Math.max(0, Math.round(n)); const h = n / 3600 | 0, m = (n % 3600) / 60 | 0; return (h ? h + ":" + two(m) : two(m)) + ":" + two(n % 60); };
  class Base extends HTMLElement { constructor() { super(); this.attachShadow({ mode: "open" }); } a(k) { return this.getAttribute(k) || ""; } }
  ui.Base = Base; ui.def = def; const press = s => $(s)?.click();
  // <x-toast>, <x-effect>: act when `seq` changes; what was acted on is kept, so that a reload does not repeat it
  const watch = act => class extends HTMLElement { static observedAttributes = ["seq"];
    connectedCallback() { this.go(); } attributeChangedCallback() { this.isConnected && this.go(); }
    go() { queueMicrotask(() => { const g = k => this.getAttribute(k) || "", q = g("seq"), k = "x:" + this.tagName + g("name"), was = q + g("text") + g("action"); if (!q || q === "0" || store(sessionStorage, k) === was) return; store(sessionStorage, k, was); act(g); }); } };
  def("x-toast", watch(g => ui.toast(g("text"), g("tone"))));
  const beep = (f, t) => { try { const c = new AudioContext(); f.forEach((hz, i) => { const o = c.createOscillator(), v = c.createGain(), at = c.currentTime + i * t; o.frequency.value = hz; v.gain.setValueAtTime(.18, at); v.gain.exponentialRampToValueAtTime(.001, at + t); o.connect(v).connect(c.destination); o.start(at); o.stop(at + t); }); } catch { /* no sound before a touch */ } };
  const ACTS = { open: ui.open, close: ui.close, scroll: id => id === "top" ? scrollTo({ top: 0, behavior: "smooth" }) : document.getElementById(id)?.scrollIntoView({ behavior: "smooth" }), focus: id => document.getElementById(id)?.focus(), click: id => document.getElementById(id)?.click(),
    submit: id => setTimeout(() => document.getElementById(id)?.requestSubmit(), 50), sound: k => k === "offer" ? beep([660, 880, 660, 880], .22) : beep([880], .15), vibrate: () => navigator.vibrate?.([200, 80, 200]), go: to => /^\/(?!\/)/.test(to) && location.assign(to), forget, reload: () => location.reload() };
  def("x-effect", watch(g => g("action").split(/\s+/).forEach(a => { const i = a.indexOf(":"); ACTS[i < 0 ? a : a.slice(0, i)]?.(i < 0 ? "" : a.slice(i + 1)); })));
  // <x-left left="252"> live mm:ss, orange under `warn`, red after 0; `up` counts up; `expire` presses [data-expire] at 0
  def("x-left", class extends Base { static observedAttributes = ["left"];
    connectedCallback() { this.set(); this.t = setInterval(() => this.tick(), 1000); } disconnectedCallback() { clearInterval(this.t); } attributeChangedCallback() { this.set(); }
    set() { this.end = Date.now() + 1e3 * +this.a("left"); this.fired = 0; this.tick(); }
    tick() { const u = this.hasAttribute("up"), n = (this.end - Date.now()) / 1e3, w = +(this.a("warn") || 120), tx = u ? mmss(2 * +this.a("left") - n) : n < 0 && !this.hasAttribute("expire") ? this.a("over") + " " + mmss(-n) : mmss(n);
      this.s ||= (this.shadowRoot.innerHTML = "<span></span>", this.shadowRoot.firstChild); this.s.textContent = tx; this.s.style.cssText = `font-family:var(--num);font-variant-numeric:tabular-nums;font-weight:600;color:${u ? "inherit" : n < 0 ? "var(--bad)" : n < w ? "var(--a700)" : "inherit"}`;
      if (n <= 0 && !u && !this.fired && this.hasAttribute("expire") && +this.a("left") > 0) { this.fired = 1; press("[data-expire]"); } } });
  // <x-ring left="38" total="45"> countdown ring; presses [data-expire] at 0
  def("x-ring", class extends Base { static observedAttributes = ["left"];
    attributeChangedCallback() { this.end = Date.now() + 1e3 * +this.a("left"); this.done = 0; if (this.isConnected) this.f?.(); }
    connectedCallback() { const R = 25, C = 2 * Math.PI * R; this.setAttribute("role", "timer");
      this.shadowRoot.innerHTML = `<style>:host{display:block;width:60px;height:60px}svg{width:100%;height:100%}.a{transition:stroke .3s}text{font:600 20px var(--num)}</style><svg viewBox="0 0 60 60" aria-hidden="true"><circle cx="30" cy="30" r="${R}" fill="none" stroke="var(--line)" stroke-width="5"/><circle class="a" cx="30" cy="30" r="${R}" fill="none" stroke-width="5" stroke-linecap="round" stroke-dasharray="${C}" transform="rotate(-90 30 30)"/><text x="30" y="37" text-anchor="middle" fill="var(--ink)"></text></svg>`;
      const a = $(".a", this.shadowRoot), t = $("text", this.shadowRoot); let id = 0;
      this.f = () => { cancelAnimationFrame(id); if (!this.isConnected) return; const n = Math.max(0, (this.end - Date.now()) / 1e3), k = Math.ceil(n); a.setAttribute("stroke-dashoffset", C * (1 - n / (+this.a("total") || 45))); a.setAttribute("stroke", n < 10 ? "#D9301B" : n < 20 ? "var(--a500)" : "var(--pri)"); if (t.textContent != k) { t.textContent = k; this.setAttribute("aria-label", this.a("label").replace("%n", k)); } if (n > 0) id = requestAnimationFrame(this.f); else if (!this.done && +this.a("left") > 0) { this.done = 1; press("[data-expire]"); } }; this.f(); } });
  // <x-spark data="1,2,3" tone="ok|bad">
  def("x-spark", class extends Base { static observedAttributes = ["data", "tone"]; connectedCallback() { this.r(); } attributeChangedCallback() { this.r(); }
    r() { const d = this.a("data").split(",").map(Number); if (d.length < 2) return; const W = 120, H = 34, mn = Math.min(...d), mx = Math.max(...d), y = v => H - 4 - (v - mn) / ((mx - mn) || 1) * (H - 9), x = i => i * (W - 4) / (d.length - 1) + 2, c = this.a("tone") === "bad" ? "var(--bad)" : "var(--pri)", pts = d.map((v, i) => `${x(i).toFixed(1)},${y(v).toFixed(1)}`).join(" ");
      this.shadowRoot.innerHTML = `<style>:host{display:block}svg{width:100%;height:100%;overflow:visible}</style><svg viewBox="0 0 ${W} ${H}" preserveAspectRatio="none" aria-hidden="true"><defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="${c}" stop-opacity=".22"/><stop offset="1" stop-color="${c}" stop-opacity="0"/></linearGradient></defs><polygon points="2,${H} ${pts} ${W - 2},${H}" fill="url(#g)"/><polyline points="${pts}" fill="none" stroke="${c}" stroke-width="1.8" vector-effect="non-scaling-stroke" stroke-linejoin="round" stroke-linecap="round"/></svg>`; } });
  // <x-position active="1" url="…"> posts where the technician is, at most every 10 s or 40 m; silent when it cannot
  def("x-position", class extends HTMLElement { static observedAttributes = ["active"]; connectedCallback() { this.w(); } disconnectedCallback() { this.stop(); } attributeChangedCallback() { this.isConnected && this.w(); }
    stop() { if (this.wid != null) navigator.geolocation.clearWatch(this.wid); this.wid = null; }
    w() { if (!["1", "true"].includes(this.getAttribute("active"))) return this.stop(); if (this.wid != null || !navigator.geolocation) return; this.wid = navigator.geolocation.watchPosition(q => this.send(q), () => {}, { enableHighAccuracy: true, maximumAge: 5000, timeout: 20000 }); }
    send({ coords: c, timestamp: at }) { const l = this.last, far = l ? Math.hypot((c.latitude - l.lat) * 111320, (c.longitude - l.lng) * 111320 * Math.cos(c.latitude * Math.PI / 180)) : 1e9; if (l && at - l.t < 1e4 && far < 40) return; this.last = { lat: c.latitude, lng: c.longitude, t: at };
      fetch(this.getAttribute("url"), { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ lat: c.latitude, lng: c.longitude, accuracy: c.accuracy, at: new Date(at).toISOString() }), keepalive: true }).catch(() => { this.last = null; }); } });
  // <x-photo action="…" fields="order=…&kind=…"> around a file input and a [data-uploaded] button; tries again when the network is back
  def("x-photo", class extends Base { connectedCallback() { this.shadowRoot.innerHTML = `<slot></slot><div role="status" style="font-size:.75rem;color:var(--mut);min-height:1rem;text-align:center"></div>`; this.onchange = e => e.target.files?.[0] && this.take(e.target.files[0], e.target); }
    say(t, bad) { const o = $("div", this.shadowRoot); o.textContent = t; o.style.color = bad ? "var(--bad)" : "var(--mut)"; }
    async take(f, input) { this.say(this.a("busy") + "…"); let b;
      try { const m = await createImageBitmap(f, { imageOrientation: "from-image" }), k = Math.min(1, 1600 / Math.max(m.width, m.height)), c = document.createElement("canvas"); c.width = Math.round(m.width * k); c.height = Math.round(m.height * k); c.getContext("2d").drawImage(m, 0, 0, c.width, c.height); b = await new Promise(r => c.toBlob(r, "image/jpeg", .84)); if (!b) throw 0; } catch { return this.say(this.a("toobig"), 1); }
      this.post(b, input); }
    post(b, input) { const d = new FormData(), x = new XMLHttpRequest(); for (const [k, w] of new URLSearchParams(this.a("fields"))) d.append(k, w); d.append("file", b, "photo.jpg"); x.open("POST", this.a("action")); x.upload.onprogress = e => e.lengthComputable && this.say(`${this.a("busy")} ${Math.round(e.loaded / e.total * 100)}%`);
      const bad = () => this.say(this.a("failed"), 1); x.onerror = () => { bad(); addEventListener("online", () => this.isConnected && this.post(b, input), { once: true }); }; x.onload = () => { if (x.status >= 300) return bad(); this.say(this.a("done")); input.value = ""; $("[data-uploaded]", this)?.click(); }; x.send(d); } });
  // <x-wechat call="…" params="{…}"> calls WeChat's own browser, then presses [data-paid] or [data-unpaid]
  def("x-wechat", class extends HTMLElement { connectedCallback() { const call = () => WeixinJSBridge.invoke(this.getAttribute("call"), JSON.parse(this.getAttribute("params")), r => press(/:ok$/.test(r.err_msg) ? "[data-paid]" : "[data-unpaid]"));
    window.WeixinJSBridge ? call() : addEventListener("WeixinJSBridgeReady", call, { once: true }); } });
})();
