import { useEffect, useState } from "preact/hooks";
import { get } from "../data/api.ts";
import { percentText } from "../data/format.ts";
import { addressOf } from "../data/place.ts";
import type { Explanation, FullRow } from "../data/types.ts";
import { Link } from "../parts/link.tsx";
import { State } from "../parts/words.tsx";
import { doAndSay } from "../shell/toast.tsx";
import { OBSTACLES } from "./exchange-decisions.tsx";
import { Part } from "./part.tsx";

/** What the configuration in force would do with this request now. Nothing is sent. */
export function Explain({ row }: { readonly row: FullRow }) {
  const [answer, setAnswer] = useState<Explanation>();
  useEffect(() => setAnswer(undefined), [row.id]);
  const ask = () =>
    void doAndSay(async () => {
      setAnswer(await get<Explanation>(`explain?${parametersOf(row)}`));
      return "This is what the configuration in force would do with it.";
    });
  return (
    <Part
      title="Explain"
      actions={
        <button type="button" class="button small" onClick={ask}>
          Explain
        </button>
      }
    >
      {answer === undefined ? (
        <p class="note small-note">
          Which route, policies and backends it would get now, without sending anything.
        </p>
      ) : (
        <Explained explanation={answer} />
      )}
    </Part>
  );
}

function parametersOf(row: FullRow): string {
  const parameters = new URLSearchParams({
    method: row.method ?? "GET",
    url: `http://${row.host ?? "localhost"}${row.path ?? "/"}${row.query ?? ""}`,
  });
  for (const [name, value] of row.request_fields ?? []) {
    if (value !== "[redacted]" && name !== "" && name !== "host") {
      parameters.append("header", `${name}: ${value}`);
    }
  }
  return parameters.toString();
}

function Explained({ explanation }: { readonly explanation: Explanation }) {
  const { outcome, others, policies, upstreams = [], sent, notes } = explanation;
  return (
    <ul class="decisions">
      <li>
        <b>Outcome</b>
        <span>
          {outcome} <LineLink line={explanation.route?.at?.line} />
        </span>
      </li>
      {others.map(({ route, why_not: why }) => (
        <li key={route}>
          <b>Not route</b>
          <span>
            {route}
            <span class="sub">{why}</span>
          </span>
        </li>
      ))}
      {policies.map(({ name, scope, settings, at }, index) => (
        // A policy may run more than once.
        // oxlint-disable-next-line react/no-array-index-key
        <li key={index}>
          <b>{index === 0 ? "Policies" : ""}</b>
          <span>
            {name} <span class="tag">{scope}</span> <LineLink line={at?.line} />
            <span class="sub mono">{settingsText(settings)}</span>
          </span>
        </li>
      ))}
      {upstreams.flatMap(({ name, backends }) =>
        backends.map(({ url, share, healthy, why_not: why, detail }) => (
          <li key={`${name ?? ""} ${url}`}>
            <b>{name ?? "Backend"}</b>
            <span>
              <State tone={why === undefined && healthy !== false ? "good" : "bad"}>{url}</State>
              <span class="sub">
                {percentText(share)}
                {why !== undefined && `, ${OBSTACLES[why] ?? why}`}
                {detail !== undefined && `: ${detail}`}
              </span>
            </span>
          </li>
        )),
      )}
      {sent !== undefined && (
        <li>
          <b>Sent as</b>
          <span class="mono">
            {sent.method} {sent.target}
          </span>
        </li>
      )}
      {notes.map((note) => (
        <li key={note}>
          <b>Note</b>
          <span>{note}</span>
        </li>
      ))}
    </ul>
  );
}

function LineLink({ line }: { readonly line: number | undefined }) {
  if (line === undefined) return null;
  return <Link to={addressOf("configuration", { line: String(line) })}>line {line}</Link>;
}

function settingsText(settings: unknown): string {
  const text = JSON.stringify(settings) ?? "";
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
