import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { parse } from 'yaml';

const run = promisify(execFile);

/** The real kustomize, from `KUSTOMIZE` or PATH. */
export function findKustomize(): string | undefined {
  const named = process.env.KUSTOMIZE;
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = named === undefined ? folders.map((folder) => join(folder, 'kustomize')) : [named];
  return candidates.find((path) => existsSync(path));
}

/** What `kustomize edit set image` makes of a file; undefined when it refuses the file. */
export async function editWithKustomize(
  kustomize: string,
  text: string,
  images: readonly string[],
): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), 'slipway-kustomize-'));
  const file = join(folder, 'kustomization.yaml');
  try {
    await writeFile(file, text);
    await run(kustomize, ['edit', 'set', 'image', ...images], { cwd: folder, timeout: 30_000 });
    return parse(await readFile(file, 'utf8'), { version: '1.1', uniqueKeys: false }) as unknown;
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error && error.code === 1) return undefined;
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
