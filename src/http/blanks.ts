/**
 * A value without the spaces and tabs around it, which are not part of it (RFC 9110 section 5.5). Unlike
 * `trim`, keeps the byte 0xA0, in which UTF-8 may end. In linear time, whatever a client sends.
 */
export function withoutBlanksAround(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && isBlank(value.charCodeAt(start))) start += 1;
  while (end > start && isBlank(value.charCodeAt(end - 1))) end -= 1;
  return value.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
