/** A line of YAML with its parts in their colours. */
export function YamlLine({ text }: { readonly text: string }) {
  const [, lead = "", key = "", colon = "", rest = ""] =
    /^(\s*(?:- +)*)((?:[\w./*-]+|"[^"]*"|'[^']*'))?(:(?=\s|$))?(.*)$/.exec(text) ?? [];
  const comment = commentStart(rest);
  const value = comment === -1 ? rest : rest.slice(0, comment);
  return (
    <>
      {lead}
      {colon === "" ? (
        key !== "" && <span class="yaml-value">{key}</span>
      ) : (
        <span class="yaml-key">{key}</span>
      )}
      {colon}
      <span class="yaml-value">{value}</span>
      {comment !== -1 && <span class="yaml-comment">{rest.slice(comment)}</span>}
    </>
  );
}

/** Where a comment begins; -1 if there is none. A # within quotes begins none. */
function commentStart(text: string): number {
  let quote = "";
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? "";
    if (quote !== "") {
      if (char === quote) quote = "";
    } else if (char === '"' || char === "'") quote = char;
    else if (char === "#" && (at === 0 || /\s/.test(text[at - 1] ?? ""))) return at;
  }
  return -1;
}
