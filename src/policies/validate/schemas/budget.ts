/** Of some 10 ns each: more than any content of the usual largest size needs. */
const MOST_STEPS = 20_000_000;
/** Characters that are matched with expressions of the slow kind: 100 ns each, or more. */
const MOST_CHARACTERS = 262_144;

/** A clause whose subject is the content, as in all faults. */
export const NOT_IN_TIME = "takes too long to validate";

/** What one validation may cost the thread that serves. A schema that tries alternatives can cost much. */
export class Budget {
  #steps = 0;
  #characters = 0;

  /** Before each validation. */
  renew(): void {
    this.#steps = 0;
    this.#characters = 0;
  }

  /** Counts work that takes so many steps. Throws a TooCostly. */
  step(count: number): void {
    this.#steps += count;
    if (this.#steps > MOST_STEPS) throw new TooCostly(NOT_IN_TIME);
  }

  /** Throws a TooCostly. */
  match(characters: number): void {
    this.#characters += characters;
    if (this.#characters > MOST_CHARACTERS) {
      throw new TooCostly(
        `has more than ${MOST_CHARACTERS} characters for the patterns of this route's schema`,
      );
    }
  }
}

/** Nothing is known of the content, so it is refused: the message is for the client. */
export class TooCostly extends Error {
  override readonly name = "TooCostly";
}
