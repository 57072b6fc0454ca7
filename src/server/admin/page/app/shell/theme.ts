import { Store } from "../data/store.ts";

type Theme = "light" | "dark";

const root = document.documentElement;
const darkWanted = matchMedia("(prefers-color-scheme: dark)");

/** The theme that is shown: the chosen one, or else the system's. */
export const theme = new Store<Theme>(present());

darkWanted.addEventListener("change", () => theme.set(present()));

function present(): Theme {
  const chosen = root.dataset["theme"];
  if (chosen === "light" || chosen === "dark") return chosen;
  return darkWanted.matches ? "dark" : "light";
}

/** Chooses the other theme. A cookie has it, so that the server's first bytes are in it already. */
export function switchTheme(): void {
  const next = theme.value === "dark" ? "light" : "dark";
  root.dataset["theme"] = next;
  // Nothing reads it but the gateway.
  // oxlint-disable-next-line unicorn/no-document-cookie
  document.cookie = `gateway-theme=${next}; Path=/admin/; Max-Age=31536000; SameSite=Strict`;
  theme.set(next);
}
