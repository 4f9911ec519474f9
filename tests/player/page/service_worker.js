// As in Unity's template for installable pages: everything is answered from the cache first.
self.addEventListener("install", function (event) {
  event.waitUntil(caches.open("player").then(function (cache) { return cache.addAll(["index.html"]); }));
});
self.addEventListener("fetch", function (event) {
  event.respondWith(caches.match(event.request).then(function (found) { return found || fetch(event.request); }));
});
