/** Calls of schemas that refer to each other: more than any content of the largest size needs. */
const MOST_CALLS = 2_000_000;
/** Characters that are matched with expressions of the slow kind: 100 ns each, or more. */
const MOST_CHARACTERS = 262_144;

export const NOT_IN_TIME = "the content takes too long to validate";

/** What one validation may cost the thread that serves. A schema that tries alternatives can cost much. */
export class Budget {
  #calls = 0;
  #characters = 0;

  /** Before each validation. */
  renew(): void {
    this.#calls = 0;
    this.#characters = 0;
  }

  /** Counts calls, or work that takes as long. Throws a TooCostly. */
  call(count: number): void {
    this.#calls += count;
    if (this.#calls > MOST_CALLS) throw new TooCostly(NOT_IN_TIME);
  }

  /** Throws a TooCostly. */
  match(characters: number): void {
    this.#characters += characters;
    if (this.#characters > MOST_CHARACTERS) {
      throw new TooCostly(
        `the patterns of this route's schema are matched with at most ${MOST_CHARACTERS} characters of a request`,
      );
    }
  }
}

/** Nothing is known of the content, so it is refused: the message is for the client. */
export class TooCostly extends Error {
  override readonly name = "TooCostly";
}
