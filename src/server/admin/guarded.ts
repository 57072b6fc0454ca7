/** Fields of every answer of the operator's port, unless the answer has its own. */
const GUARDS: readonly (readonly [name: string, value: string])[] = [
  ["x-content-type-options", "nosniff"],
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ["x-frame-options", "DENY"],
  ["cross-origin-resource-policy", "same-origin"],
  ["referrer-policy", "no-referrer"],
  ["cache-control", "no-store"],
];

/** The answer, with what keeps other pages from embedding and browsers from storing it. */
export function guarded(answer: Response): Response {
  for (const [name, value] of GUARDS) {
    if (!answer.headers.has(name)) answer.headers.set(name, value);
  }
  return answer;
}
