import { type Field, FieldName } from "../http/field.ts";
import { withoutBlanksAround } from "../http/blanks.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { type ParsedText, Template } from "../pipeline/placeholders.ts";
import { inField } from "../pipeline/text-places.ts";

/** A field that the configuration writes, made once if it is always the same. */
export class WrittenField {
  readonly #name: FieldName;
  readonly #template: Template;
  readonly #constant: Field | undefined;

  constructor(name: string, text: ParsedText) {
    this.#name = new FieldName(name);
    this.#template = new Template(text, inField);
    const { constant } = this.#template;
    this.#constant = constant === undefined ? undefined : this.#with(constant);
  }

  get isConstant(): boolean {
    return this.#constant !== undefined;
  }

  /** The field for one exchange; its value may be empty. */
  of(exchange: Exchange): Field {
    return this.#constant ?? this.#with(this.#template.text(exchange));
  }

  #with(text: string): Field {
    return this.#name.with(withoutBlanksAround(text));
  }
}
