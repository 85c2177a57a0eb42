/** An image as manifests and Dockerfiles name it. */
export interface ImageReference {
  /** `gcr.io/project/name`, `nginx`: as written. */
  readonly name: string;
  readonly tag?: string;
  /** `sha256:` and 64 hex digits. */
  readonly digest?: string;
}

// The grammar of distribution/reference, from its small parts up.
const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const label = '[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?';
const host = `(?:${label}(?:\\.${label})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`;
const namePattern = new RegExp(`^(?:${host}/)?${component}(?:/${component})*$`, 'u');
const tagPattern = /^\w[\w.-]{0,127}$/u;
const digestPattern = /^sha256:[a-f0-9]{64}$/u;
const dockerHub = 'docker.io';

/** Reads `NAME[:TAG][@DIGEST]`. Throws an `Error` that says what is wrong and what would be right. */
export function parseImage(text: string): ImageReference {
  const [before = '', digest, ...more] = text.split('@');
  if (more.length > 0) throw imageError(text, 'has more than one "@"');
  if (digest !== undefined && !isDigest(digest))
    throw imageError(text, `has a digest that is not "sha256:" and 64 hex digits`);
  const colon = before.lastIndexOf(':');
  const hasTag = colon > before.lastIndexOf('/');
  const name = hasTag ? before.slice(0, colon) : before;
  const tag = hasTag ? before.slice(colon + 1) : undefined;
  if (!isImageName(name)) throw imageError(text, nameProblem(name));
  if (tag !== undefined && !isTag(tag))
    throw imageError(
      text,
      `has the tag ${JSON.stringify(tag)}; a tag is 1 to 128 letters, digits, "_", "." and "-", and begins with none of the last two`,
    );
  return { name, ...(tag !== undefined && { tag }), ...(digest !== undefined && { digest }) };
}

export function formatImage(image: ImageReference): string {
  const tag = image.tag === undefined ? '' : `:${image.tag}`;
  const digest = image.digest === undefined ? '' : `@${image.digest}`;
  return `${image.name}${tag}${digest}`;
}

/** A name without tag or digest, at most 255 characters. */
export function isImageName(name: string): boolean {
  return name.length <= 255 && namePattern.test(name);
}

export function isTag(tag: string): boolean {
  return tagPattern.test(tag);
}

export function isDigest(digest: string): boolean {
  return digestPattern.test(digest);
}

/** The name that registries know it by, for comparison: `nginx` is `docker.io/library/nginx`. */
export function normalizeImageName(name: string): string {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isHost = /[.:]/u.test(first) || first === 'localhost' || first !== first.toLowerCase();
  const registry = isHost ? first : dockerHub;
  const path = isHost ? name.slice(slash + 1) : name;
  if (registry !== dockerHub && registry !== `index.${dockerHub}`) return `${registry}/${path}`;
  return `${dockerHub}/${path.includes('/') ? path : `library/${path}`}`;
}

function nameProblem(name: string): string {
  if (name === '') return 'has no name';
  if (name.length > 255) return 'has a name of more than 255 characters';
  if (/^[a-z]+:\/\//u.test(name)) return 'is a URL; leave the scheme out';
  if (/[A-Z]/u.test(name.slice(name.indexOf('/') + 1)))
    return 'has capital letters, which only its registry may have';
  return `has the name ${JSON.stringify(name)}`;
}

function imageError(text: string, problem: string): Error {
  return new Error(
    `image ${JSON.stringify(text)} ${problem}: write NAME[:TAG][@DIGEST], such as gcr.io/project/name:v1`,
  );
}
