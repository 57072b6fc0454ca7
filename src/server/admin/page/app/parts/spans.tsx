import { timeText } from "../data/format.ts";
import { narrow } from "../data/place.ts";
import { lengthOf, type Span, SPAN_NAMES, type Window } from "../data/window.ts";
import { Icon } from "./icons.tsx";

interface SpansProps {
  readonly window: Window;
  /** The one that the address need not name. */
  readonly usual: Span;
}

/** Chooses how far back a view goes. */
export function Spans({ window, usual }: SpansProps) {
  const choose = (span: Span) =>
    narrow({ since: span === usual ? undefined : span, until: undefined });
  return (
    <div class="spans" role="group" aria-label="Time">
      {window.kind === "between" && (
        <button
          type="button"
          class="span zoomed"
          title="Zoom out (Esc)"
          onClick={() => choose(usual)}
        >
          {timeText(window.from, lengthOf(window))} – {timeText(window.to, lengthOf(window))}
          <Icon name="close" />
        </button>
      )}
      {SPAN_NAMES.map((span) => (
        <button
          key={span}
          type="button"
          class="span"
          aria-pressed={window.kind === "span" && window.span === span}
          onClick={() => choose(span)}
        >
          {span}
        </button>
      ))}
    </div>
  );
}
