const VERSION = '5330a8b5ac70be8f';
const SHELL = [
  "/assets/Confirm-Y-M7n5CR.js",
  "/assets/More-DcHmYpxW.js",
  "/assets/NewPasswordPage-CEecFzfC.js",
  "/assets/NewPasswordPage-COH9cCv_.css",
  "/assets/QrCode-BvTLD9-J.js",
  "/assets/QrCode-U979Q2Ig.css",
  "/assets/Secret-Dp1HFupf.js",
  "/assets/bytes-C5qTpXUr.js",
  "/assets/calendar-CLQcHv32.js",
  "/assets/editing.svelte-DOxUfjjM.js",
  "/assets/geometry-C1Ez4rgw.js",
  "/assets/merge-3yZDRBMS.js",
  "/assets/pager.svelte-gqhpz8B0.js",
  "/assets/phone-DLyLHM3H.css",
  "/assets/phone-QVlC60Gh.js",
  "/assets/rolldown-runtime-P3Pd_6ND.js",
  "/assets/stream.svelte-DUhnGKqn.js",
  "/assets/time-Bs-eUHyd.js",
  "/assets/zoned-BQu-liMi.js",
  "/icon.svg",
  "/phone/manifest.webmanifest",
  "/phone/icon-192.png"
];

// The service worker of the phone page. It keeps the page's shell, so that the page opens without a
// network, and touches nothing else: no answer of the API is ever stored or served from here.
//
// The build puts SHELL (the files of the page) and VERSION (a hash of them) in front of this text. A
// new version is fetched whole before it counts. It takes over when the page asks for it, or when the
// last page of the old one is closed.

const CACHE = `nearhand-phone-${VERSION}`;
const PAGE = '/phone';

self.addEventListener('install', (event) => {
  event.waitUntil(store());
});

self.addEventListener('activate', (event) => {
  event.waitUntil(dropOthers().then(() => self.clients.claim()));
});

self.addEventListener('message', (event) => {
  if (event.data === 'take over') self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate' && (url.pathname === PAGE || url.pathname.startsWith(`${PAGE}/`))) {
    event.respondWith(stored(PAGE, request));
  } else if (SHELL.includes(url.pathname)) {
    event.respondWith(stored(url.pathname, request));
  }
});

async function store() {
  const cache = await caches.open(CACHE);
  // From the server and not from the browser's cache: all files must be of one version.
  await cache.addAll([PAGE, ...SHELL].map((path) => new Request(path, { cache: 'reload' })));
}

async function dropOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith('nearhand-phone-') && name !== CACHE).map((name) => caches.delete(name)));
}

async function stored(path, request) {
  const found = await caches.match(path, { cacheName: CACHE });
  return found ?? fetch(request);
}
