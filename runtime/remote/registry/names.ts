import { isIP } from 'node:net';
import { PortError } from '../../ports/errors.ts';

/** Settings of one registry host, by the host that image names carry (`gcr.io`, `docker.io`). */
export interface RegistrySettings {
  /** Where its API is: `http://127.0.0.1:5000`. @default `https://HOST` (http for localhost and loopback addresses) */
  readonly endpoint?: string;
  /**
   * Where its images live there. `{name}` stands for the image's path without host: `mirror/{name}`. Without that
   * placeholder it is a prefix: `mirror` means `mirror/{name}`. @default `{name}`
   */
  readonly name?: string;
  /** Plain http where no endpoint says otherwise; builders do not check its certificate. @default false */
  readonly insecure?: boolean;
}

/** Where an image really lives. */
export interface Location {
  /** Host in the image's name, by which the settings know it: `gcr.io`. */
  readonly key: string;
  /** Base of the API, without path: `https://gcr.io`. */
  readonly origin: string;
  /** Host that credentials and messages speak of: `gcr.io`, `127.0.0.1:5000`, `docker.io`. */
  readonly host: string;
  readonly repository: string;
  /** Plain http, or a certificate that nobody checks. */
  readonly insecure: boolean;
  /** Credentials may be sent: over https, to this machine, or because the settings say `insecure`. */
  readonly trusted: boolean;
}

const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_API = 'https://registry-1.docker.io';
const dockerHubNames = new Set([DOCKER_HUB, 'index.docker.io', 'registry-1.docker.io']);

const part = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const pathForm = new RegExp(`^${part}(?:/${part})*$`);

/** Splits `gcr.io/project/name` as Docker does: a first part is a host if it has a dot or colon, or is `localhost`. */
export function parseImageName(name: string): { readonly host: string; readonly path: string } {
  const slash = name.indexOf('/');
  const first = slash === -1 ? '' : name.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost';
  const host = isHost ? first.toLowerCase() : DOCKER_HUB;
  const path = isHost ? name.slice(slash + 1) : name;
  if (!pathForm.test(path) || path.length > 255) {
    const tagged = /[:@]/.test(path) ? ' It carries a tag or digest, which has its own place.' : '';
    throw new PortError(
      'invalid',
      name,
      `"${name}" is not an image name: HOST/PATH with a lower-case path.${tagged}`,
    );
  }
  if (!dockerHubNames.has(host)) return { host, path };
  return { host: DOCKER_HUB, path: path.includes('/') ? path : `library/${path}` };
}

/** @throws PortError `invalid` when the name, or the settings of its host, make no sense */
export function locate(name: string, registries: Readonly<Record<string, RegistrySettings>> = {}): Location {
  const { host, path } = parseImageName(name);
  const settings = Object.hasOwn(registries, host) ? registries[host] : undefined;
  const repository = rewrite(path, settings?.name);
  if (!pathForm.test(repository) || repository.length > 255) {
    throw badSetting(host, 'name', `makes "${repository}" of ${path}, which is no repository path`);
  }
  const origin = originOf(host, settings);
  const { protocol, hostname, host: address } = new URL(origin);
  const allowed = settings?.insecure === true;
  return {
    key: host,
    origin,
    host: origin === DOCKER_HUB_API ? DOCKER_HUB : address,
    repository,
    insecure: protocol === 'http:' || allowed,
    trusted: protocol === 'https:' || isLoopback(hostname) || allowed,
  };
}

function originOf(host: string, settings: RegistrySettings | undefined): string {
  if (settings?.endpoint !== undefined) return parseEndpoint(host, settings.endpoint).origin;
  if (host === DOCKER_HUB) return DOCKER_HUB_API;
  const origin = `https://${host}`;
  if (!URL.canParse(origin)) throw new PortError('invalid', host, `"${host}" is not a host`);
  const plain = settings?.insecure ?? isLoopback(new URL(origin).hostname);
  return plain ? `http://${host}` : origin;
}

function rewrite(path: string, template = '{name}'): string {
  if (template.includes('{name}')) return template.replaceAll('{name}', path);
  return `${template.replace(/\/+$/, '')}/${path}`;
}

function parseEndpoint(host: string, endpoint: string): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw badSetting(host, 'endpoint', 'is not an http or https URL');
  }
  if (url.username !== '' || url.password !== '') {
    throw badSetting(host, 'endpoint', 'must not hold a user or password');
  }
  if (url.pathname !== '/' || url.search !== '') {
    throw badSetting(host, 'endpoint', 'must have no path: the API is always at /v2/');
  }
  return url;
}

function badSetting(host: string, key: string, problem: string): PortError {
  return new PortError('invalid', host, `registries.${host}.${key} ${problem}`, {
    remedy: `correct registries.${host}.${key} in the settings`,
  });
}

/** Of a host without port. */
export function isLoopback(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (host === 'localhost' || host.endsWith('.localhost')) return true;
  return host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}
