/** What a client says who it is, and what proves it. Both normalized (NFC). */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

const SCHEME = "basic ";
/** Characters of a field; no name and password are that long. */
const LONGEST = 4096;
/** Bytes of a password in UTF-8. */
const LONGEST_PASSWORD = 1024;

/** The credentials of an Authorization field, still encoded; undefined for another scheme than Basic. */
export function basicToken(authorization: string | null): string | undefined {
  if (authorization === null || authorization.length < SCHEME.length) return undefined;
  if (authorization.slice(0, SCHEME.length).toLowerCase() !== SCHEME) return undefined;
  return authorization.slice(SCHEME.length).trim();
}

/** Reads them by RFC 7617, in UTF-8. Text if they are malformed: why, as a clause for the client. */
export function readCredentials(token: string): Credentials | string {
  if (token.length > LONGEST) return "the credentials are too long";
  const bytes = decodeBase64(token);
  if (bytes === undefined) return "the credentials are not Base64";
  let text: string;
  try {
    text = UTF_8.decode(bytes).normalize("NFC");
  } catch {
    return "the credentials are not in UTF-8";
  }
  const colon = text.indexOf(":");
  if (colon === -1) return "the credentials have no colon between user and password";
  const user = text.slice(0, colon);
  const password = text.slice(colon + 1);
  if (CONTROL.test(text)) return "the credentials contain a control character";
  if (user === "" || password === "") return "the user or the password is empty";
  if (Buffer.byteLength(password) > LONGEST_PASSWORD) return "the password is too long";
  return { user, password };
}

const UTF_8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
/** RFC 7617 section 2: neither part may contain any. */
const CONTROL = /\p{Cc}/u;

function decodeBase64(token: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(token)) return undefined;
  try {
    return Uint8Array.fromBase64(token);
  } catch {
    return undefined;
  }
}
