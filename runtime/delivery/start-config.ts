import { Document, isMap, isPair, isScalar, Scalar, visit, YAMLMap, type Pair as YamlPair } from 'yaml';
import { imageName, name, tagPrefix } from '../api/names.ts';
import type { RepositoryUrl } from '../ports/index.ts';

/** An entry of `images:` somewhere in a repository. */
export interface FoundImage {
  /** Folder of the kustomization, from the root of the repository. */
  readonly folder: string;
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
}

/** What a checkout says about itself. */
export interface CheckoutFacts {
  readonly repository?: RepositoryUrl;
  readonly branch?: string;
}

export interface StartedConfig {
  readonly text: string;
  /** What was found and has no place in a config. */
  readonly leftOut: readonly string[];
}

const HEAD = `# What is built from which branch, and where the images go.
# Check it: slipway delivery validate. Then see what would be done: slipway delivery plan.
# For help in an editor: slipway delivery schema > delivery.schema.json, and name that file as its JSON Schema.
apiVersion: slipway.dev/v1alpha1
kind: Delivery
`;

/** A config without entries, which says in comments what belongs where. */
export function emptyConfig(): string {
  return `${HEAD}
# Each version follows one branch of every repository that it lists, as in:
#   master:
#     tag: vmaster                 # what image tags begin with
#     repositories:
#       kubeflow: { url: https://github.com/kubeflow/kubeflow, branch: master }
#       manifests: { url: https://github.com/kubeflow/manifests, branch: master }
versions: {}

# Each application belongs to every version that lists its source, as in:
#   jupyter-web-app:
#     source: kubeflow             # which of the repositories holds it
#     context: components/jupyter-web-app
#     image: gcr.io/kubeflow-images-public/jupyter-web-app
#     targets:                     # where manifests name the image
#       - kustomization: jupyter/jupyter-web-app/base
#         repository: manifests    # which of the repositories holds it; manifests unless given
applications: {}
`;
}

/** A config of one application per image; what kustomizations cannot tell is left empty, for \`validate\` to name. */
export function configOfImages(found: readonly FoundImage[], checkout: CheckoutFacts): StartedConfig {
  const { images, leftOut } = byImage(found);
  const names = applicationNames([...images.keys()]);
  const applications = new Map(
    [...images].map(([image, places]) => [names.get(image), applicationOf(image, places)]),
  );
  const version = {
    tag: commonTag(found),
    repositories: { manifests: { url: checkout.repository ?? null, branch: checkout.branch ?? null } },
  };
  const document = new Document({ versions: { [versionName(checkout.branch)]: version }, applications });
  explain(document);
  return { text: `${HEAD}\n${document.toString({ lineWidth: 0, nullStr: '' })}`, leftOut };
}

function applicationOf(image: string, places: readonly FoundImage[]) {
  return {
    source: null,
    context: null,
    image,
    targets: places.map((place) => ({
      kustomization: place.folder,
      ...(place.name !== image && { image: place.name }),
    })),
  };
}

/** By what containers run in the end, in the order of their names. */
function byImage(found: readonly FoundImage[]) {
  const images = new Map<string, FoundImage[]>();
  const leftOut: string[] = [];
  for (const one of found) {
    const image = one.newName ?? one.name;
    const places = images.get(image) ?? [];
    if (!imageName.safeParse(image).success || !imageName.safeParse(one.name).success)
      leftOut.push(`${one.folder}: ${image} is no image name without tag`);
    else if (!places.some(({ folder, name }) => folder === one.folder && name === one.name))
      images.set(image, [...places, one]);
  }
  return { images: new Map([...images].sort(([a], [b]) => (a < b ? -1 : 1))), leftOut };
}

/** The last part of the image's path, with more parts before it where two are alike. */
function applicationNames(images: readonly string[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const image of images) {
    const parts = image.split('/');
    const candidates = parts.map((_, index) => asName(parts.slice(parts.length - 1 - index).join('-')));
    const base = asName(parts.join('-'));
    const numbered = images.map((_, index) => `${base.slice(0, 58)}-${index + 2}`);
    const chosen = [...candidates, ...numbered].find((one) => !taken.has(one)) ?? base;
    taken.add(chosen);
    names.set(image, chosen);
  }
  return names;
}

/** The tag prefix where all of our own tags (`PREFIX-g<commit>`) begin alike; null where they do not say. */
function commonTag(found: readonly FoundImage[]): string | null {
  const prefixes = new Set(
    found.flatMap(({ newTag = '' }) => /^(.+?)-g[0-9a-f]{7,40}(?:-k[0-9a-f]{8})?$/.exec(newTag)?.[1] ?? []),
  );
  const [only] = prefixes;
  return prefixes.size === 1 && tagPrefix.safeParse(only).success ? (only ?? null) : null;
}

const versionName = (branch: string | undefined) => (branch === undefined ? 'latest' : asName(branch));

function asName(text: string): string {
  const parts = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, '-')
    .split('.');
  const dotted = parts.map((part) => part.replaceAll(/^-+|-+$/g, '')).filter((part) => part !== '');
  const short = dotted
    .join('.')
    .slice(0, 63)
    .replace(/[-.]+$/, '');
  return name.safeParse(short).success ? short : 'latest';
}

const WHAT_IS_MISSING: Readonly<Record<string, string>> = {
  tag: ' what image tags begin with',
  url: ' clone URL of the repository with these kustomizations',
  branch: ' branch of it to follow',
  source: ' name of the repository that holds its Dockerfile',
  context: ' folder of that repository to build; "" is its root',
};

/** Comments on the sections, a blank line between entries, and beside each empty field what belongs there. */
function explain(document: Document): void {
  comment(document, 'versions', [
    ' Add the repositories that hold the Dockerfiles: NAME: { url: …, branch: … }',
  ]);
  comment(document, 'applications', [
    ' One for each image that a kustomization sets. Delete those that are not built from your sources,',
    ' and fill in what is empty.',
  ]);
  visit(document, {
    Pair(_, pair) {
      const key = isScalar(pair.key) ? String(pair.key.value) : '';
      if (!isScalar(pair.value) || pair.value.value !== null) return;
      pair.value.comment = WHAT_IS_MISSING[key] ?? '';
    },
  });
}

function comment(document: Document, section: string, lines: readonly string[]): void {
  if (!isMap(document.contents)) return;
  const pair = document.contents.items.find((one) => isScalar(one.key) && one.key.value === section);
  if (!pair || !isScalar(pair.key)) return;
  pair.key.spaceBefore = section !== 'versions';
  pair.key.commentBefore = lines.join('\n');
  if (pair.value instanceof YAMLMap)
    pair.value.items.slice(1).forEach((item) => {
      if (isPair(item)) keyOf(item).spaceBefore = true;
    });
}

function keyOf(pair: YamlPair): Scalar {
  if (!isScalar(pair.key)) pair.key = new Scalar(pair.key);
  return pair.key as Scalar;
}
