import type { Config } from "../../config/schema.ts";
import { type WrittenAt, writtenAt } from "../../config/written-at.ts";
import { scalarsIn, secretTexts } from "../../config/written-secrets.ts";
import type { ConfigDocument } from "../../documents/text/document.ts";
import { REDACTED } from "../../pipeline/redaction.ts";
import type { RoutePattern, RouteTable } from "../../routing/table.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import { durationText } from "../../units/duration.ts";
import { sizeText } from "../../units/size.ts";
import type { ExplainedPlace, ExplainedSetting } from "./explanation.ts";

/** A route of the table, at the place that it has in the configuration. */
export interface IdentifiedRoute extends RoutePattern {
  readonly id: string;
  /** Those of a running gateway. */
  readonly upstreams?: readonly Upstream[];
}

/** A configuration that requests are asked about. */
export interface ExplainedConfiguration {
  readonly config: Config;
  /** Its text; undefined if it is not known: then there are no places. */
  readonly document: ConfigDocument | undefined;
  /** In the configuration's order. */
  readonly routes: readonly IdentifiedRoute[];
  readonly table: RouteTable<IdentifiedRoute>;
}

type Path = readonly (string | number)[];
type Scope = NonNullable<ExplainedSetting["scope"]>;

/** Where something is written, for JSON. */
export function placeOf(
  { document }: Pick<ExplainedConfiguration, "document">,
  path: Path,
): WrittenAt | undefined {
  return document === undefined ? undefined : writtenAt(document, path);
}

export function shownPlace(place: WrittenAt | undefined): { readonly at?: ExplainedPlace } {
  if (place === undefined) return {};
  const { file, line, column } = place;
  return { at: { file, line, column } };
}

/** `scope`, unless it stands below `defaults`. */
export function scopeOf<Own extends Scope>(
  place: WrittenAt | undefined,
  scope: Own,
): Own | "defaults" {
  return place?.isDefault === true ? "defaults" : scope;
}

/** Makes settings ready to be shown: without secrets, and with durations as people write them. */
export class Shown {
  readonly #secrets: readonly string[];
  readonly #document: ConfigDocument | undefined;
  /** Texts with variables, by their keys: a variable may hold a secret. */
  readonly #variables: ReadonlyMap<string, string>;
  /** Texts as they stand in the file. */
  readonly #plain: ReadonlySet<string>;

  constructor({ document }: ExplainedConfiguration) {
    this.#document = document;
    const scalars = document?.root === undefined ? [] : scalarsIn(document.root.node);
    this.#plain = new Set(scalars.map(({ node }) => node.written));
    this.#variables = new Map(
      scalars
        .filter(({ node }) => node.written.includes("${"))
        .map(({ path, node }) => [keyOf(path), node.written]),
    );
    this.#secrets = secretTexts(document?.root?.node).filter(({ length }) => length > 2);
  }

  of(value: unknown, key = ""): unknown {
    if (typeof value === "string") {
      const milliseconds = /^([0-9]+)ms$/.exec(value)?.[1];
      return milliseconds === undefined ? this.text(value, key) : longText(Number(milliseconds));
    }
    if (typeof value === "number" && SIZE_KEY.test(key)) return sizeText(value);
    if (Array.isArray(value)) return value.map((one) => this.of(one, key));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, one]) => one !== undefined)
        .map(([name, one]) => [name, this.of(one, name)]),
    );
  }

  /** A text that stands under a key, or as a field of this name. */
  text(written: string, key: string): string {
    if (SECRET_KEY.test(key)) return REDACTED;
    const variable = this.#variables.get(key.toLowerCase());
    const isVariable = variable !== undefined && !this.#plain.has(written);
    let text = isVariable ? variable : withoutPassword(written);
    for (const secret of this.#secrets) text = text.replaceAll(secret, REDACTED);
    return isVariable ? text : (this.#document?.redact(text) ?? text);
  }
}

/** Of what is in lists the key of the list. */
function keyOf(path: Path): string {
  return (path.findLast((step) => typeof step === "string") ?? "").toLowerCase();
}

/** Keys whose texts are secrets, and fields with credentials that a configuration sets. */
const SECRET_KEY =
  /(?:^|[-_])(?:authorization|token|secret|password|passphrase|credentials?|api-?key|access_key|secret_key)$/i;

/** Keys whose numbers are bytes. */
const SIZE_KEY = /^(?:m(?:ax|in)_(?:size|entry|body|body_size))$/;

function withoutPassword(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/[^/@:]*:)[^/@]+@/i, `$1${REDACTED}@`);
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function longText(milliseconds: number): string {
  if (milliseconds === 0) return "0";
  if (milliseconds % DAY === 0) return `${milliseconds / DAY}d`;
  return milliseconds % HOUR === 0 ? `${milliseconds / HOUR}h` : durationText(milliseconds);
}
