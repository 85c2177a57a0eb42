import { createHash } from 'node:crypto';
import fc from 'fast-check';
import type { TreeEntry } from '../../../runtime/ports/index.ts';
import { parseDockerignore } from '../../../runtime/source/dockerignore.ts';

export function entry(path: string, content = path, mode = '100644'): TreeEntry {
  return { mode, oid: createHash('sha1').update(content).digest('hex'), path };
}

/** Small trees, Dockerfiles and ignore files in which the same few names meet often. */
const name = fc.constantFrom(
  'a',
  'b',
  'src',
  'go.mod',
  'go.sum',
  'x.md',
  'é.md',
  'm.pyc',
  '.hid',
  'a*',
  '[b]',
);

export const contexts = fc.constantFrom('', 'ctx', 'c/tx');

export const dockerfilePaths = fc.constantFrom(
  'Dockerfile',
  'ctx/Dockerfile',
  'build/app.Dockerfile',
  'c/tx/src/Dockerfile',
);

/** Paths of files; none is also a directory. */
export const filePaths = fc
  .array(
    fc
      .tuple(contexts, fc.array(name, { minLength: 1, maxLength: 4 }))
      .map(([context, segments]) => [context, ...segments].filter((part) => part !== '').join('/')),
    { minLength: 1, maxLength: 25 },
  )
  .map(withoutCollisions);

export function withoutCollisions(paths: readonly string[]): string[] {
  return [...new Set(paths)].filter((path) => !paths.some((other) => other.startsWith(`${path}/`)));
}

export const sources = fc.array(
  fc.constantFrom(
    ...[
      '.',
      'a',
      'b',
      'src',
      'go.*',
      '*',
      'src/*',
      '*.md',
      '?.md',
      'src/?.md',
      '[a-b]',
      '[^a]/*.md',
      'a/b',
      './src/',
    ],
    ...['/a', 'a*', '*/b', '*/*.md', 'src/a/b', '.*', 'go.mod'],
  ),
  { minLength: 1, maxLength: 4 },
);

export const ignoreLines = fc
  .array(
    fc
      .tuple(
        fc.constantFrom('', '', '!'),
        fc.constantFrom(
          ...[
            '*',
            '**',
            'a',
            'b',
            'src',
            '*.md',
            '**/*.md',
            '**/a',
            'src/*',
            'src/**',
            'a/b',
            'a/**/b',
            '?.md',
            '??.md',
          ],
          ...[
            '*.py[cod]',
            '[^a]',
            '/a',
            'a/',
            '**/é.md',
            'Dockerfile',
            '.dockerignore',
            '**/.*',
            '*/*',
            'a**',
            '**d',
          ],
          ...['go.mod', 'src/a', '**/src/**', '*/a', '\\a'],
        ),
      )
      .map(([exception, pattern]) => exception + pattern),
    { maxLength: 5 },
  )
  .filter((lines) => parseDockerignore(lines.join('\n')).problem === undefined);

export function dockerfileText(copied: readonly string[]): string {
  return `FROM scratch\n${copied.map((source) => `COPY ${source} /x/`).join('\n')}\n`;
}
