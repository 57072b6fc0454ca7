import { describe, expect, test } from "bun:test";
import { Answer } from "../../../src/pipeline/answer.ts";
import type { ClientRequest } from "../../../src/pipeline/client-request.ts";
import type { Delivery } from "../../../src/pipeline/delivery.ts";
import { trafficApp } from "../../../src/server/traffic.ts";
import { clientRequest } from "../../support/client-request.ts";

const delivery: Delivery = { answer: new Answer("hello"), sent: () => {}, ended: () => {} };

describe("the app of the clients' ports", () => {
  test.each(["GET", "HEAD", "POST", "OPTIONS", "PROPFIND"])(
    "passes a %s request on as it came, and its answer at once",
    (method) => {
      const asked: ClientRequest[] = [];
      const handle = trafficApp({
        handle(request) {
          asked.push(request);
          return delivery;
        },
      });
      const request = clientRequest({ method, target: "*" });
      expect(handle(request)).toBe(delivery);
      expect(asked).toEqual([request]);
    },
  );

  test("adds no promise to that of an answer that comes later", () => {
    const later = Promise.resolve(delivery);
    expect(trafficApp({ handle: () => later })(clientRequest())).toBe(later);
  });
});
