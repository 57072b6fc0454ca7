import { describe, expect, test } from "bun:test";
import { parseStoreAddress } from "../../../src/store/address.ts";

describe("the address of a store", () => {
  test.each([
    ["redis://localhost", "redis://localhost", "redis://localhost"],
    ["redis://localhost:6380/3", "redis://localhost:6380/3", "redis://localhost:6380/3"],
    ["redis://[::1]:6379", "redis://[::1]:6379", "redis://[::1]:6379"],
    ["redis://:s%3Fcret@r.test/0", "redis://:s%3Fcret@r.test/0", "redis://r.test/0"],
    ["rediss://joe:s@r.test:6380/", "rediss://joe:s@r.test:6380/", "rediss://r.test:6380/"],
    ["valkey://r.test", "valkey://r.test", "redis://r.test"],
    ["valkeys://r.test", "valkeys://r.test", "rediss://r.test"],
    ["unix:/run/redis.sock", "redis+unix://localhost/run/redis.sock", "unix:/run/redis.sock"],
    ["unix:///run/redis.sock", "redis+unix://localhost/run/redis.sock", "unix:/run/redis.sock"],
    ["redis+unix:///run/r.sock", "redis+unix://localhost/run/r.sock", "unix:/run/r.sock"],
    ["redis+unix://:pw@localhost/r.sock", "redis+unix://:pw@localhost/r.sock", "unix:/r.sock"],
  ])("%s is taken, and named without credentials", (written, url, name) => {
    expect(parseStoreAddress(written)).toMatchObject({ url, name });
  });

  test("is encrypted with rediss:// and valkeys:// alone", () => {
    const encrypted = ["redis://a", "rediss://a", "valkeys://a", "unix:/a"].map((written) => {
      const address = parseStoreAddress(written);
      return typeof address === "string" ? address : address.isEncrypted;
    });
    expect(encrypted).toEqual([false, true, true, false]);
  });

  test.each([
    ["", "write a URL"],
    ["localhost:6379", "write a URL"],
    ["127.0.0.1", "write a URL"],
    ["redis://", "no host"],
    ["redis://a:99999", "not a valid URL"],
    ["http://localhost:6379", "`http://` is not spoken"],
    ["redis-sentinel://a:26379/main", "Sentinel"],
    ["redis://a,b", "one server"],
    ["redis://secret@a", "after a colon"],
    ["redis://:50%@a", "%25"],
    ["redis://a/one", "number of a database"],
    ["redis://a/1/2", "number of a database"],
    ["redis://a?db=3", "no ?options"],
    ["redis://:pa#ss@a", "not a valid URL"],
    ["unix:redis.sock", "whole path"],
    ["unix:", "whole path"],
    ["redis+unix://localhost", "whole path"],
    ["redis+unix://joe@localhost/a", "after a colon"],
    ["redis+unix://localhost/a?db=1", "no ?options"],
  ])("%s is refused: %s", (written, reason) => {
    const problem = parseStoreAddress(written);
    expect(problem).toBeString();
    expect(problem).toContain(reason);
  });

  test("is never quoted in what is said about it, because it may hold a password", () => {
    for (const written of [
      "redis://:hunter2@",
      "http://:hunter2@a",
      "redis://:hunter2@a/x",
      "hunter2",
    ]) {
      const problem = parseStoreAddress(written);
      expect(problem).toBeString();
      expect(problem).not.toContain("hunter2");
    }
  });
});
