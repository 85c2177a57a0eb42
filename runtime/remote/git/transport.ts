import { PortError } from '../../ports/errors.ts';
import { hasControl, printable } from './names.ts';

/** What a git URL says about the way to its repository. */
export interface Endpoint {
  /** As git names it: `https`, `http`, `ssh`, `git`, `file`, or the name of a remote helper. */
  readonly protocol: string;
  /** With port, '' for files. */
  readonly host: string;
  readonly username: string;
  readonly loopback: boolean;
}

/** `url.<base>.insteadOf = <prefix>` of a person's git configuration. */
export interface Rewrite {
  readonly base: string;
  readonly prefix: string;
  readonly pushOnly: boolean;
}

/** Output of `git config -z --get-regexp '^url\..*\.(push)?insteadof$'`: `key LF value NUL`. */
export function parseRewrites(output: string): Rewrite[] {
  return output
    .split('\0')
    .map((record) => /^url\.([^]*)\.(push)?insteadof\n([^]*)$/.exec(record))
    .filter((match) => match !== null)
    .map(([, base = '', push, prefix = '']) => ({ base, prefix, pushOnly: push !== undefined }));
}

/** Where git goes for this URL: the longest prefix wins, and for pushes `pushInsteadOf` goes first. */
export function effectiveUrl(url: string, rewrites: readonly Rewrite[], direction: 'fetch' | 'push'): string {
  const best = (pushOnly: boolean): Rewrite | undefined =>
    rewrites
      .filter((rewrite) => rewrite.pushOnly === pushOnly && url.startsWith(rewrite.prefix))
      .reduce<Rewrite | undefined>(
        (longest, rewrite) =>
          longest === undefined || rewrite.prefix.length > longest.prefix.length ? rewrite : longest,
        undefined,
      );
  const chosen = (direction === 'push' ? best(true) : undefined) ?? best(false);
  return chosen ? chosen.base + url.slice(chosen.prefix.length) : url;
}

/** Reads a URL as git does: `scheme://…`, `helper::…`, `[user@]host:path`, or a path. */
export function endpointOf(url: string): Endpoint {
  if (url === '' || url.startsWith('-') || hasControl(url))
    throw new PortError('invalid', printable(url), `"${printable(url)}" is not the address of a repository`);
  const helper = /^([A-Za-z0-9][A-Za-z0-9+.-]*)::/.exec(url)?.[1];
  if (helper !== undefined) return { protocol: helper, host: '', username: '', loopback: false };
  if (/^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(url)) return parsed(url);
  const short = /^(?:([^/@:]+)@)?(\[[^\]/]+\]|[^/:]+):/.exec(url);
  if (short) {
    const [, username = '', host = ''] = short;
    if (host.startsWith('-') || username.startsWith('-'))
      throw new PortError(
        'invalid',
        printable(url),
        `"${printable(url)}" has a host that reads as an option`,
      );
    return { protocol: 'ssh', host, username, loopback: isLoopback(host) };
  }
  return { protocol: 'file', host: '', username: '', loopback: true };
}

function parsed(url: string): Endpoint {
  if (!URL.canParse(url))
    throw new PortError('invalid', printable(url), `"${printable(url)}" is not the address of a repository`);
  const { protocol, host, hostname, username } = new URL(url);
  const name = protocol.slice(0, -1);
  if (decodeURIComponent(hostname).startsWith('-') || username.startsWith('-'))
    throw new PortError('invalid', printable(url), `"${printable(url)}" has a host that reads as an option`);
  return {
    protocol: name === 'git+ssh' || name === 'ssh+git' ? 'ssh' : name,
    host,
    username: decodeURIComponent(username),
    loopback: isLoopback(hostname),
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * Refuses a way that is not allowed.
 * @param transports names of protocols; `http-loopback` stands for http to this machine alone
 */
export function checkTransport(repository: string, endpoint: Endpoint, transports: readonly string[]): void {
  const { protocol, loopback } = endpoint;
  if (transports.includes(protocol)) return;
  if (protocol === 'http' && loopback && transports.includes('http-loopback')) return;
  throw new PortError(
    'invalid',
    repository,
    `${repository} would be reached by "${protocol}"${endpoint.host ? ` at ${endpoint.host}` : ''}, which is not allowed`,
    { remedy: `allow the transport "${protocol}" in the settings, or use https or ssh` },
  );
}
