/** How much of decisions is told. */
export interface Bounds {
  /** Elements of each list. */
  readonly items: number;
  /** Backends of each pick. */
  readonly backends: number;
  /** Characters of each text. */
  readonly text: number;
}

/** From all that has been noted to what always fits. */
export const BOUNDS: readonly Bounds[] = [
  { items: 40, backends: 16, text: 400 },
  { items: 16, backends: 6, text: 160 },
  { items: 6, backends: 3, text: 80 },
  { items: 3, backends: 1, text: 40 },
];

/** Characters of the JSON of decisions, if texts of the configuration are not longer themselves. */
export const MOST_CHARACTERS = 4_096;
