import { trailers } from '../api/labels.ts';
import type { Commit } from '../ports/index.ts';

export interface CommitMessage {
  readonly subject: string;
  readonly lines: readonly string[];
  readonly change: string;
  readonly installation: string;
  readonly author: { readonly name: string; readonly email: string };
  /** Adds Signed-off-by. */
  readonly signOff: boolean;
}

export function formatCommitMessage(message: CommitMessage): string {
  const { subject, lines, change, installation, author, signOff } = message;
  const trailing = [
    `${trailers.change}: ${change}`,
    `${trailers.installation}: ${installation}`,
    `${trailers.author}: ${author.email}`,
    ...(signOff ? [`Signed-off-by: ${author.name} <${author.email}>`] : []),
  ];
  return `${subject}\n\n${lines.map((line) => `* ${line}`).join('\n')}\n\n${trailing.join('\n')}\n`;
}

/** What our commit carries, and which installation made it. */
export interface OwnCommit {
  readonly change: string;
  readonly installation: string;
}

/**
 * Undefined for a commit that is not ours any more. Trailers alone prove nothing: `--amend` keeps them, and changes the
 * committer; `--reset-author` changes both. A person who commits under our own name and email is taken for us.
 */
export function ownCommit({
  message,
  parents,
  author,
  committer,
}: Pick<Commit, 'message' | 'parents' | 'author' | 'committer'>): OwnCommit | undefined {
  const block =
    message
      .trimEnd()
      .split(/\n\s*\n/)
      .at(-1) ?? '';
  const trailer = (name: string) => new RegExp(`^${name}: (.+)$`, 'm').exec(block)?.[1];
  const change = trailer(trailers.change);
  const installation = trailer(trailers.installation);
  const isUntouched =
    parents.length === 1 &&
    author.name === committer.name &&
    author.email === committer.email &&
    trailer(trailers.author) === author.email;
  if (!isUntouched || !/^[0-9a-f]{64}$/.test(change ?? '')) return undefined;
  return change !== undefined && installation !== undefined ? { change, installation } : undefined;
}
