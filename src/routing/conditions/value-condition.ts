import type { Comparison, Condition, Lookup, RoutedRequest } from "./condition.ts";
import type { ValueTest } from "./value-test.ts";

/** What a value is read from. */
export interface ValueSource {
  /** For operators, like "the field x-version". Different for different values. */
  readonly subject: string;
  read(request: RoutedRequest): string | undefined;
  /** Whether an absent value may still come; undefined if it never does. */
  mayFollow?(request: RoutedRequest): boolean;
  /** Whether the values that are asked for are better not shown, in logs and names of routes. */
  readonly isSecret?: boolean;
}

/** A condition on one value of a request. */
export class ValueCondition implements Condition, Comparison {
  readonly text: string;
  readonly key: string;
  readonly weight = 1;
  readonly subject: string;
  readonly lookup: Lookup | undefined;
  readonly #source: ValueSource;
  readonly #test: ValueTest;

  constructor(source: ValueSource, test: ValueTest) {
    this.#source = source;
    this.#test = test;
    this.subject = source.subject;
    this.key = `${source.subject} ${test.text}`;
    this.text =
      source.isSecret === true && test.isAboutContent
        ? `${source.subject} has a certain value`
        : this.key;
    this.lookup = test.values && {
      subject: source.subject,
      values: test.values,
      read: (request) => source.read(request),
    };
  }

  get comparison(): Comparison {
    return this;
  }

  accepts(request: RoutedRequest): boolean {
    const value = this.#source.read(request);
    if (value === undefined && this.#source.mayFollow?.(request) === true) {
      return this.#test.wantsPresent;
    }
    return this.#test.passes(value);
  }

  covers(other: Condition): boolean {
    return other instanceof ValueCondition && this.#test.covers(other.#test);
  }
}
