import { isIP } from "node:net";
import { type StaticDecode, Type } from "@sinclair/typebox";
import { fieldOf } from "../http/field.ts";
import type { FieldList } from "../http/field-list.ts";
import { TOKEN } from "../http/fields.ts";
import { hostName } from "../http/host.ts";
import { methodProblem, methodWarning } from "../http/methods.ts";
import { isPreflight } from "../http/preflight.ts";
import type { RequestFields } from "../http/request-fields.ts";
import { asksForWebSocket } from "../http/upgrade.ts";
import { addToVary } from "../http/vary.ts";
import { Answer } from "../pipeline/answer.ts";
import { GatewayError } from "../pipeline/errors.ts";
import { type ConfigIssue, definePolicy, type Policy } from "../pipeline/policy.ts";
import { Duration } from "../units/duration.ts";
import { AllowedOrigins, readOrigin } from "./origins.ts";

const schema = Type.Object(
  {
    enabled: Type.Boolean({
      description:
        "Whether the gateway handles CORS. If not, the backend's own CORS fields pass through.",
      default: true,
    }),
    allowed_origins: Type.Array(Type.String(), {
      description:
        'The origins whose pages may read answers and open WebSockets, the gateway\'s own included: exact ones ("https://app.example.com"), all subdomains of one level ("https://*.example.com"), "null", or "*" for any.',
      default: ["*"],
    }),
    allowed_methods: Type.Array(Type.String(), {
      description:
        'The methods that preflights allow, "*" for any; browsers send GET, HEAD and POST without asking.',
      default: ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE"],
    }),
    allowed_headers: Type.Array(Type.String(), {
      description:
        'The request fields that preflights allow; "*" allows all that are asked for, Authorization too.',
      default: ["*"],
    }),
    exposed_headers: Type.Array(Type.String(), {
      description:
        'The response fields that pages may read besides the few that they always may; "*" for nearly all.',
      default: [],
    }),
    allow_credentials: Type.Boolean({
      description:
        'Whether pages may send cookies and other credentials; the origins must then be named, not "*".',
      default: false,
    }),
    max_age: Type.Optional(
      Duration({
        description:
          "How long browsers may cache a preflight's answer; by default they cache it for 5 s.",
      }),
    ),
  },
  {
    additionalProperties: false,
    description: "Which pages of other origins may use the gateway (CORS, WHATWG Fetch).",
  },
);

type CorsConfig = StaticDecode<typeof schema>;

/**
 * Lets pages of other origins read answers (WHATWG Fetch, CORS). Preflights are answered here; all
 * other requests are forwarded, whatever their origin, because it is the browser that keeps an answer
 * without CORS fields from the page.
 */
export const cors = definePolicy({
  name: "cors",
  routeReplacesGlobal: true,
  global: { key: "cors", schema, check, create },
  route: { key: "cors", schema, check, create },
});

function check(config: CorsConfig): ConfigIssue[] {
  const issues: ConfigIssue[] = [
    ...checkEach(config, "allowed_origins", originProblem),
    ...checkEach(config, "allowed_methods", (method) =>
      method === "*" ? undefined : methodProblem(method),
    ),
    ...checkEach(config, "allowed_methods", methodWarning).map((issue): ConfigIssue => ({
      ...issue,
      severity: "warning",
    })),
    ...checkEach(config, "allowed_headers", fieldProblem),
    ...checkEach(config, "exposed_headers", fieldProblem),
  ];
  const report = (list: ListKey, message: string) => issues.push({ path: [list], message });
  if (config.allowed_origins.length === 0) {
    report("allowed_origins", 'name at least one origin, or `"*"`, or set `enabled` to false');
  }
  if (config.allowed_methods.length === 0) {
    report("allowed_methods", 'name at least one method, or `"*"`');
  }
  if (config.allow_credentials && config.allowed_origins.includes("*")) {
    report(
      "allowed_origins",
      'browsers refuse `"*"` together with `allow_credentials`; name the origins',
    );
  }
  if (config.allow_credentials && config.exposed_headers.includes("*")) {
    report(
      "exposed_headers",
      'browsers take `"*"` literally together with `allow_credentials`; name the fields',
    );
  }
  return issues;
}

type ListKey = "allowed_origins" | "allowed_methods" | "allowed_headers" | "exposed_headers";

function checkEach(
  config: CorsConfig,
  list: ListKey,
  problemOf: (item: string) => string | undefined,
): ConfigIssue[] {
  return config[list].flatMap((item, index) => {
    const message = problemOf(item);
    return message === undefined ? [] : [{ path: [list, index], message }];
  });
}

function originProblem(written: string): string | undefined {
  const origin = readOrigin(written);
  return typeof origin === "string" ? undefined : origin.problem;
}

function fieldProblem(name: string): string | undefined {
  return TOKEN.test(name) ? undefined : `\`${name}\` is not a field name`;
}

// A backend's own CORS fields would contradict the gateway's, so they are removed.
const BACKEND_FIELDS: ReadonlySet<string> = new Set([
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-expose-headers",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-max-age",
]);

const ANY_ORIGIN = fieldOf("access-control-allow-origin", "*");

function create(config: CorsConfig): Policy | undefined {
  if (!config.enabled) return undefined;
  const origins = new AllowedOrigins(
    config.allowed_origins.map(readOrigin).filter((origin) => typeof origin === "string"),
  );
  const exposed = config.exposed_headers.join(", ");
  const preflight = preflightAnswer(config, origins.any);

  /** Sets the fields by which the browser lets the page read the answer; false if it may not. */
  function allowOrigin(request: RequestFields, answer: FieldList): boolean {
    if (origins.any) {
      answer.put(ANY_ORIGIN);
      return true;
    }
    const origin = request.get("origin");
    if (origin === null || !origins.has(origin)) return false;
    answer.set("access-control-allow-origin", origin);
    if (config.allow_credentials) answer.set("access-control-allow-credentials", "true");
    return true;
  }

  return {
    name: "cors",
    answersPreflights: true,

    request({ method, fields, target }) {
      if (!origins.any && asksForWebSocket(method, fields.upgrade)) {
        checkWebSocketOrigin(fields.get("origin"), target.host, origins);
      }
      if (!isPreflight(method, fields)) return undefined;
      const answer = new Answer(null, { status: 204 });
      // A page that is not allowed gets no lists, so its preflight fails in the browser.
      if (allowOrigin(fields, answer.fields)) {
        preflight.tell(fields, answer.fields);
      }
      if (preflight.vary !== "") answer.fields.set("vary", preflight.vary);
      return answer;
    },

    response({ method, fields: request }, { fields }) {
      if (isPreflight(method, request)) return;
      fields.delete(BACKEND_FIELDS);
      // Caches must distinguish origins, also for requests without one.
      if (!origins.any) addToVary(fields, "Origin");
      if (allowOrigin(request, fields) && exposed !== "") {
        fields.set("access-control-expose-headers", exposed);
      }
    },
  };
}

/**
 * Browsers let any page open a WebSocket; the server must check the Origin (RFC 6455 section 10.2). An
 * Origin that equals the Host proves nothing if it is a name: its owner can have it lead here (DNS
 * rebinding). An address or localhost cannot be redirected like that.
 */
function checkWebSocketOrigin(origin: string | null, host: string, origins: AllowedOrigins): void {
  if (origin === null || origins.has(origin)) return;
  if (leadsNowhereElse(host) && origin.replace(/^https?:\/\//, "") === host) return;
  throw new GatewayError(
    "origin_not_allowed",
    `pages of ${origin} may not open WebSockets here: it is not one of cors.allowed_origins`,
  );
}

function leadsNowhereElse(host: string): boolean {
  const name = hostName(host);
  return isIP(name) !== 0 || name === "localhost";
}

const LIST_OF_TOKENS = /^[!#$%&'*+.^_`|~0-9A-Za-z\-, \t]+$/;

/** The answer to preflights from allowed origins, prepared once per configuration. */
function preflightAnswer(config: CorsConfig, anyOrigin: boolean) {
  const { allowed_methods: methods, allowed_headers: fields } = config;
  // Browsers take "*" literally with credentials, and always for Authorization. So the requested names
  // are echoed instead.
  const echoMethod = methods.includes("*");
  const echoFields = fields.includes("*");
  const methodList = methods.join(", ");
  const fieldList = fields.join(", ");
  const maxAge = config.max_age === undefined ? "" : `${Math.floor(config.max_age / 1000)}`;
  const vary = [
    ...(anyOrigin ? [] : ["Origin"]),
    ...(echoMethod ? ["Access-Control-Request-Method"] : []),
    ...(echoFields ? ["Access-Control-Request-Headers"] : []),
  ].join(", ");

  return {
    vary,
    tell(asked: RequestFields, answer: FieldList): void {
      const allowedMethods = echoMethod ? asked.get("access-control-request-method") : methodList;
      const allowedFields = echoFields ? asked.get("access-control-request-headers") : fieldList;
      setIfList(answer, "access-control-allow-methods", allowedMethods);
      setIfList(answer, "access-control-allow-headers", allowedFields);
      if (maxAge !== "") answer.set("access-control-max-age", maxAge);
    },
  };
}

function setIfList(fields: FieldList, name: string, value: string | null): void {
  if (value !== null && LIST_OF_TOKENS.test(value)) fields.set(name, value);
}
