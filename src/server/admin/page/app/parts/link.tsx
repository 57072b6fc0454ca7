import type { ComponentChildren } from "preact";
import { goTo } from "../data/place.ts";

interface LinkProps {
  readonly to: string;
  readonly class?: string;
  readonly title?: string;
  readonly isCurrent?: boolean;
  readonly label?: string;
  readonly how?: "push" | "replace";
  /** What a row is called in the URL. */
  readonly name?: string;
  readonly children?: ComponentChildren;
}

/** A link within the page. A new tab or window gets it as an address like any other. */
export function Link({
  to,
  class: name,
  title,
  isCurrent,
  label,
  how,
  name: open,
  children,
}: LinkProps) {
  return (
    <a
      href={to}
      class={name}
      title={title}
      data-open={open}
      aria-label={label}
      aria-current={isCurrent === true ? "page" : undefined}
      onClick={(event) => {
        if (
          event.button !== 0 ||
          event.metaKey ||
          event.ctrlKey ||
          event.shiftKey ||
          event.altKey
        ) {
          return;
        }
        event.preventDefault();
        goTo(to, how);
      }}
    >
      {children}
    </a>
  );
}
