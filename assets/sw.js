/* The technician's app, under its own scope (/technician or /en/technician): static files from the cache, pages from the network
   with an offline page, push messages as notifications. Never touches the socket, the API or uploads. */
const C = "technician-v1", BASE = new URL(self.registration.scope).pathname.replace(/\/$/, ""), SHELL = ["/offline.html", "/icons.svg?v=1", "/num.woff2", "/art/icon-192.png", "/art/empty-network.svg"];
self.addEventListener("install", e => e.waitUntil(caches.open(C).then(c => c.addAll(SHELL)).then(() => self.skipWaiting())));
self.addEventListener("activate", e => e.waitUntil(caches.keys().then(k => Promise.all(k.filter(x => x !== C).map(x => caches.delete(x)))).then(() => clients.claim())));
self.addEventListener("fetch", e => {
  const u = new URL(e.request.url); if (e.request.method !== "GET" || u.origin !== location.origin || /^\/(_|api\/|ping)/.test(u.pathname)) return;
  if (e.request.mode === "navigate") return e.respondWith(fetch(e.request).catch(() => caches.match("/offline.html").then(r => r || Response.error())));
  const hashed = u.pathname.startsWith("/assets/"), ours = hashed || /^\/(art|vendor|maps)\/|^\/(icons\.svg|num\.woff2|ui\.js|map\.js)$/.test(u.pathname); if (!ours) return;
  const fresh = () => fetch(e.request).then(r => { if (r.ok && !r.redirected) { const k = r.clone(); caches.open(C).then(c => c.put(e.request, k)); } return r; });
  e.respondWith(caches.match(e.request).then(hit => hit || fresh()));
});
self.addEventListener("push", e => { let d = {}; try { d = e.data.json(); } catch { /* an empty push */ } e.waitUntil(self.registration.showNotification(d.title || "ServiceHub", { body: d.body || "", tag: d.tag || "offer", renotify: true, requireInteraction: true, vibrate: [200, 80, 200], icon: "/art/icon-192.png", data: d })); });
self.addEventListener("notificationclick", e => { e.notification.close(); e.waitUntil(clients.matchAll({ type: "window" }).then(w => w[0] ? w[0].focus() : clients.openWindow(BASE + "/"))); });
