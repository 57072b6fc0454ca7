/** Names of attribute types (RFC 4519 and what certificates have besides), by their object identifiers. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  "2.5.4.3": ["CN", "commonName"],
  "2.5.4.4": ["SN", "surname"],
  "2.5.4.5": ["serialNumber"],
  "2.5.4.6": ["C", "countryName"],
  "2.5.4.7": ["L", "localityName"],
  "2.5.4.8": ["ST", "S", "stateOrProvinceName"],
  "2.5.4.9": ["street", "streetAddress"],
  "2.5.4.10": ["O", "organizationName"],
  "2.5.4.11": ["OU", "organizationalUnitName"],
  "2.5.4.12": ["title", "T"],
  "2.5.4.13": ["description"],
  "2.5.4.15": ["businessCategory"],
  "2.5.4.17": ["postalCode"],
  "2.5.4.41": ["name"],
  "2.5.4.42": ["GN", "givenName", "G"],
  "2.5.4.43": ["initials"],
  "2.5.4.44": ["generationQualifier"],
  "2.5.4.46": ["dnQualifier"],
  "2.5.4.65": ["pseudonym"],
  "2.5.4.97": ["organizationIdentifier"],
  "0.9.2342.19200300.100.1.1": ["UID", "userId"],
  "0.9.2342.19200300.100.1.25": ["DC", "domainComponent"],
  "1.2.840.113549.1.9.1": ["emailAddress", "E", "email"],
  "1.2.840.113549.1.9.2": ["unstructuredName"],
};

const TYPES: ReadonlyMap<string, string> = new Map(
  Object.entries(NAMES).flatMap(([type, names]) =>
    names.map((name) => [name.toLowerCase(), type] as const),
  ),
);

export const COMMON_NAME = "2.5.4.3";

/** The object identifier of a name, in any case, or of itself with or without "OID." in front. */
export function attributeType(written: string): string | undefined {
  const known = TYPES.get(written.toLowerCase());
  if (known !== undefined) return known;
  return /^(?:oid\.)?([0-2](?:\.(?:0|[1-9][0-9]*))+)$/i.exec(written)?.[1];
}

/** The usual name of an object identifier. */
export function attributeName(type: string): string | undefined {
  return NAMES[type]?.[0];
}
