import type { SecretReference, Settings } from '../api/settings.ts';
import { imageName } from '../api/names.ts';
import type { Document } from './document.ts';
import type { Problem } from './errors.ts';
import { suggest } from './nearest.ts';
import type { Path } from './words.ts';

type Forge = NonNullable<Settings['forges']>[string];
type Registry = NonNullable<Settings['registries']>[string];

/** What fields mean together, and what a schema cannot say. */
export function settingsProblems(settings: Settings, document: Document): Problem[] {
  return [
    ...Object.entries(settings.forges ?? {}).flatMap(([host, forge]) => forgeProblems(host, forge, document)),
    ...Object.entries(settings.registries ?? {}).flatMap(([host, one]) =>
      registryProblems(host, one, document),
    ),
    ...builderProblems(settings, document),
    ...durationProblems(settings, document),
  ];
}

function forgeProblems(host: string, forge: Forge, document: Document): Problem[] {
  const at = ['forges', host];
  const problems = [
    ...endpointProblems(forge.api, [...at, 'api'], document),
    ...secretProblems(forge.token, [...at, 'token'], document),
    ...secretProblems(forge.app?.privateKey, [...at, 'app', 'privateKey'], document),
  ];
  if (forge.token !== undefined && forge.app !== undefined)
    problems.push(
      document.problem([...at, 'app'], 'stands beside a token, and only one of them can be used', 'keep one'),
    );
  return problems;
}

function registryProblems(host: string, registry: Registry, document: Document): Problem[] {
  const at = ['registries', host];
  const problems = [
    ...endpointProblems(registry.endpoint, [...at, 'endpoint'], document, registry.insecure),
    ...secretProblems(registry.password, [...at, 'password'], document),
  ];
  if (registry.password !== undefined && registry.username === undefined)
    problems.push(
      document.problem(
        [...at, 'username'],
        'is missing beside a password',
        'give the user name, `_json_key` for a key of Google',
      ),
    );
  if (registry.username !== undefined && registry.password === undefined)
    problems.push(
      document.problem(
        [...at, 'password'],
        'is missing beside a user name',
        'give { env: NAME } or { file: PATH }',
      ),
    );
  return [...problems, ...rewriteProblems(registry.name, [...at, 'name'], document)];
}

/** Where images are pushed instead: an image name once `{name}` is filled in. */
function rewriteProblems(name: string | undefined, path: Path, document: Document): Problem[] {
  if (name === undefined) return [];
  const unknown = Array.from(name.matchAll(/\{(\w*)\}/gu), ([, placeholder = '']) => placeholder).filter(
    (one) => one !== 'name',
  );
  if (unknown.length > 0)
    return unknown.map((one) =>
      document.problem(path, `unknown placeholder {${one}}`, suggest(one, ['name'])),
    );
  return imageName.safeParse(name.replaceAll('{name}', 'name')).success
    ? []
    : [
        document.problem(
          path,
          'gives no image name',
          'write HOST/PATH, with {name} for the path without host',
        ),
      ];
}

function builderProblems({ builder }: Settings, document: Document): Problem[] {
  if (builder?.checkout !== undefined && builder.command === undefined)
    return [
      document.problem(
        ['builder', 'checkout'],
        'is for a custom command, and there is none',
        'add builder.command, or leave it out',
      ),
    ];
  if (builder?.command === undefined || builder.tool === undefined) return [];
  return [
    document.problem(
      ['builder', 'tool'],
      'stands beside a command, and only one of them can be used',
      'keep one',
    ),
  ];
}

function durationProblems(settings: Settings, document: Document): Problem[] {
  const durations: [Path, number | undefined][] = [
    [['interval'], settings.interval],
    [['builder', 'timeout'], settings.builder?.timeout],
    [['limits', 'pass'], settings.limits?.pass],
  ];
  return durations.flatMap(([path, value]) =>
    value === 0 ? [document.problem(path, 'must be longer than nothing')] : [],
  );
}

/** Credentials go to endpoints: never in the clear, and never from the address itself. */
function endpointProblems(
  endpoint: string | undefined,
  path: Path,
  document: Document,
  insecure = false,
): Problem[] {
  const url = endpoint === undefined ? null : URL.parse(endpoint);
  if (url === null) return [];
  const problems: Problem[] = [];
  if (url.username !== '' || url.password !== '')
    problems.push(document.problem(path, 'holds a user name or password', 'take them out of the address'));
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    problems.push(
      document.problem(path, `has the scheme ${url.protocol.slice(0, -1)}`, 'write https://HOST'),
    );
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && !insecure)
    problems.push(
      document.problem(path, 'would send credentials over plain http to another machine', 'write https://'),
    );
  if (url.search !== '' || url.hash !== '')
    problems.push(document.problem(path, 'has a query or fragment', 'leave out what begins with "?" or "#"'));
  return problems;
}

/** A token where only its place belongs. What looks like one is not printed. */
function secretProblems(reference: SecretReference | undefined, path: Path, document: Document): Problem[] {
  return (['env', 'file'] as const).flatMap((field) =>
    looksSecret(reference?.[field])
      ? [
          document.problem(
            [...path, field],
            `holds what looks like the secret itself, where the ${field === 'env' ? 'name of an environment variable' : 'path of a file'} belongs`,
            'revoke it if this file was shared, and put the new one there',
          ),
        ]
      : [],
  );
}

function looksSecret(text: string | undefined): boolean {
  return text !== undefined && /^(?:gh[a-z]_|github_pat_|glpat-|ya29\.)\w{10}|-----BEGIN |\n/u.test(text);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/u.test(host);
}
