import { changeTrailer } from '../api/labels.ts';

export interface CommitMessage {
  readonly subject: string;
  readonly lines: readonly string[];
  readonly change: string;
  /** Adds Signed-off-by. */
  readonly signOff?: { readonly name: string; readonly email: string };
}

export function formatCommitMessage(message: CommitMessage): string {
  const trailers = [`${changeTrailer}: ${message.change}`];
  if (message.signOff) trailers.push(`Signed-off-by: ${message.signOff.name} <${message.signOff.email}>`);
  return `${message.subject}\n\n${message.lines.map((line) => `* ${line}`).join('\n')}\n\n${trailers.join('\n')}\n`;
}

/** The change that a commit carries; undefined for one that is not ours, or that a person made of ours and others. */
export function changeOf(message: string): string | undefined {
  const trailers =
    message
      .trimEnd()
      .split(/\n\s*\n/)
      .at(-1) ?? '';
  return new RegExp(`^${changeTrailer}: ([0-9a-f]{64})$`, 'm').exec(trailers)?.[1];
}
