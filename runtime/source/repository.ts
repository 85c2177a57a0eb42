import type { ForgeRepository, RepositoryUrl } from '../ports/index.ts';

/**
 * One spelling for every way to write a repository (see `RepositoryUrl`); `file:///path` for one on this machine.
 * `git@host:owner/name` is read over https unless there is an ssh key for the host; `ssh://` stays what it says.
 * Throws an `Error` that says what is wrong and what would be right.
 * @param options.sshHosts hosts that an ssh key is configured for @default none
 */
export function canonicalRepository(
  url: string,
  options: { readonly sshHosts?: ReadonlySet<string> } = {},
): RepositoryUrl {
  const problem = textProblem(url);
  if (problem !== undefined) throw repositoryError(url, problem);
  if (url.startsWith('/')) return canonicalUrl(url, `file://${url}`);
  const scp = url.includes('://')
    ? null
    : /^(?:(?<user>[\w.-]+)@)?(?<host>[\w.-]+):(?<path>[^:].*)$/u.exec(url);
  if (scp?.groups === undefined) return canonicalUrl(url, url);
  const { user = 'git', host = '', path = '' } = scp.groups;
  const address = `${host}/${path.replace(/^\/+/u, '')}`;
  const overSsh = options.sshHosts?.has(host.toLowerCase()) === true;
  return canonicalUrl(url, overSsh ? `ssh://${user}@${address}` : `https://${address}`);
}

/** The repository on its forge; undefined for one that is on no forge (`file:`) or has no owner. */
export function forgeRepository(repository: RepositoryUrl): ForgeRepository | undefined {
  const url = URL.parse(repository);
  if (url === null || url.host === '') return undefined;
  const segments = url.pathname.split('/').filter((segment) => segment !== '');
  const name = segments.pop();
  if (name === undefined || segments.length === 0) return undefined;
  return {
    // The port of an ssh address is not the port of the forge's API.
    host: url.protocol === 'ssh:' ? url.hostname : url.host,
    owner: segments.join('/'),
    name: name.replace(/\.git$/u, ''),
  };
}

/** Equal for two spellings of one repository: forges tell owners and names apart whatever their case. Never an address. */
export function repositoryIdentity(repository: RepositoryUrl): string {
  return repository.startsWith('file:') ? repository : repository.toLowerCase();
}

function textProblem(url: string): string | undefined {
  if (url === '') return 'is empty';
  if (url.length > 2048) return 'is longer than 2048 characters';
  if (url.startsWith('-')) return 'begins with "-", which git would take for an option';
  if (Array.from(url).some((one) => one <= ' ' || one === '\u007F'))
    return 'has a space or control character';
  if (/[?#%\\]/u.test(url)) return 'has one of "?", "#", "%" and "\\"';
  return undefined;
}

function canonicalUrl(written: string, address: string): RepositoryUrl {
  const url = URL.parse(address);
  const path = /^[a-z]+:\/\/[^/]*(.*)$/u.exec(address)?.[1] ?? '';
  if (url === null || !address.includes('://'))
    throw repositoryError(written, 'is no address of a repository');
  const segments = path.split('/').filter((segment) => segment !== '');
  const last = segments.pop()?.replace(/\.git$/u, '');
  if (last === undefined || last === '') throw repositoryError(written, 'names no repository');
  segments.push(last);
  if (segments.some((segment) => segment === '.' || segment === '..' || segment.startsWith('-')))
    throw repositoryError(written, 'has a segment that is ".", ".." or begins with "-"');
  return `${origin(written, url)}/${segments.join('/')}`;
}

/** Scheme and host, without user and password: credentials come from the settings. */
function origin(written: string, url: URL): string {
  switch (url.protocol) {
    case 'https:':
      return `https://${url.host}`;
    case 'http:':
      if (!isLoopback(url.hostname)) throw repositoryError(written, 'would be read over plain http');
      return `http://${url.host}`;
    case 'ssh:': {
      const user = url.username === '' ? 'git' : url.username;
      if (url.hostname.startsWith('-') || user.startsWith('-'))
        throw repositoryError(written, 'has a user or host that begins with "-"');
      return `ssh://${user}@${url.host.toLowerCase()}`;
    }
    case 'file:':
      if (url.host !== '') throw repositoryError(written, 'is a file on another host');
      return 'file://';
    default:
      throw repositoryError(written, `has the scheme ${JSON.stringify(url.protocol.slice(0, -1))}`);
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/u.test(host);
}

function repositoryError(url: string, problem: string): Error {
  return new Error(
    `repository ${JSON.stringify(withoutPassword(url))} ${problem}: write https://HOST/OWNER/NAME, git@HOST:OWNER/NAME, ssh://git@HOST/OWNER/NAME, http:// on the loopback interface, or an absolute path`,
  );
}

/** Never a secret in a message. */
function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/@]*@/u, '//');
}
