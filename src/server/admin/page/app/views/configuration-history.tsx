import { useState } from "preact/hooks";
import { post } from "../data/api.ts";
import { addressOf, narrow, place } from "../data/place.ts";
import { useStore } from "../data/store.ts";
import type { ConfigurationDetail, ConfigurationEntry, RolledBack } from "../data/types.ts";
import { useData } from "../data/use-data.ts";
import { Link } from "../parts/link.tsx";
import { Ago, Badge, Loading, Panel, Problem } from "../parts/words.tsx";
import { confirmed, Dialog } from "../shell/dialog.tsx";
import { doAndSay } from "../shell/toast.tsx";

/** Every configuration that was in force, newest first. `changes` grows with each new one. */
export function History({ changes }: { readonly changes: number }) {
  const { parameters } = useStore(place);
  const { value, problem, reload } = useData<ConfigurationEntry[]>("configurations", 0, changes);
  const number = parameters["number"];
  return (
    <Panel title="History" note="Requests name the configuration that served them.">
      {value === undefined ? (
        problem === undefined ? (
          <Loading />
        ) : (
          <Problem problem={problem} retry={reload} />
        )
      ) : value.length === 0 ? (
        <p class="panel-empty">No earlier configuration is known.</p>
      ) : (
        <ol class="history">
          {value.map((entry) => (
            <li key={entry.number}>
              <Link to={addressOf("configuration", { number: String(entry.number) })}>
                <b>{entry.number}</b>
                <span>
                  {entry.cause}
                  {entry.by !== "" && <span class="quiet"> by {entry.by}</span>}
                  <span class="sub">
                    <Ago at={entry.in_force_from} /> · <code>{entry.id.slice(0, 12)}</code>
                  </span>
                </span>
                {entry.in_force_to === null ? (
                  <Badge tone="good">in force</Badge>
                ) : (
                  entry.changes !== null && (
                    <span class="changes">
                      <span class="good">+{entry.changes.added}</span>{" "}
                      <span class="bad">−{entry.changes.removed}</span>
                    </span>
                  )
                )}
              </Link>
            </li>
          ))}
        </ol>
      )}
      {number !== undefined && (
        <Past
          number={number}
          isInForce={value?.find((entry) => String(entry.number) === number)?.in_force_to === null}
          onClose={() => narrow({ number: undefined })}
        />
      )}
    </Panel>
  );
}

interface PastProps {
  readonly number: string;
  readonly isInForce: boolean;
  readonly onClose: () => void;
}

/** One of them: what it changed, and its text. */
function Past({ number, isInForce, onClose }: PastProps) {
  const { value, problem } = useData<ConfigurationDetail>(
    `configurations/${encodeURIComponent(number)}`,
  );
  const [isWhole, setWhole] = useState(false);
  const rollBack = async () => {
    onClose();
    const isMeant = await confirmed({
      title: `Go back to configuration ${number}?`,
      text: "It is written to the configuration’s file, and takes effect at once if it is valid.",
      yes: "Roll back",
    });
    if (!isMeant) return;
    await doAndSay(async () => {
      const { message, backup } = await post<RolledBack>(`configurations/${number}/rollback`);
      return backup === null ? message : `${message} The file before is ${backup}.`;
    });
  };
  return (
    <Dialog title={`Configuration ${number}`} onClose={onClose}>
      {value === undefined ? (
        problem === undefined ? (
          <Loading />
        ) : (
          <Problem problem={problem} />
        )
      ) : (
        <>
          <p class="note">
            {value.cause}
            {value.by !== "" && ` by ${value.by}`}, in force from <Ago at={value.in_force_from} />
            {value.in_force_to !== null && (
              <>
                {" "}
                to <Ago at={value.in_force_to} />
              </>
            )}
          </p>
          {isWhole || value.difference === "" ? (
            <pre class="code">{value.text}</pre>
          ) : (
            <Difference text={value.difference} />
          )}
          <div class="dialog-actions">
            {value.difference !== "" && (
              <button type="button" class="button" onClick={() => setWhole(!isWhole)}>
                {isWhole ? "Show what changed" : "Show all of it"}
              </button>
            )}
            <Link class="button" to={addressOf("requests", { configuration: value.id })}>
              Its requests
            </Link>
            {!isInForce && (
              <button type="button" class="button primary" onClick={() => void rollBack()}>
                Roll back to it
              </button>
            )}
          </div>
        </>
      )}
    </Dialog>
  );
}

function Difference({ text }: { readonly text: string }) {
  return (
    <pre class="code difference">
      {text
        .trimEnd()
        .split("\n")
        .filter((line) => !/^(?:---|\+\+\+) /.test(line))
        .map((line, index) => (
          // Lines are told apart by their places.
          // oxlint-disable-next-line react/no-array-index-key
          <span key={index} class={lineClass(line)}>
            {line === "" ? " " : line}
          </span>
        ))}
    </pre>
  );
}

function lineClass(line: string): string {
  if (line.startsWith("+")) return "added";
  if (line.startsWith("-")) return "removed";
  return line.startsWith("@@") ? "place" : "";
}
