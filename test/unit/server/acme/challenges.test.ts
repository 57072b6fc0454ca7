import { describe, expect, test } from "bun:test";
import { Challenges } from "../../../../src/server/acme/challenges.ts";
import { placeholderCertificate } from "../../../../src/server/acme/x509.ts";

const pair = placeholderCertificate("api.example.com", 0);

describe("challenges", () => {
  test("are answered while they are under way, and not before or after", async () => {
    const challenges = new Challenges();
    expect(challenges.keyAuthorization("token")).toBeUndefined();
    expect(challenges.certificate("api.example.com")).toBeUndefined();
    const endHttp = await challenges.presentHttp("token", "token.thumbprint");
    const endTls = await challenges.presentTls("api.example.com", pair);
    expect(challenges.keyAuthorization("token")).toBe("token.thumbprint");
    expect(challenges.certificate("API.example.com")).toEqual(pair);
    await endHttp();
    await endTls();
    expect(challenges.keyAuthorization("token")).toBeUndefined();
    expect(challenges.certificate("api.example.com")).toBeUndefined();
  });

  test("of other gateways are answered too, and only their files are read", () => {
    const asked: string[] = [];
    const challenges = new Challenges();
    challenges.share({
      writeChallenge: () => Promise.resolve(),
      removeChallenge: () => Promise.resolve(),
      readChallengeNow: (id) => {
        asked.push(id);
        return id === "api.example.com.pem" ? `${pair.key}${pair.certificate}` : "token.thumbprint";
      },
    });
    expect(challenges.keyAuthorization("token")).toBe("token.thumbprint");
    expect(challenges.certificate("api.example.com")).toEqual(pair);
    for (const hostile of ["../account.json", "a/b", "", ".", "a.b", "%2e", "a".repeat(201)]) {
      expect(challenges.keyAuthorization(hostile)).toBeUndefined();
    }
    for (const hostile of ["../account", "..", ".hidden", "a/b", "", "*"]) {
      expect(challenges.certificate(hostile)).toBeUndefined();
    }
    expect(asked).toEqual(["token", "api.example.com.pem"]);
  });

  test("that cannot be told to the others are not under way", async () => {
    const challenges = new Challenges();
    challenges.share({
      writeChallenge: () => Promise.reject(new Error("no space left")),
      removeChallenge: () => Promise.resolve(),
      readChallengeNow: () => undefined,
    });
    expect(challenges.presentHttp("token", "x")).rejects.toThrow("no space left");
    await Bun.sleep(0);
    expect(challenges.keyAuthorization("token")).toBeUndefined();
  });
});
