// The ticket goes back by itself; without scripts its button does the same.
document.getElementById("rl-hand-over")?.requestSubmit();
