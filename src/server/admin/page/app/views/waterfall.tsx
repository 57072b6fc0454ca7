import { durationText } from "../data/format.ts";
import type { FullRow } from "../data/types.ts";
import { spansOf } from "./waterfall-spans.ts";

/** Where the time of a request went. */
export function Waterfall({ row }: { readonly row: FullRow }) {
  const spans = spansOf(row);
  const end = spans.reduce((most, { at, took }) => Math.max(most, at + took), row.latency_ms) || 1;
  return (
    <>
      <table class="waterfall" aria-label="Where the time went">
        <colgroup>
          <col class="waterfall-step" />
          <col />
          <col class="waterfall-took" />
        </colgroup>
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Step</th>
            <th scope="col">When</th>
            <th scope="col">Took</th>
          </tr>
        </thead>
        <tbody>
          {spans.map(({ label, note, at, took, tone, isPart }, index) => (
            // The order is all that tells equal steps apart.
            // oxlint-disable-next-line react/no-array-index-key
            <tr key={index} class={isPart ? "is-part" : undefined}>
              <th scope="row">
                {label}
                {note !== "" && <span class={tone === "bad" ? "sub bad" : "sub"}>{note}</span>}
              </th>
              <td class="track">
                <span class="visually-hidden">after {durationText(at)}</span>
                <span
                  class={`span-bar ${tone}`}
                  style={{
                    left: `${(at / end) * 100}%`,
                    width: `${Math.max((took / end) * 100, 0.4)}%`,
                  }}
                />
              </td>
              <td class="number">{durationText(took)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {row.decisions === null && (
        <p class="note small-note">
          No decision trace was kept of this one. <code>logging.trace: all</code> keeps them of
          every request, <code>errors</code> of those that fail.
        </p>
      )}
    </>
  );
}
