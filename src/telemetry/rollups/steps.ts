/** The steps of rollups in seconds. Times are in UTC, and in epoch seconds, like the steps' beginnings. */
export const MINUTE = 60;
export const HOUR = 3_600;
export const DAY = 86_400;

export type Step = typeof MINUTE | typeof HOUR | typeof DAY;
/** From the shortest. */
export const STEPS: readonly Step[] = [MINUTE, HOUR, DAY];

/** The beginning of the step that a time is in. */
export const beginOf = (step: number, time: number): number => Math.floor(time / step) * step;

/** The first beginning of a step that is not before a time. */
export const nextBeginOf = (step: number, time: number): number => Math.ceil(time / step) * step;
