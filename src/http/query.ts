/**
 * The first value of a parameter in a query, "?" included or not, decoded as forms are: "+" is a blank
 * (WHATWG URL, application/x-www-form-urlencoded). Each character of the name and of the value is one
 * byte. Null without one; empty for a parameter without "=".
 */
export function queryParameter(query: string, name: string): string | null {
  let start = query.startsWith("?") ? 1 : 0;
  while (start < query.length) {
    const next = query.indexOf("&", start);
    const end = next === -1 ? query.length : next;
    const equals = query.indexOf("=", start);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    if (decodeForm(query.slice(start, nameEnd)) === name) {
      return decodeForm(query.slice(Math.min(nameEnd + 1, end), end));
    }
    start = end + 1;
  }
  return null;
}

const ESCAPE = /%[0-9A-Fa-f]{2}/g;

/** A "%" that begins no escape stands for itself, as browsers read it. */
function decodeForm(written: string): string {
  const blanks = written.includes("+") ? written.replaceAll("+", " ") : written;
  return blanks.includes("%") ? blanks.replace(ESCAPE, byteOf) : blanks;
}

function byteOf(escape: string): string {
  return String.fromCharCode(Number.parseInt(escape.slice(1), 16));
}
