import type { ConfigIssue } from "../pipeline/policy.ts";
import { textsIn } from "../pipeline/parsed-texts.ts";

/**
 * Warns of variables of nginx, HAProxy, Envoy and templates in a route's texts: they are sent as they
 * stand, which nobody means.
 */
export function checkForeignVariables(route: object): ConfigIssue[] {
  return textsIn(route).flatMap(({ path, text }) => {
    // Prices are `$5` too, but not in a path.
    const [key] = path;
    const isOfPath = key === "rewrite" || key === "redirect";
    return VARIABLES.flatMap(({ form, answer, onlyInPaths = false }): ConfigIssue[] => {
      const found = onlyInPaths && !isOfPath ? null : form.exec(text);
      const remedy = found === null ? undefined : answer(found[1] ?? "");
      if (found === null || remedy === undefined) return [];
      const message = `\`${found[0]}\` is sent as it stands; ${remedy}`;
      return [{ path, message, offset: found.index, severity: "warning" }];
    });
  });
}

interface Variable {
  /** Its first group is the name. */
  readonly form: RegExp;
  /** What to write instead; undefined if it is none. */
  readonly answer: (name: string) => string | undefined;
  readonly onlyInPaths?: boolean;
}

const VARIABLES: readonly Variable[] = [
  {
    form: /[$\\]\{?[0-9]\}?/,
    onlyInPaths: true,
    answer: () => "name that part of `path`, like `*rest`, and write `{path.rest}`",
  },
  { form: /\$([a-z]\w*)/, answer: (name) => written(ofNginx(name)) },
  { form: /%REQ\(:?([\w-]+)[^)]*\)%/, answer: (name) => written(ofEnvoy(name)) },
  { form: /%DOWNSTREAM_REMOTE_ADDRESS\w*%/, answer: () => written("client.ip") },
  { form: /%\[(?:req\.)?f?hdr\(([\w-]+)\)\]/, answer: (name) => written(`header.${name}`) },
  { form: /%\[src\]/, answer: () => written("client.ip") },
  { form: /\{\{\s*\.[A-Z]\w*/, answer: () => "a placeholder is written like `{request.host}`" },
];

function written(placeholder: string | undefined): string | undefined {
  return placeholder === undefined ? undefined : `write \`{${placeholder}}\``;
}

function ofNginx(name: string): string | undefined {
  const [, kind = "", rest = ""] = /^(arg|http|cookie)_(\w+)$/.exec(name) ?? [];
  const [, claim] = /^jwt_claim_(\w+)$/.exec(name) ?? [];
  if (claim !== undefined) return `auth.claims.${claim}`;
  if (kind === "arg") return `query.${rest}`;
  if (kind === "cookie") return `cookie.${rest}`;
  if (Object.hasOwn(NGINX, name)) return NGINX[name];
  return kind === "http" ? `header.${rest.replace(/_/g, "-")}` : undefined;
}

function ofEnvoy(name: string): string {
  return ENVOY[name.toLowerCase()] ?? `header.${name.toLowerCase()}`;
}

const NGINX: Readonly<Record<string, string>> = {
  remote_addr: "client.ip",
  binary_remote_addr: "client.ip",
  realip_remote_addr: "client.ip",
  host: "request.hostname",
  http_host: "request.host",
  scheme: "request.scheme",
  uri: "request.path",
  document_uri: "request.path",
  request_uri: "request.path}?{request.query",
  args: "request.query",
  query_string: "request.query",
  request_id: "request.id",
  request_method: "request.method",
  server_port: "request.port",
  remote_user: "auth.subject",
  ssl_client_s_dn: "client.certificate.subject",
};

const ENVOY: Readonly<Record<string, string>> = {
  authority: "request.host",
  host: "request.host",
  path: "request.path",
  method: "request.method",
  scheme: "request.scheme",
};
