/**
 * All of a message's content, in one piece; undefined, with the rest cancelled, if it is longer than
 * `longest` bytes. Rejects if it breaks off.
 */
export async function wholeContent(
  { body }: Pick<Response, "body">,
  longest: number,
): Promise<Buffer<ArrayBuffer> | undefined> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of body ?? []) {
    length += piece.length;
    if (length > longest) return undefined;
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
