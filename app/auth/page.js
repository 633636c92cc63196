// A tab that slept, or lost its connection, finds out whether its session still stands.
(() => {
  if (window.rowlightWatches) return;
  window.rowlightWatches = true;
  const over = () => document.querySelector("#rl-over");
  const check = async () => {
    const answer = await fetch("/auth/session", { cache: "no-store" }).catch(() => null);
    // Signed in anew in another tab: this page is not of now.
    if (answer?.status === 204 && over()) location.reload();
    // The page tells by itself that its session is over, where it is still connected.
    if (answer?.status === 401) setTimeout(() => { if (!over()) location.reload(); }, 5000);
  };
  setInterval(check, 30000);
  addEventListener("online", check);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) check(); });
})();
