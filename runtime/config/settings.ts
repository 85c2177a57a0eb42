import { secretReference, settings, type Settings } from '../api/settings.ts';
import { Document, openDocument, type Source } from './document.ts';
import { ConfigError } from './errors.ts';
import { override } from './overrides.ts';
import { settingsProblems } from './settings-checks.ts';
import type { Tree } from './tree.ts';

const secrets = {
  schema: secretReference,
  remedy:
    'put the secret into an environment variable, a file or Secret Manager, and write { env: NAME }, { file: PATH } or { secretManager: projects/P/secrets/S }',
};

/** What stands in for a missing file. */
const nothing: Tree = { at: { file: 'settings', line: 1, column: 1 }, content: new Map(), size: 1, depth: 1 };

/**
 * The settings of this installation: the file, if there is one, with `SLIPWAY_*` variables over it.
 * Throws `ConfigError` with every problem of both.
 */
export function parseSettings(
  source: Source | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Settings {
  const file = source === undefined ? undefined : openDocument(source);
  const { tree, problems: overrides } = override(file?.tree ?? nothing, settings, environment);
  const document = new Document(tree, [...(file?.problems ?? []), ...overrides]);
  const { value, problems } = document.read(settings, secrets);
  const across = settingsProblems(document.salvage(settings, settings, 3).value ?? {}, document);
  const all = [...problems, ...across];
  if (value !== undefined && all.length === 0) return value;
  const [inFile = [], inVariables = []] = [true, false].map((of) =>
    all.filter((one) => (one.file === source?.name) === of),
  );
  throw new ConfigError([...inFile, ...inVariables]);
}
