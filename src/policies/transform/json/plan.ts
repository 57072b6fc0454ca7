import { INDEX, type Step } from "./path.ts";

/** A value to set: JSON text, or what makes it for each exchange. */
export type JsonValue<Source> = Uint8Array | ((source: Source) => Uint8Array);

/** What is to be done at one place of a JSON text, and below. */
export interface Plan<Source> {
  /** The JSON text of the member's name, or of its new one; unused for the whole text and for items. */
  readonly nameText: Uint8Array;
  readonly names: ReadonlyMap<string, Plan<Source>>;
  /** For the items of a list that have plans of their own; those include the plan for each item. */
  readonly indexes: ReadonlyMap<number, Plan<Source>>;
  readonly each: Plan<Source> | undefined;
  readonly isRemoved: boolean;
  /** The member's new name; undefined if it keeps its own. */
  readonly newName: string | undefined;
  readonly value: JsonValue<Source> | undefined;
  /** Whether members below get new names. */
  readonly hasNewNames: boolean;
}

/** One thing to do. */
export interface Action<Source> {
  readonly path: readonly Step[];
  readonly remove?: boolean;
  readonly rename?: string;
  readonly value?: JsonValue<Source>;
}

/** Arranges what is to be done by where; undefined if there is nothing. */
export function planOf<Source>(actions: readonly Action<Source>[]): Plan<Source> | undefined {
  return actions.length === 0 ? undefined : planAt(actions, 0, "");
}

function planAt<Source>(
  actions: readonly Action<Source>[],
  depth: number,
  name: string,
): Plan<Source> {
  const here = actions.filter(({ path }) => path.length === depth);
  const below = actions.filter(({ path }) => path.length > depth);
  const ofEach = below.filter(({ path }) => path[depth]?.isEach === true);
  const named = Map.groupBy(
    below.filter(({ path }) => path[depth]?.isEach === false),
    ({ path }) => path[depth]?.name ?? "",
  );
  const names = new Map<string, Plan<Source>>();
  const indexes = new Map<number, Plan<Source>>();
  for (const [below, some] of named) {
    names.set(below, planAt(some, depth + 1, below));
    if (INDEX.test(below)) {
      indexes.set(Number(below), planAt([...ofEach, ...some], depth + 1, below));
    }
  }
  const newName = here.find(({ rename }) => rename !== undefined)?.rename;
  return {
    nameText: Buffer.from(JSON.stringify(newName ?? name)),
    names,
    indexes,
    each: ofEach.length === 0 ? undefined : planAt(ofEach, depth + 1, ""),
    isRemoved: here.some(({ remove }) => remove === true),
    newName,
    value: here.findLast(({ value }) => value !== undefined)?.value,
    hasNewNames: [...names.values()].some(({ newName }) => newName !== undefined),
  };
}
