/** Milliseconds with three decimals; more would be noise. */
export function thousandths(milliseconds: number): number {
  return Math.round(milliseconds * 1_000) / 1_000;
}
