import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";
import { type FilterName, type FilterTexts, filterText, readFilters } from "../data/filters.ts";
import { Icon } from "../parts/icons.tsx";

interface FiltersProps {
  readonly filters: FilterTexts;
  readonly input: RefObject<HTMLInputElement | null>;
  /** What the gateway says of the filters. */
  readonly problem: string | undefined;
  readonly apply: (filters: FilterTexts, how: "push" | "replace") => void;
  readonly actions: ComponentChildren;
}

/** Filters that are often wanted. */
const QUICK: readonly (readonly [label: string, filters: FilterTexts])[] = [
  ["5xx", { status: "5xx" }],
  ["4xx", { status: "4xx" }],
  ["Errors", { error: "any" }],
  ["Refused", { refused_by: "any" }],
  ["Slow", { duration: ">500ms" }],
  ["Last hour", { since: "1h" }],
];

/** One line of `name:value` words, and the same as chips that can be taken away. */
export function RequestFilters({ filters, input, problem, apply, actions }: FiltersProps) {
  const applied = filterText(filters);
  const [text, setText] = useState(applied);
  useEffect(() => setText(applied), [applied]);
  const read = readFilters(text);
  const shown = read.problem ?? problem;
  const without = (name: FilterName): FilterTexts => {
    const { [name]: _, ...others } = filters;
    return others;
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (read.problem === undefined && filterText(read.filters) !== applied) {
      apply(read.filters, "push");
    }
    // What was guessed is shown as what it was taken for.
    if (read.problem === undefined) setText(filterText(read.filters));
  };
  return (
    <div class="filters">
      <div class="filter-line">
        <form role="search" onSubmit={submit}>
          <Icon name="search" />
          <input
            ref={input}
            type="text"
            value={text}
            aria-label="Filter the requests"
            aria-describedby="filter-problem"
            aria-invalid={shown !== undefined}
            placeholder="status:5xx path:/api/* duration:>200ms"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
          <kbd aria-hidden="true">/</kbd>
        </form>
        {actions}
      </div>
      <p
        id="filter-problem"
        class={shown === undefined ? "visually-hidden" : "field-problem"}
        role="status"
      >
        {shown ?? ""}
      </p>
      <div class="chips">
        {(Object.entries(filters) as [FilterName, string][]).map(([name, value]) => (
          <span key={name} class="chip">
            <span class="chip-name">{name}</span>
            {value}
            <button
              type="button"
              aria-label={`Remove the filter ${name}`}
              onClick={() => apply(without(name), "push")}
            >
              <Icon name="close" />
            </button>
          </span>
        ))}
        {QUICK.filter(([, quick]) => Object.keys(quick).every((name) => !(name in filters))).map(
          ([label, quick]) => (
            <button
              key={label}
              type="button"
              class="quick"
              title={filterText(quick)}
              onClick={() => apply({ ...filters, ...quick }, "push")}
            >
              + {label}
            </button>
          ),
        )}
      </div>
    </div>
  );
}
