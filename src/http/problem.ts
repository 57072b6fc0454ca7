/** The content of an error answer (RFC 9457). */
export interface Problem {
  readonly status: number;
  /** Short, and the same for every error of this kind. */
  readonly title: string;
  /** What happened this time, for the client; nothing internal. */
  readonly detail: string;
  /** Extension member: the stable name of the kind, for programs. */
  readonly code: string;
  /** Extension member: identifies the exchange in the log. */
  readonly requestId: string;
  /** A URI that names the kind; "about:blank" (RFC 9457 section 4.2.1) when absent. */
  readonly type?: string;
  /** Further extension members. */
  readonly members?: Readonly<Record<string, unknown>>;
}

/** The JSON text of a problem. */
export function problemContent(problem: Problem): string {
  return JSON.stringify({
    type: problem.type ?? "about:blank",
    title: problem.title,
    status: problem.status,
    detail: problem.detail,
    code: problem.code,
    request_id: problem.requestId,
    ...problem.members,
  });
}
