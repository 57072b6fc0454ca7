import { FILTERS } from "../data/filters.ts";
import { Dialog } from "./dialog.tsx";

const KEYS = [
  ["1 … 7", "go to a view"],
  ["/", "filter the requests"],
  ["p", "pause or resume"],
  ["j  k", "next or previous request"],
  ["Enter", "open the request"],
  ["Esc", "close, or zoom out"],
  ["t", "light or dark"],
  ["?", "this help"],
] as const;

export function Help({ onClose }: { readonly onClose: () => void }) {
  return (
    <Dialog title="Keys and filters" onClose={onClose}>
      <div class="help">
        <section>
          <h3>Keys</h3>
          <dl class="keys">
            {KEYS.map(([key, does]) => (
              <div key={key}>
                <dt>
                  {key.split(/ +/).map((one) => (one === "…" ? " … " : <kbd key={one}>{one}</kbd>))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
          <p class="note">Drag over a chart to zoom in; double-click it to zoom out.</p>
        </section>
        <section>
          <h3>Filters</h3>
          <p class="note">
            The same as in <code>gateway logs</code>. All that are given have to hold.
          </p>
          <dl class="filters-help">
            {Object.entries(FILTERS).map(([name, example]) => (
              <div key={name}>
                <dt>
                  <code>{name}:</code>
                </dt>
                <dd>{example}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </Dialog>
  );
}
