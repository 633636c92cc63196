// Says so when the browser blocks the sign-in window: the button in its frame does not.
(() => {
  const frames = () => document.querySelectorAll('iframe[title*="authorize_button"]');
  const watch = (inside) => {
    if (!inside || inside.rowlightWatches) return;
    inside.rowlightWatches = true;
    const open = inside.open;
    inside.open = (...asked) => {
      const opened = open.apply(inside, asked);
      document.querySelectorAll("#rl-blocked").forEach((word) => { word.hidden = Boolean(opened); });
      return opened;
    };
  };
  const timer = setInterval(() => {
    if (!document.querySelector("#rl-blocked")) clearInterval(timer);
    frames().forEach((frame) => watch(frame.contentWindow));
  }, 250);
})();
