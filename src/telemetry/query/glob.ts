/**
 * Makes a test for texts that match a pattern in which `*` stands for any characters. Takes time in
 * proportion to the text's length, whatever the pattern.
 */
export function globTest(glob: string): (text: string) => boolean {
  const parts = glob.split("*");
  const first = parts.shift() ?? "";
  const last = parts.pop();
  if (last === undefined) return (text) => text === glob;
  const inner = parts.filter((part) => part !== "");
  const shortest = glob.length - parts.length - 1;
  return (text) => {
    if (text.length < shortest || !text.startsWith(first) || !text.endsWith(last)) return false;
    let at = first.length;
    for (const part of inner) {
      const found = text.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return at <= text.length - last.length;
  };
}
