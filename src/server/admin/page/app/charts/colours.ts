import { theme } from "../shell/theme.ts";

const known = new Map<string, string>();
theme.listen(() => known.clear());

/** A colour of the style sheet, by its name there, as a canvas wants it. */
export function colour(name: string): string {
  const found = known.get(name);
  if (found !== undefined) return found;
  // Only an element's own colour is resolved; a variable would be told as it was written.
  const probe = document.createElement("i");
  probe.hidden = true;
  probe.style.color = `var(--${name})`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  known.set(name, color);
  return color;
}

/** The same with an opacity from 0 to 1. */
export function faded(name: string, opacity: number): string {
  return colour(name).replace(/^rgba?\(([^),]+),([^),]+),([^),]+).*$/, `rgba($1,$2,$3,${opacity})`);
}
