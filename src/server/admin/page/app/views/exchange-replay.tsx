import { useEffect, useState } from "preact/hooks";
import { post } from "../data/api.ts";
import type { FullRow } from "../data/types.ts";
import { confirmed } from "../shell/dialog.tsx";
import { doAndSay } from "../shell/toast.tsx";
import { Part } from "./part.tsx";

const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Sends the request again and shows both answers. */
export function Replay({ row }: { readonly row: FullRow }) {
  const [answer, setAnswer] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => setAnswer(undefined), [row.id]);
  const method = row.method ?? "GET";
  const replay = async () => {
    const isMeant =
      SAFE.has(method) ||
      (await confirmed({
        title: `Send this ${method} again?`,
        text: `The backend may do again what it did before: ${method} ${row.path ?? ""}.`,
        yes: `Send ${method}`,
      }));
    if (!isMeant) return;
    setBusy(true);
    await doAndSay(async () => {
      setAnswer(await post("replay", { id: String(row.id) }));
      return "The request was sent again.";
    });
    setBusy(false);
  };
  return (
    <Part
      title="Replay"
      actions={
        <button type="button" class="button small" disabled={isBusy} onClick={() => void replay()}>
          Send again
        </button>
      }
    >
      {answer === undefined ? (
        <p class="note small-note">
          Sends it to its backend again, with the fields and the content that were kept.
        </p>
      ) : (
        <pre class="code">{JSON.stringify(answer, undefined, 2)}</pre>
      )}
    </Part>
  );
}
