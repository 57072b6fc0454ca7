import type { Steps } from "../../time/slices.ts";
import type { Family, Sample } from "./family.ts";

/** Where the series of some families come from. */
export interface MetricSource {
  readonly families: readonly Family[];
  /** The series of each family, in the same order, as they are now. */
  collect(): readonly Iterable<Sample>[] | Steps<readonly Iterable<Sample>[]>;
}

/** The series of a source's families. Yields "" where a source that takes long pauses. */
export function* seriesOf(source: MetricSource): Generator<string, readonly Iterable<Sample>[]> {
  const collected = source.collect();
  if (!("next" in collected)) return collected;
  let step = collected.next();
  while (step.done !== true) {
    yield "";
    step = collected.next();
  }
  return step.value;
}

/** A source of one family. */
export function sourceOf(family: Family, samples: () => Iterable<Sample>): MetricSource {
  return { families: [family], collect: () => [samples()] };
}

/** A source of a family with one series and no labels. */
export function single(family: Family, value: () => number): MetricSource {
  return sourceOf(family, () => [{ labels: "", value: value() }]);
}

/** The families of the gateway, in the order in which they are shown. */
export class MetricRegistry {
  readonly sources: readonly MetricSource[];

  /** Throws if two families have one name. */
  constructor(sources: readonly MetricSource[]) {
    this.sources = sources;
    const names = this.families.map(({ name }) => name);
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined) throw new Error(`there are two metrics with the name ${twice}`);
  }

  get families(): readonly Family[] {
    return this.sources.flatMap(({ families }) => families);
  }
}
