import { execFileSync, spawnSync } from 'node:child_process';
import { isFault, type Builder } from '../../runtime/ports/index.ts';
import { say } from './narrate.ts';

/** Ends the demo with one line for a person. */
export class CannotStart extends Error {}

/**
 * The image builder that is at hand, or one that is installed now where that may be done without asking: as root on
 * Debian and its like.
 * @returns what it is
 */
export async function ensureImageBuilder(builder: Builder, signal: AbortSignal): Promise<string> {
  try {
    return await builder.describe(signal);
  } catch (error) {
    if (!isFault(error, 'not-found')) throw error;
  }
  if (process.getuid?.() !== 0 || !hasAptGet())
    throw new CannotStart(
      'No image builder works here: install buildah (`apt-get install buildah`, `dnf install buildah`) or podman, or start Docker, and try again.',
    );
  say('No image builder works here: installing buildah by apt-get.');
  try {
    apt('update', '-qq');
    apt('install', '-y', '-qq', '--no-install-recommends', 'buildah');
  } catch (error) {
    throw new CannotStart('`apt-get install buildah` failed: install buildah, podman or Docker yourself.', {
      cause: error,
    });
  }
  return builder.describe(signal);
}

function hasAptGet(): boolean {
  return spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0;
}

function apt(...args: readonly string[]): void {
  execFileSync('apt-get', args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}
