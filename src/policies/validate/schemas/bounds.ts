/** Of one value; more are not looked for. */
const MOST_ERRORS = 1_000;

/** Characters of code that take as long as a step. */
const CHARACTERS_A_STEP = 400;
/** What a call of a function takes, whatever it does. */
const STEPS_A_CALL = 10;
/** The runtime compiles longer functions badly, or not at all: twice as long, and everything takes twice the time. */
const WELL_COMPILED = 4_000;
const SLOWEST = 60;

/**
 * The code of a schema, with bounds. Calls and rounds of loops count, by how much code they may run; so do
 * alternatives and errors. And no more errors are kept than the most: ajv keeps all of them, and copies
 * them for each reference, which takes minutes for a long list.
 */
export function bounded(code: string): string {
  const slowness = Math.min(SLOWEST, Math.max(1, Math.round(code.length / WELL_COMPILED)));
  const step = stepsOf(slowness);
  return withBlocksCounted(code)
    .split(TEXT)
    .map((piece, at) => (at % 2 === 1 ? piece : counted(piece, step)))
    .join("");
}

function stepsOf(count: number): string {
  return `self.budget.step(${count});`;
}

/** Code without texts. */
function counted(code: string, step: string): string {
  return code
    .replaceAll(TRIED, `$&${step}`)
    .replaceAll(PUSHED, `else {${step}if(vErrors.length < ${MOST_ERRORS}){vErrors.push($1);}}`)
    .replaceAll(
      JOINED,
      `vErrors = vErrors === null ? $1 : vErrors.length < ${MOST_ERRORS} ? vErrors.concat($1) : vErrors;errors += $1.length;`,
    );
}

/** Texts may look like code. */
const TEXT = /("(?:[^"\\]|\\.)*")/s;
/** Where a schema begins that may fail without consequences, such as an alternative. */
const TRIED = /const _errs[0-9]+ = errors;/g;
const PUSHED = /else\s*\{\s*vErrors\.push\((err[0-9]+)\);\s*\}/g;
const JOINED =
  /vErrors = vErrors === null \? ([\w.]+) : vErrors\.concat\(\1\);\s*errors = vErrors\.length;/g;

/** Counts at the beginning of each function and of each round of a loop. */
function withBlocksCounted(code: string): string {
  let made = "";
  let at = 0;
  for (const [begins, steps] of [...costsOfBlocks(code)].sort(([one], [other]) => one - other)) {
    made += code.slice(at, begins) + stepsOf(steps);
    at = begins;
  }
  return made + code.slice(at);
}

const TOKEN = /"(?:[^"\\]|\\.)*"|\bfor\(|[(){}]/gs;
const FUNCTION_BEGINS = /(?:\/\*#.*?\*\/;)?let vErrors = null;/sy;

interface Block {
  /** Where its body begins; undefined for blocks that are neither loops nor functions. */
  readonly begins: number | undefined;
  readonly isLoop: boolean;
  /** Characters of loops in it, which count by themselves. */
  inLoops: number;
}

/** The steps that one round of each loop takes, and one call of the function, by where their bodies begin. */
function costsOfBlocks(code: string): Map<number, number> {
  const costs = new Map<number, number>();
  const blocks: Block[] = [];
  const parentheses: boolean[] = [];
  let endOfFor = -1;
  for (const { 0: token, index } of code.matchAll(TOKEN)) {
    const end = index + token.length;
    if (token === "(" || token === "for(") parentheses.push(token === "for(");
    else if (token === ")") endOfFor = parentheses.pop() === true ? end : endOfFor;
    else if (token === "{") {
      const isLoop = endOfFor === index;
      FUNCTION_BEGINS.lastIndex = end;
      const isFunction = FUNCTION_BEGINS.test(code);
      blocks.push({ begins: isLoop || isFunction ? end : undefined, isLoop, inLoops: 0 });
    } else if (token === "}") {
      const block = blocks.pop();
      if (block === undefined) continue;
      const { begins, isLoop, inLoops } = block;
      const outer = blocks.at(-1);
      if (outer !== undefined)
        outer.inLoops += isLoop && begins !== undefined ? end - begins : inLoops;
      if (begins === undefined) continue;
      const steps = 1 + Math.floor((end - begins - inLoops) / CHARACTERS_A_STEP);
      costs.set(begins, isLoop ? steps : STEPS_A_CALL + steps);
    }
  }
  return costs;
}
