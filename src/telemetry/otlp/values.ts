/**
 * Parts of OTLP's JSON (the JSON mapping of its protobuf messages), as texts. Integers are decimal texts
 * there, ids hexadecimal, and keys in lowerCamelCase.
 */

/** An attribute whose value is text, or one that must not be JSON's special characters' own. */
export function textAttribute(key: string, value: string): string {
  return `{"key":"${key}","value":{"stringValue":${jsonText(value)}}}`;
}

/** An attribute whose value is a whole number. */
export function numberAttribute(key: string, value: number): string {
  return `{"key":"${key}","value":{"intValue":"${value}"}}`;
}

/** A text as JSON that receivers accept: half a surrogate pair is none of protobuf's. */
export function jsonText(value: string): string {
  return PLAIN.test(value) ? `"${value}"` : JSON.stringify(value.toWellFormed());
}

/** What stands in JSON as it is; most texts are no more than that. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** Unix epoch milliseconds, with fractions, as nanoseconds: a whole number that doubles cannot hold. */
export function nanoseconds(milliseconds: number): string {
  const whole = Math.floor(milliseconds);
  const rest = Math.floor((milliseconds - whole) * 1e6);
  return `${whole}${rest.toString().padStart(6, "0")}`;
}

/** What sends: the resource of all that is sent by one gateway. */
export interface Sender {
  readonly service: string;
  readonly version: string;
  /** Distinguishes this process from others of the same service. */
  readonly instance: string;
}

/** The resource, and the scope within it, as OTLP's JSON. */
export function resourceJson({ service, version, instance }: Sender): string {
  const attributes = [
    textAttribute("service.name", service),
    textAttribute("service.version", version),
    textAttribute("service.instance.id", instance),
  ];
  return `{"attributes":[${attributes.join(",")}]}`;
}

export function scopeJson({ version }: Sender): string {
  return `{"name":"gateway","version":${jsonText(version)}}`;
}
