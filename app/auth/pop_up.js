// Says so when the browser blocks the sign-in window: the button in its frame does not.
(() => {
  const frames = () => document.querySelectorAll('iframe[title*="authorize_button"]');
  const watch = (frame) => {
    const inside = frame.contentWindow;
    if (!inside || inside.rowlightWatches) return;
    inside.rowlightWatches = true;
    frame.ariaLabel = "Sign in"; // its title is the component's name in code
    const open = inside.open;
    inside.open = (...asked) => {
      const opened = open.apply(inside, asked);
      document.querySelectorAll("#rl-blocked").forEach((word) => { word.hidden = Boolean(opened); });
      return opened;
    };
  };
  const timer = setInterval(() => {
    if (!document.querySelector("#rl-blocked")) clearInterval(timer);
    frames().forEach(watch);
  }, 250);
})();
