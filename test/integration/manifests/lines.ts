import { diffLines } from 'diff';

/** The lines that one text has and the other has not, line ends included in the comparison. */
export function changedLines(before: string, after: string): string[] {
  return diffLines(before, after)
    .filter((part) => part.added || part.removed)
    .flatMap((part) => part.value.split('\n').slice(0, part.value.endsWith('\n') ? -1 : undefined));
}
