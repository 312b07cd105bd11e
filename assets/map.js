/* <x-map points line areas picked fit city tiles>: Leaflet in a shadow root, loaded when one appears. Among many, only the picked
   point and the one under the pointer show their names. Without tiles it draws a quiet
   sketch of the city (/maps/<city>.json) or a plain grid. A click on a point presses the page's [data-map-pick="id"]. */
(() => {
  const esc = t => String(t ?? "").replace(/[&<>"']/g, c => `&#${c.charCodeAt(0)};`), use = n => `<svg class="i" viewBox="0 0 24 24"><use href="/icons.svg?v=1#${n}"/></svg>`;
  let lib; const leaflet = () => (lib ||= new Promise((ok, no) => { const s = document.createElement("script"); s.src = "/vendor/leaflet/leaflet.js"; s.onload = () => ok(window.L); s.onerror = no; document.head.append(s); }));
  const SHEET = `<link rel="stylesheet" href="/vendor/leaflet/leaflet.css"><style>
:host{display:block}.leaflet-container{position:absolute;inset:0;background:var(--map);font:inherit;outline-offset:-3px}.leaflet-container.grid{background-image:linear-gradient(var(--map-r) 2px,transparent 2px),linear-gradient(90deg,var(--map-r) 2px,transparent 2px);background-size:56px 56px}
.leaflet-bar{border:0!important;box-shadow:var(--e2)!important;border-radius:10px!important;overflow:hidden}.leaflet-bar a{background:var(--surface)!important;color:var(--ink)!important;border-color:var(--line)!important;width:2.25rem!important;height:2.25rem!important;line-height:2.25rem!important}
:host([low]) .leaflet-bottom{bottom:36px}.leaflet-control-attribution{background:none!important;color:var(--map-t)!important;font-size:10px!important}.leaflet-control-attribution a{color:inherit!important}
.mv{transition:transform 1s linear}:host([crowded]) .b{display:none}:host([crowded]) .mv:hover .b,:host([crowded]) .mv.on .b{display:block}:host([crowded]) .mv:hover,.mv.on{z-index:2000!important}.leaflet-zoom-anim .mv{transition:none}
.p{position:absolute;left:0;top:0;transform:translate(-50%,-100%);display:flex;flex-direction:column;align-items:center}.p.c{transform:translate(-50%,-50%)}
.i{width:16px;height:16px;fill:none;stroke:currentColor;stroke-width:2.4;stroke-linecap:round;stroke-linejoin:round;display:block}
.b{background:var(--surface);color:var(--ink);border-radius:99px;padding:5px 12px;font-size:12px;font-weight:600;box-shadow:var(--e2);margin-bottom:6px;white-space:nowrap}
.f{width:44px;height:44px;border-radius:50%;border:3px solid #fff;box-shadow:var(--e2);background:var(--pri-soft2);object-fit:cover;box-sizing:border-box}
.n{width:40px;height:40px;border-radius:50% 50% 50% 4px;transform:rotate(-45deg);background:var(--a600);display:grid;place-items:center;color:#fff;box-shadow:var(--e2);border:3px solid #fff;box-sizing:border-box}.n .i{transform:rotate(45deg)}.dark .n,.n.d{color:#fff}
.d{width:18px;height:18px;border-radius:50%;background:var(--pri);border:3px solid #fff;box-shadow:0 1px 4px rgba(0,0,0,.35);box-sizing:border-box}.ok{--t:var(--ok)}.warn{--t:var(--a600)}.bad{--t:var(--bad)}.off{--t:var(--dim)}.d{background:var(--t,var(--pri))}.f{border-color:var(--t,#fff)}.n.ok,.n.warn,.n.bad,.n.off{background:var(--t)}
.u{position:absolute;left:50%;bottom:0;width:52px;height:52px;margin:0 0 -4px -26px;border-radius:50%;background:var(--pri);opacity:.25;animation:u 2s infinite;z-index:-1}@keyframes u{from{transform:scale(.7);opacity:.3}to{transform:scale(1.7);opacity:0}}@media(prefers-reduced-motion:reduce){.u,.mv{animation:none;transition:none}}
.t{font-size:11px;color:var(--map-t);white-space:nowrap;transform:translate(-50%,-50%);position:absolute;font-weight:600;letter-spacing:.04em;text-shadow:0 0 3px var(--map),0 0 3px var(--map)}
.leaflet-interactive.mv{cursor:pointer}</style><div class="box"></div>`;
  ui.def("x-map", class extends ui.Base { static observedAttributes = ["points", "line", "areas", "picked"];
    async connectedCallback() { if (this.box) return; this.box = 1; this.toggleAttribute('low', innerWidth < 600); this.shadowRoot.innerHTML = SHEET; const L = await leaflet().catch(() => null); if (!L || !this.isConnected) return;
      const link = this.shadowRoot.querySelector("link"); if (!link.sheet) await new Promise(r => { link.onload = link.onerror = r; setTimeout(r, 1500); });
      const box = this.shadowRoot.querySelector(".box"), tiles = this.a("tiles"), en = document.documentElement.lang === "en";
      const m = (this.m = L.map(box, { zoomControl: false, attributionControl: !!tiles, zoomSnap: .25, minZoom: 9, maxZoom: 18, scrollWheelZoom: this.clientWidth > 600 }).setView([31.23, 121.47], 12));
      L.control.zoom({ position: "bottomright", zoomInTitle: this.a("zin"), zoomOutTitle: this.a("zout") }).addTo(m); this.mark = new Map(); this.top = L.layerGroup().addTo(m); this.under = L.layerGroup().addTo(m);
      if (tiles) L.tileLayer(tiles, { maxZoom: 19, attribution: /openstreetmap/.test(tiles) ? "© OpenStreetMap" : "" }).addTo(m); else if (this.a("city")) fetch(`/maps/${encodeURIComponent(this.a("city"))}.json`).then(r => r.json()).then(c => this.sketch(L, c, en)).catch(() => box.classList.add("grid")); else box.classList.add("grid");
      new ResizeObserver(() => m.invalidateSize({ pan: false })).observe(this); this.L = L; this.draw(); }
    disconnectedCallback() { this.m?.remove(); this.m = this.box = this.was = null; }
    attributeChangedCallback() { this.L && this.m && this.draw(); }
    json(k) { try { return JSON.parse(this.a(k) || "[]") || []; } catch { return []; } }
    sketch(L, c, en) { if (!this.m) return; const pane = this.m.createPane("city"); pane.style.zIndex = 150; const r = L.svg({ pane: "city", padding: .5 }), st = { water: ["--map-w", 1], main: ["--map-r2", .5], road: ["--map-r", .4] }, all = [];
      for (const l of c.lines) all.push([L.polyline(l.at, { renderer: r, interactive: false, lineJoin: "round", lineCap: "round", className: "k" }).addTo(this.m), l]);
      const size = () => { const k = 2 ** (this.m.getZoom() - 12); for (const [p, l] of all) { const [v, f] = st[l.kind]; p.setStyle({ color: `var(${v})`, weight: Math.max(l.kind === "water" ? 3 : 2, l.w * (l.kind === "water" ? k : k ** f)), opacity: 1 }); } }; size(); this.m.on("zoomend", size);
      const tp = this.m.createPane("names"); tp.style.zIndex = 160; for (const n of c.names) L.marker(n.at, { pane: "names", interactive: false, keyboard: false, icon: L.divIcon({ className: "", html: `<span class="t">${esc(en ? n.en : n.zh)}</span>`, iconSize: [0, 0] }) }).addTo(this.m); }
    icon(L, p) { const t = esc(p.tone), bub = p.label && p.kind !== "dot" ? `<span class="b">${esc(p.label)}</span>` : "";
      const h = p.kind === "dot" ? `<span class="p c"><span class="d ${t}"></span></span>` : p.kind === "tech" ? `<span class="p">${bub}<img class="f ${t}" src="${esc(p.art || "/art/av-1.svg")}" alt=""><span class="u"></span></span>` : `<span class="p">${bub}<span class="n ${t}">${use(p.kind === "home" ? "house" : p.kind === "order" ? "clipboard-list" : "map-pin")}</span></span>`;
      return L.divIcon({ className: "mv", html: h, iconSize: [0, 0] }); }
    draw() { const L = this.L, m = this.m, pts = this.json("points").filter(p => p.lat != null), seen = new Set();
      for (const p of pts) { const id = String(p.id), look = JSON.stringify([p.kind, p.tone, p.label, p.art]), k = this.mark.get(id); seen.add(id);
        if (k) { k.setLatLng([p.lat, p.lng]); if (k.look !== look) { k.setIcon(this.icon(L, p)); k.look = look; } continue; }
        const n = L.marker([p.lat, p.lng], { icon: this.icon(L, p), keyboard: false, title: p.kind === "dot" ? p.label : "", zIndexOffset: p.kind === "tech" ? 500 : 0 }).addTo(m); n.look = look; this.mark.set(id, n);
        n.on("click", () => { this.dispatchEvent(new CustomEvent("map:pick", { bubbles: true, detail: id })); document.querySelector(`[data-map-pick="${CSS.escape(id)}"]`)?.click(); }); }
      for (const [id, k] of this.mark) if (!seen.has(id)) { k.remove(); this.mark.delete(id); } else k.getElement()?.classList.toggle("on", id === this.a("picked"));
      this.toggleAttribute("crowded", pts.filter(p => p.label && p.kind !== "dot").length > 4);
      const line = this.json("line"), areas = this.json("areas"); this.top.clearLayers(); this.under.clearLayers();
      if (line.length > 1) { L.polyline(line, { color: "#fff", weight: 9, opacity: .9, interactive: false }).addTo(this.top); L.polyline(line, { color: "#0B7D6C", weight: 5, interactive: false, lineJoin: "round" }).addTo(this.top); }
      for (const a of areas) { L.polygon(a.ring, { color: "#0B7D6C", weight: 1.5, opacity: .5, fillColor: "#0B7D6C", fillOpacity: .06, interactive: false, dashArray: "4 4" }).addTo(this.under); if (a.label) L.marker(L.polygon(a.ring).getBounds().getCenter(), { interactive: false, keyboard: false, icon: L.divIcon({ className: "", html: `<span class="t">${esc(a.label)}</span>`, iconSize: [0, 0] }) }).addTo(this.under); }
      const fit = this.a("fit") || "points", at = [...pts.map(p => [p.lat, p.lng]), ...line, ...areas.flatMap(a => a.ring)]; if (!at.length || fit === "none" || (fit !== "always" && this.was)) return; const first = !this.was; this.was = 1;
      const b = L.latLngBounds(at); if (first || !m.getBounds().pad(-.12).contains(b)) m.fitBounds(b, { paddingTopLeft: [56, 84], paddingBottomRight: [56, 56], maxZoom: this.a("tiles") ? 15.5 : 13.5, animate: !first }); } });
})();
