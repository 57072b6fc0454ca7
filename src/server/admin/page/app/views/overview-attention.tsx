import { conditionOf } from "../data/backend-state.ts";
import { counted, dayText, MINUTE } from "../data/format.ts";
import { addressOf } from "../data/place.ts";
import type { Certificates } from "../data/types.ts";
import { useBackends } from "../data/use-backends.ts";
import { useData } from "../data/use-data.ts";
import { Icon } from "../parts/icons.tsx";
import { Link } from "../parts/link.tsx";

interface Trouble {
  readonly key: string;
  readonly isBad: boolean;
  readonly what: string;
  readonly why: string;
  readonly to: string;
}

/** Days before its end at which a certificate should have been renewed. */
const SOON = 14;
const SHOWN = 4;

/** What an operator has to look at now; a line that all is well if there is nothing. */
export function Attention() {
  const backends = useBackends("since=5m", 15_000).value?.backends;
  const certificates = useData<Certificates>("certificates", 10 * MINUTE).value?.certificates ?? [];
  if (backends === undefined) return <p class="attention is-loading">&nbsp;</p>;
  const troubles: Trouble[] = [
    ...backends.flatMap((backend) => {
      const { tone, word, detail } = conditionOf(backend);
      if (tone === "good" || tone === "quiet") return [];
      const { url, route } = backend;
      return [
        {
          key: `${route} ${url}`,
          isBad: tone === "bad",
          what: `${url} is ${word.toLowerCase().replace("breaker ", "behind a breaker that is ")}`,
          why: detail,
          to: addressOf("backends"),
        },
      ];
    }),
    ...certificates
      .filter(({ days_left: left }) => left < SOON)
      .map(({ names, days_left: left, not_after: end }) => ({
        key: names.join(),
        isBad: left < 3,
        what: `The certificate of ${names[0] ?? "nobody"} ${left < 0 ? "has expired" : `expires in ${counted(left, "day")}`}`,
        why: dayText(end),
        to: addressOf("operations"),
      })),
  ];
  const drained = backends.filter((backend) => backend.drained).length;
  if (troubles.length === 0) {
    if (backends.length === 0) return <p class="attention">No route has backends.</p>;
    return (
      <p class="attention good">
        <Icon name="check" />
        {`All ${counted(new Set(backends.map(({ url }) => url)).size, "backend")} are up.`}
        {drained > 0 && ` ${counted(drained, "backend")} drained.`}
      </p>
    );
  }
  const first = troubles.toSorted((a, b) => Number(b.isBad) - Number(a.isBad)).slice(0, SHOWN);
  const more = troubles.length - first.length;
  return (
    <ul class="attention" aria-label="Needs attention">
      {first.map(({ key, isBad, what, why, to }) => (
        <li key={key} class={isBad ? "bad" : "warn"}>
          <Icon name="alert" />
          <p>
            <Link to={to}>{what}</Link> <span class="why">{why}</span>
          </p>
        </li>
      ))}
      {more > 0 && (
        <li>
          <Link to={addressOf("backends")}>{more} more</Link>
        </li>
      )}
    </ul>
  );
}
