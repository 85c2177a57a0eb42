import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Digest } from '../../ports/registry.ts';
import { isCode } from './folder.ts';
import type { DigestSource } from './step.ts';

const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);
const metadataFile = z.object({ 'containerimage.digest': digest });
const jsonLine = z.object({ digest });

/** What a step told. Undefined when it told none, or something else. */
export async function readDigest(source: DigestSource, stdout: string): Promise<Digest | undefined> {
  switch (source.from) {
    case 'digest-file':
      return digest.safeParse((await readText(source.path)).trim()).data;
    case 'metadata-file':
      return metadataFile.safeParse(parseJson(await readText(source.path))).data?.['containerimage.digest'];
    case 'repository-digests': {
      const prefix = `${source.repository}@`;
      const line = stdout.split('\n').find((one) => one.startsWith(prefix));
      return digest.safeParse(line?.slice(prefix.length).trim()).data;
    }
    case 'json-line':
      return jsonLine.safeParse(parseJson(stdout.trimEnd().split('\n').at(-1) ?? '')).data?.digest;
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return '';
    throw error;
  }
}

/** Undefined for what is no JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
