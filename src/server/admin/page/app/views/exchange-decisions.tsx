import type { Decisions } from "../data/types.ts";
import { Part } from "./part.tsx";

/** Why a backend did not get a request, in words. */
export const OBSTACLES: Readonly<Record<string, string>> = {
  down: "down",
  ejected: "ejected",
  circuit_open: "breaker open",
  drained: "drained",
  full: "full",
  tried: "already tried",
  backup: "a backup",
  weight: "not its turn",
};

/** What was decided on the way, and what was decided against. */
export function Decided({ decisions }: { readonly decisions: Decisions }) {
  const { route, split, picks = [], cache, more } = decisions;
  const { candidates = [], parameters = {} } = route;
  const isEmpty =
    candidates.length === 0 && split === undefined && picks.length === 0 && cache === undefined;
  if (isEmpty) return null;
  return (
    <Part title="Decisions">
      <ul class="decisions">
        {Object.keys(parameters).length > 0 && (
          <li>
            <b>Path</b>
            {Object.entries(parameters).map(([name, value]) => (
              <code key={name}>
                {name} = {value}
              </code>
            ))}
          </li>
        )}
        {candidates.map(({ route: other, why_not: why }) => (
          <li key={other}>
            <b>Not route</b>
            <span>
              {other} <span class="sub">{why}</span>
            </span>
          </li>
        ))}
        {split !== undefined && (
          <li>
            <b>Split</b>
            <span>
              {split.upstream} by {split.by}
              <span class="sub">
                of {split.choices.map(({ upstream, weight }) => `${upstream} ${weight}`).join(", ")}
              </span>
            </span>
          </li>
        )}
        {picks.flatMap(({ backend, others = [], at_ms: at }) => [
          <li key={`${at} picked`}>
            <b>Backend</b>
            <span>{backend ?? "none was available"}</span>
          </li>,
          ...others.map(({ url, why_not: why, detail }) => (
            <li key={`${at} ${url}`}>
              <b>Not</b>
              <span>
                {url}
                <span class="sub">
                  {OBSTACLES[why] ?? why}
                  {detail !== undefined && detail !== "" && `: ${detail}`}
                </span>
              </span>
            </li>
          )),
        ])}
        {cache !== undefined && (
          <li>
            <b>Cache</b>
            <span>{cache}</span>
          </li>
        )}
        {more !== undefined && more > 0 && <li class="note">and {more} more that were not kept</li>}
      </ul>
    </Part>
  );
}
