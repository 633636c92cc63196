// A tab that slept, or lost its connection, finds out whether its session still stands.
(() => {
  if (window.rowlightWatches) return;
  window.rowlightWatches = true;
  const check = async () => {
    const over = document.querySelector("#rl-over");
    const answer = await fetch("/auth/session", { cache: "no-store" }).catch(() => null);
    // Signed out elsewhere, or signed in anew in another tab: either way this page is not of now.
    if (answer && ((answer.status === 401 && !over) || (answer.status === 204 && over))) location.reload();
  };
  setInterval(check, 30000);
  addEventListener("online", check);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) check(); });
})();
