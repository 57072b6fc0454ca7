import type { KeptContent } from "../../pipeline/kept-content.ts";
import type { ReplayedAnswer } from "../../runtime/replay/answer.ts";
import type { Replay } from "../../runtime/replay/replay.ts";
import { printable } from "../../units/printable.ts";
import { shortened, widthOf } from "../table.ts";
import { aligned } from "./aligned.ts";

interface Layout {
  /** Places of a line; undefined where it is no terminal. */
  readonly width: number | undefined;
  readonly color: boolean;
}

/** A line of the report: what it is about, and both sides. */
interface Line {
  readonly name: string;
  readonly left: string;
  readonly right: string;
  readonly differs: boolean;
}

const USUAL_WIDTH = 100;
const LEAST_WIDTH = 40;
/** Places of a side where nothing cuts it. */
const WIDEST_SIDE = 72;
const LONGEST_NAME = 24;
/** Lines of contents. */
const MOST_LINES = 60;
const YELLOW = "\x1b[33m";
const DIM = "\x1b[2m";
const PLAIN = "\x1b[0m";

/** Both answers next to each other, within the width. */
export function reportOf(replay: Replay, { width = USUAL_WIDTH, color }: Layout): string {
  const { id, request, logged, replayed } = replay;
  const lines = [...headLines(logged, replayed), ...fieldLines(replay), ...contentLines(replay)];
  const whole = Math.max(width, LEAST_WIDTH);
  const name = Math.min(LONGEST_NAME, Math.max(...lines.map((line) => widthOf(line.name))));
  const side = Math.min(WIDEST_SIDE, Math.floor((whole - name - 2 - 3) / 2));
  const paint = (line: string, code: string) => (color ? `${code}${line}${PLAIN}` : line);
  const cell = (text: string, places: number) => {
    const cut = shortened(text, places);
    return cut + " ".repeat(Math.max(0, places - widthOf(cut)));
  };
  const table = lines.map(({ name: about, left, right, differs }) => {
    const text = `${cell(about, name)}  ${cell(left, side)} ${differs ? "|" : " "} ${shortened(right, side)}`;
    return differs ? paint(text.trimEnd(), YELLOW) : text.trimEnd();
  });
  const heading = `${cell("", name)}  ${cell("LOGGED", side)}   REPLAYED`;
  const size = request.bytes > 0 ? `, ${request.bytes} bytes` : "";
  return [
    `row ${id}: ${printable(request.method)} ${printable(request.url)}${size}`,
    ...request.notes.map((note) => paint(`note: ${printable(note)}`, DIM)),
    "",
    paint(heading, DIM),
    ...table,
    "",
  ].join("\n");
}

function headLines(logged: ReplayedAnswer, replayed: ReplayedAnswer): Line[] {
  const line = (name: string, of: (answer: ReplayedAnswer) => string): Line[] => {
    const [left, right] = [of(logged), of(replayed)];
    return left === "" && right === "" ? [] : [{ name, left, right, differs: left !== right }];
  };
  return [
    ...line("status", ({ status }) => (status === 0 ? "no answer" : `${status}`)),
    ...line("error", ({ error }) => error),
    ...line("", ({ message }) => printable(message)),
    ...line("time", (answer) => `${Math.round(answer.duration_ms * 10) / 10} ms`).map(alike),
    ...line("size", ({ bytes }) => (bytes < 0 ? "" : `${bytes} bytes`)).map(alike),
  ];
}

/** Times always differ, and sizes with how an answer was compressed. */
const alike = (line: Line): Line => ({ ...line, differs: false });

function fieldLines({ logged, replayed, differences }: Replay): Line[] {
  if (replayed.fields === null) return [];
  if (logged.fields === null) {
    return replayed.fields.map(([name, value], at) => ({
      name,
      left: at === 0 ? "(fields were not kept)" : "",
      right: printable(value),
      differs: false,
    }));
  }
  return differences.fields.map(({ name, logged: left, replayed: right }) => ({
    name,
    left: left === null ? "-" : printable(left),
    right: right === null ? "-" : printable(right),
    differs: true,
  }));
}

function contentLines({ logged, replayed, differences }: Replay): Line[] {
  const [left, right] = [linesOf(logged.content), linesOf(replayed.content)];
  if (left === undefined && right === undefined) return [];
  if (differences.content === false) {
    return named(
      [`the same${logged.content?.cut === true ? ", as far as it was kept" : ""}`].map((text) => ({
        name: "",
        left: text,
        right: "",
        differs: false,
      })),
    );
  }
  const pairs =
    left === undefined
      ? (right ?? []).map((line, at) => [at === 0 ? "(content was not kept)" : "", line] as const)
      : aligned(left, right ?? []);
  const shown = pairs.slice(0, MOST_LINES).map(([one, other]) => ({
    name: "",
    left: one ?? "",
    right: other ?? "",
    differs: left !== undefined && one !== other,
  }));
  const rest = pairs.length - shown.length;
  const more =
    rest > 0 ? [{ name: "", left: `… ${rest} more lines`, right: "", differs: false }] : [];
  return named([...shown, ...more]);
}

function named(lines: readonly Line[]): Line[] {
  return lines.map((line, at) => (at === 0 ? { ...line, name: "content" } : line));
}

/** JSON with a line for each member; undefined for content that is not known. */
function linesOf(content: KeptContent | null): string[] | undefined {
  if (content?.base64 !== undefined) return [`base64 ${content.base64}`];
  if (content?.text === undefined) return undefined;
  return indented(content.text)
    .split(/\r?\n/)
    .map((line) => printable(line));
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), undefined, 2);
  } catch {
    return text;
  }
}
