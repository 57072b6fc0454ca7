import type { ComponentChildren } from "preact";

interface PartProps {
  readonly title: string;
  readonly actions?: ComponentChildren;
  readonly isClosed?: boolean;
  readonly children: ComponentChildren;
}

/** A part of the panel that can be folded away. */
export function Part({ title, actions, isClosed = false, children }: PartProps) {
  return (
    <details class="part" open={!isClosed}>
      <summary>
        <h3>{title}</h3>
      </summary>
      {actions !== undefined && <div class="part-actions">{actions}</div>}
      {children}
    </details>
  );
}
