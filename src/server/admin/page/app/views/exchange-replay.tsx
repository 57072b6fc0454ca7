import { useEffect, useState } from "preact/hooks";
import { post } from "../data/api.ts";
import { entered } from "../data/form.ts";
import { bytesText, durationText, NOTHING } from "../data/format.ts";
import type { FullRow, Replay as Replayed, ReplayedAnswer } from "../data/types.ts";
import { Status } from "../parts/words.tsx";
import { confirmed } from "../shell/dialog.tsx";
import { doAndSay } from "../shell/toast.tsx";
import { indented } from "./content.tsx";
import { Part } from "./part.tsx";

const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/** Sends the request again and shows both answers. */
export function Replay({ row }: { readonly row: FullRow }) {
  const [answer, setAnswer] = useState<Replayed>();
  const [isBusy, setBusy] = useState(false);
  useEffect(() => setAnswer(undefined), [row.id]);
  const method = row.method ?? "GET";
  const replay = async (event: SubmitEvent) => {
    event.preventDefault();
    const to = entered(event.currentTarget as HTMLFormElement, "to");
    const isSafe = SAFE.has(method);
    const isMeant =
      isSafe ||
      (await confirmed({
        title: `Send this ${method} again?`,
        text: `The backend may do again what it did before: ${method} ${row.path ?? ""}.`,
        yes: `Send ${method}`,
      }));
    if (!isMeant) return;
    setBusy(true);
    await doAndSay(async () => {
      setAnswer(
        await post<Replayed>("replay", {
          id: row.id,
          ...(to !== "" && { to }),
          ...(!isSafe && { confirm: true }),
        }),
      );
      return "The request was sent again.";
    });
    setBusy(false);
  };
  return (
    <Part title="Replay">
      <form class="replay-form" onSubmit={(event) => void replay(event)}>
        <input
          name="to"
          type="url"
          aria-label="Where to, in place of its backend"
          placeholder={row.backend ?? "http://localhost:9001"}
          required={row.backend === null || row.backend === ""}
        />
        <button type="submit" class="button" disabled={isBusy}>
          Send again
        </button>
      </form>
      {answer === undefined ? (
        <p class="note small-note">
          Goes to the backend directly, with the fields and the content that were kept.
        </p>
      ) : (
        <Answers replayed={answer} />
      )}
    </Part>
  );
}

/** The two answers side by side. */
function Answers({
  replayed: { request, logged, replayed, differences },
}: {
  readonly replayed: Replayed;
}) {
  return (
    <>
      <table class="answers" aria-label="Both answers">
        <thead>
          <tr>
            <th scope="col" />
            <th scope="col">Then</th>
            <th scope="col">Now</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Status</th>
            <td>
              <AnswerStatus answer={logged} />
            </td>
            <td>
              <AnswerStatus answer={replayed} />
            </td>
          </tr>
          <tr>
            <th scope="row">Duration</th>
            <td>{durationText(logged.duration_ms)}</td>
            <td>{durationText(replayed.duration_ms)}</td>
          </tr>
          <tr>
            <th scope="row">Content</th>
            <td>{sizeText(logged.bytes)}</td>
            <td>
              {sizeText(replayed.bytes)}
              {differences.content === false && <span class="sub">the same</span>}
            </td>
          </tr>
          {differences.fields.map(({ name, logged: then, replayed: now }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{then ?? NOTHING}</td>
              <td>{now ?? NOTHING}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {replayed.content?.text !== undefined && (
        <pre class="code">{indented(replayed.content.text)}</pre>
      )}
      <p class="note small-note">
        {request.method} {request.url}
      </p>
      {request.notes.map((note) => (
        <p key={note} class="note small-note">
          {note}
        </p>
      ))}
    </>
  );
}

function AnswerStatus({ answer: { status, error, message } }: { readonly answer: ReplayedAnswer }) {
  return (
    <>
      {status > 0 && <Status status={status} />}
      {error !== "" && <span class="sub">{error}</span>}
      {message !== "" && <span class="sub">{message}</span>}
    </>
  );
}

function sizeText(bytes: number): string {
  return bytes < 0 ? NOTHING : bytesText(bytes);
}
