import { percentText } from "../data/format.ts";
import { addressOf } from "../data/place.ts";
import { Link } from "./link.tsx";

interface ErrorRateProps {
  readonly rate: number;
  readonly of: Readonly<Record<string, string>>;
}

/** A share of errors that leads to them. */
export function ErrorRate({ rate, of }: ErrorRateProps) {
  if (rate === 0) return <span class="quiet">0 %</span>;
  return (
    <Link
      class={rate >= 0.05 ? "bad" : "warn"}
      to={addressOf("requests", { ...of, status: "5xx" })}
    >
      {percentText(rate)}
    </Link>
  );
}
