// Before the first paint: light or dark, as the system is set, also when it changes.
const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => { document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light"; };
document.documentElement.classList.add("scripted");
dark.addEventListener("change", follow);
follow();
