import { useEffect, useState } from "preact/hooks";
import { get } from "../data/api.ts";
import type { FullRow } from "../data/types.ts";
import { Part } from "./part.tsx";
import { doAndSay } from "../shell/toast.tsx";

/** What the configuration in force would do with this request now. Nothing is sent. */
export function Explain({ row }: { readonly row: FullRow }) {
  const [answer, setAnswer] = useState<unknown>();
  useEffect(() => setAnswer(undefined), [row.id]);
  const ask = () =>
    void doAndSay(async () => {
      const parameters = new URLSearchParams({
        method: row.method ?? "GET",
        url: `http://${row.host ?? "localhost"}${row.path ?? "/"}${row.query ?? ""}`,
      });
      for (const [name, value] of row.request_fields ?? []) {
        if (value !== "[redacted]" && name !== "") parameters.append("header", `${name}: ${value}`);
      }
      setAnswer(await get(`explain?${parameters.toString()}`));
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
        <pre class="code">{JSON.stringify(answer, undefined, 2)}</pre>
      )}
    </Part>
  );
}
