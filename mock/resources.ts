import { readBody } from "./body.ts";
import { type Call, answerEmpty, answerJson } from "./call.ts";
import type { Route } from "./router.ts";
import { BadValue } from "./values.ts";

const PEOPLE = [
  { name: "Ada Lovelace", email: "ada@example.com" },
  { name: "Alan Turing", email: "alan@example.com" },
  { name: "Grace Hopper", email: "grace@example.com" },
  { name: "Edsger Dijkstra", email: "edsger@example.com" },
  { name: "Barbara Liskov", email: "barbara@example.com" },
];
const STATES = ["pending", "paid", "shipped", "delivered"];
const LISTED = 5;

type Id = number | string;
type Describe = (id: Id) => object;

/** A number that depends on the id only, on every mock. */
function seedOf(id: Id): number {
  if (typeof id === "number") return id;
  let seed = 0;
  for (let index = 0; index < id.length; index += 1)
    seed = (seed * 31 + id.charCodeAt(index)) >>> 0;
  return seed;
}

function describeUser(id: Id): object {
  return { id, ...PEOPLE[seedOf(id) % PEOPLE.length], active: true };
}

function describeOrder(id: Id): object {
  const seed = seedOf(id);
  const quantity = 1 + (seed % 3);
  return {
    id,
    user_id: 1 + (seed % LISTED),
    status: STATES[seed % STATES.length],
    items: [{ sku: `SKU-${100 + (seed % 900)}`, quantity, price: 1995 }],
    total: quantity * 1995,
    currency: "EUR",
  };
}

function readId(parameter: string): Id {
  return /^(?:0|[1-9]\d{0,14})$/.test(parameter) ? Number(parameter) : parameter;
}

async function readObject(call: Call): Promise<object> {
  const body = await readBody(call);
  if (body.bytes === 0) return {};
  const complaint = "The body is not usable; expected a JSON object of at most 1MiB, or nothing";
  if (body.truncated) throw new BadValue(complaint);
  let value: unknown;
  try {
    value = JSON.parse(body.text);
  } catch {
    throw new BadValue(complaint);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new BadValue(complaint);
  }
  return value;
}

function resource(name: "users" | "orders", describe: Describe): Route[] {
  const path = `/api/${name}`;
  let lastId = 1000;
  const answerMerged = async (call: Call, parameter: string) => {
    const id = readId(parameter);
    const sent = await readObject(call);
    answerJson(call, 200, { ...describe(id), ...sent, server: call.server, id });
  };
  return [
    {
      path,
      about: `GET lists ${LISTED} ${name}; POST answers 201 with a Location and what was sent. Nothing is stored.`,
      on: {
        GET(call) {
          const listed = Array.from({ length: LISTED }, (_, index) => describe(index + 1));
          answerJson(call, 200, { server: call.server, [name]: listed });
        },
        async POST(call) {
          const sent = await readObject(call);
          lastId += 1;
          const created = { ...describe(lastId), ...sent, server: call.server, id: lastId };
          answerJson(call, 201, created, ["Location", `${path}/${lastId}`]);
        },
      },
    },
    {
      path: `${path}/:id`,
      about: `One of the ${name}, whatever the id; PUT and PATCH answer it with what was sent, DELETE answers 204.`,
      on: {
        GET(call, parameter) {
          answerJson(call, 200, { server: call.server, ...describe(readId(parameter)) });
        },
        PUT: answerMerged,
        PATCH: answerMerged,
        DELETE(call) {
          answerEmpty(call, 204);
        },
      },
    },
  ];
}

/** Users and orders, made up from their ids. */
export function resourceRoutes(): Route[] {
  return [...resource("users", describeUser), ...resource("orders", describeOrder)];
}
