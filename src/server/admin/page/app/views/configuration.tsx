import { useEffect, useRef } from "preact/hooks";
import { configurationChanges } from "../data/live.ts";
import { addressOf, place } from "../data/place.ts";
import { useStore } from "../data/store.ts";
import type { Configuration } from "../data/types.ts";
import { useData } from "../data/use-data.ts";
import { Link } from "../parts/link.tsx";
import {
  Ago,
  Badge,
  Copy,
  Empty,
  Loading,
  Marked,
  Panel,
  Problem,
  type Tone,
} from "../parts/words.tsx";
import { History } from "./configuration-history.tsx";
import { YamlLine } from "./yaml.tsx";

const TONES: Readonly<Record<string, Tone>> = {
  high: "bad",
  error: "bad",
  medium: "warn",
  warning: "warn",
  low: "info",
};

/** Something that is said of a line. */
interface Remark {
  readonly line: number;
  readonly severity: string;
  readonly title: string;
  readonly remedy: string;
}

export function ConfigurationView() {
  const changes = useStore(configurationChanges);
  const { value, problem, reload } = useData<Configuration>("configuration", 0, changes);
  if (value === undefined) {
    return (
      <div class="view">
        <Panel title="In force">
          {problem === undefined ? (
            <Loading lines={14} />
          ) : (
            <Problem problem={problem} retry={reload} />
          )}
        </Panel>
      </div>
    );
  }
  const remarks: readonly Remark[] = [
    ...value.diagnostics.map(({ line, severity, message }) => ({
      line,
      severity,
      title: message,
      remedy: "",
    })),
    ...value.findings,
  ].toSorted((one, other) => rankOf(one) - rankOf(other));
  return (
    <div class="view">
      <div class="columns">
        <Panel
          title={value.file ?? "Without a file"}
          note={
            value.in_force_since !== null && (
              <>
                in force since <Ago at={value.in_force_since} />
                {value.id !== null && (
                  <>
                    {" "}
                    as <code>{value.id}</code>
                  </>
                )}
              </>
            )
          }
          actions={<Copy text={value.lines.join("\n")} />}
        >
          {value.lines.length === 0 ? (
            <Empty icon="configuration" title="There is no file to show">
              <p>The gateway was started without one.</p>
            </Empty>
          ) : (
            <Source lines={value.lines} remarks={remarks} />
          )}
        </Panel>
        <div class="stack">
          <Remarks remarks={remarks} />
          <History changes={changes} />
        </div>
      </div>
    </div>
  );
}

function Remarks({ remarks }: { readonly remarks: readonly Remark[] }) {
  return (
    <Panel title="What would be risky" note="The same as gateway audit says.">
      {remarks.length === 0 ? (
        <p class="panel-empty">Nothing was found.</p>
      ) : (
        <ul class="remarks">
          {remarks.map(({ line, severity, title, remedy }) => (
            <li key={`${line} ${title}`}>
              <Badge tone={TONES[severity] ?? "quiet"}>{severity}</Badge>
              <div>
                <Link class="name" to={addressOf("configuration", { line: String(line) })}>
                  <Marked text={title} />
                </Link>
                {remedy !== "" && (
                  <span class="sub">
                    <Marked text={remedy} />
                  </span>
                )}
                <span class="sub">line {line}</span>
              </div>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  );
}

interface SourceProps {
  readonly lines: readonly string[];
  readonly remarks: readonly Remark[];
}

/** The file, line by line, with what is said of each. */
function Source({ lines, remarks }: SourceProps) {
  const { parameters } = useStore(place);
  const wanted = Number(parameters["line"]);
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    list.current?.children[wanted - 1]?.scrollIntoView({ block: "center" });
  }, [wanted, lines.length > 0]);
  return (
    <div class="source" role="region" aria-label="The configuration's lines" tabIndex={0}>
      <ol ref={list}>
        {lines.map((text, index) => {
          const line = index + 1;
          const said = remarks.filter((remark) => remark.line === line);
          const [worst] = said;
          return (
            // Lines are told apart by their numbers.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={line} class={line === wanted ? "is-wanted" : undefined}>
              <span class="line-number" aria-hidden="true">
                {line}
              </span>
              <code class={worst && `has-remark ${TONES[worst.severity] ?? ""}`}>
                <YamlLine text={text} />
              </code>
              {said.map(({ title, severity }) => (
                <span key={title} class={`remark ${TONES[severity] ?? ""}`}>
                  <Marked text={title} />
                </span>
              ))}
            </li>
          );
        })}
      </ol>
    </div>
  );
}

const SEVERITIES = ["error", "warning", "high", "medium", "low"];

/** The worst come first. */
const rankOf = ({ severity }: Remark): number => SEVERITIES.indexOf(severity);
