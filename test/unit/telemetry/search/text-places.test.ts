import { expect, test } from "bun:test";
import { TextPlaces } from "../../../../src/telemetry/search/text-places.ts";

test("texts have places in their order, however alike they are", () => {
  const places = new TextPlaces(200);
  // Characters at odd places of texts of this length are not in their hash.
  const texts = Array.from({ length: 100 }, (_, at) => {
    const [ten, one] = [Math.floor(at / 10), at % 10];
    return `${"-".repeat(20)}${ten}-${one}${"-".repeat(23)}`;
  });
  for (const round of [1, 2]) {
    expect([round, texts.map((text) => places.placeOf(text))]).toEqual([
      round,
      texts.map((_, at) => at),
    ]);
  }
  expect(places.texts).toEqual(texts);
  places.clear();
  expect(places.placeOf(texts[7] ?? "")).toBe(0);
});
