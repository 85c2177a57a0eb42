/**
 * Glob patterns as small state machines. Patterns come from repositories that nobody vouches for: a machine
 * takes time proportional to pattern × text, where a backtracking regular expression can take for ever.
 */

export type Step =
  /** Consumes one character, or with `repeat` any number of them. */
  | { readonly accepts: (character: string) => boolean; readonly repeat?: boolean }
  /** Consumes nothing: goes on with the next step, or this many steps further on. */
  | { readonly skip: number };

const notSlash = (character: string): boolean => character !== '/';
const anything = (): boolean => true;

/** `*` */
export const star: Step = { accepts: notSlash, repeat: true };
/** `?` */
export const one: Step = { accepts: notSlash };
/** `**` at the end of a pattern. */
export const everything: Step = { accepts: anything, repeat: true };
/** `**` and the slash after it: any number of whole directories. */
export const directories: readonly Step[] = [
  { skip: 3 },
  { accepts: anything, repeat: true },
  { accepts: (character) => character === '/' },
];

export function character(expected: string): Step {
  return { accepts: (actual) => actual === expected };
}

/** `[…]`; `members` is what stands between the brackets, without `^` or `!`. */
export function characterClass(members: string, negated: boolean): Step {
  const characters = Array.from(members);
  const ranges: { readonly low: string; readonly high: string }[] = [];
  for (let index = 0; index < characters.length; index++) {
    const low = characters[index] ?? '';
    const high = characters[index + 1] === '-' ? characters[index + 2] : undefined;
    ranges.push({ low, high: high ?? low });
    if (high !== undefined) index += 2;
  }
  return {
    accepts: (actual) =>
      actual !== '/' && ranges.some(({ low, high }) => low <= actual && actual <= high) !== negated,
  };
}

/** Whether the steps consume the whole text. */
export function accepts(steps: readonly Step[], text: Iterable<string>): boolean {
  let states = new Uint8Array(steps.length + 1);
  let reached = new Uint8Array(steps.length + 1);
  enter(steps, states, 0);
  for (const character of text) {
    let alive = false;
    for (let state = 0; state < steps.length; state++) {
      const step = steps[state];
      if (states[state] === 0 || step === undefined || 'skip' in step || !step.accepts(character)) continue;
      enter(steps, reached, step.repeat === true ? state : state + 1);
      alive = true;
    }
    if (!alive) return false;
    [states, reached] = [reached, states];
    reached.fill(0);
  }
  return states[steps.length] === 1;
}

/** Marks a state and all that can be reached from it without consuming anything. */
function enter(steps: readonly Step[], states: Uint8Array, state: number): void {
  if (states[state] !== 0) return;
  states[state] = 1;
  const step = steps[state];
  if (step === undefined) return;
  if ('skip' in step) {
    enter(steps, states, state + 1);
    enter(steps, states, state + step.skip);
  } else if (step.repeat === true) enter(steps, states, state + 1);
}
