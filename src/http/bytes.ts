/** Text of the configuration as it is sent: each character is one byte of UTF-8. */
export function bytesOf(text: string): string {
  return NOT_ASCII.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text;
}

/** What a client sent, each character one byte, as text; what is not UTF-8 becomes U+FFFD. */
export function textOfBytes(bytes: string): string {
  return NOT_ASCII.test(bytes) ? Buffer.from(bytes, "latin1").toString("utf8") : bytes;
}

const NOT_ASCII = /[^\0-\x7F]/;
