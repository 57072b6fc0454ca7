import { useState } from "preact/hooks";
import { post } from "../data/api.ts";
import { countText, percentText } from "../data/format.ts";
import { useData } from "../data/use-data.ts";
import { Panel } from "../parts/words.tsx";
import { doAndSay } from "../shell/toast.tsx";

interface Share {
  readonly upstream: string;
  readonly weight: number;
  readonly configured_weight: number;
  readonly requests: number;
}

interface SplitList {
  readonly splits: Readonly<Record<string, readonly Share[]>>;
}

/** How routes divide their requests between upstreams, and the weights to change. */
export function Splits() {
  const { value, reload } = useData<SplitList>("splits", 10_000);
  const splits = Object.entries(value?.splits ?? {});
  if (splits.length === 0) return null;
  return (
    <Panel
      title="Splits"
      note="Weights that are changed here hold until the configuration changes them, or a restart."
    >
      <div class="splits">
        {splits.map(([route, shares]) => (
          <SplitForm
            key={`${route} ${shares.map(({ weight }) => weight).join()}`}
            route={route}
            shares={shares}
            onChanged={reload}
          />
        ))}
      </div>
    </Panel>
  );
}

interface FormProps {
  readonly route: string;
  readonly shares: readonly Share[];
  readonly onChanged: () => void;
}

function SplitForm({ route, shares, onChanged }: FormProps) {
  const [weights, setWeights] = useState(shares.map(({ weight }) => weight));
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const isChanged = shares.some(({ weight }, index) => weight !== weights[index]);
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const wanted = Object.fromEntries(shares.map(({ upstream }, at) => [upstream, weights[at]]));
    const isDone = await doAndSay(async () => {
      await post("splits", { route, weights: wanted });
      return `The weights of ${route} are changed.`;
    });
    if (isDone) onChanged();
  };
  return (
    <form class="split" onSubmit={(event) => void save(event)}>
      <h3 class="mono">{route}</h3>
      {shares.map(({ upstream, requests, configured_weight: configured }, index) => {
        const weight = weights[index] ?? 0;
        const share = all > 0 ? weight / all : 0;
        return (
          <label key={upstream} class="split-share">
            <span class="split-name">{upstream}</span>
            <span class="meter" aria-hidden="true">
              <span style={{ width: `${share * 100}%` }} />
            </span>
            <span class="split-percent">{percentText(share)}</span>
            <input
              type="number"
              min={0}
              max={1_000_000}
              required
              aria-label={`Weight of ${upstream}`}
              title={`${configured} in the configuration`}
              value={weight}
              onInput={({ currentTarget }) =>
                setWeights(weights.with(index, Number(currentTarget.value)))
              }
            />
            <span class="quiet">{countText(requests)} requests</span>
          </label>
        );
      })}
      <button type="submit" class="button small" disabled={!isChanged || all === 0}>
        Change weights
      </button>
    </form>
  );
}
