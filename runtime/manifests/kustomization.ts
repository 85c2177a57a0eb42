import { isMap, isScalar, isSeq } from 'yaml';
import { checkOverride, KEEP, splitReference } from './image-reference.ts';
import type { ImageOverride, ImageReference } from './image-reference.ts';
import { appendItem, removeKey, setValue } from './yaml-edit.ts';
import { YamlText } from './yaml-text.ts';
import type { Address, EditResult } from './yaml-text.ts';

/** The names that kustomize knows, in its order. A folder holds exactly one of them. */
export const KUSTOMIZATION_FILES = ['kustomization.yaml', 'kustomization.yml', 'Kustomization'] as const;

/** One entry of `images:`; what is missing or empty is undefined. */
export interface ImageEntry {
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
  readonly digest?: string;
  /** What a container of this name runs after kustomize, as far as the entry decides it. */
  readonly current: ImageReference;
  /** Counted from 1. */
  readonly line: number;
}

/** `imageTags` is what `images` was called in old files; kustomize reads it still. */
const LISTS = ['images', 'imageTags'] as const;
const FIELDS = ['newName', 'newTag', 'digest'] as const;
type Field = (typeof FIELDS)[number];

interface Entry {
  readonly at: Address;
  readonly name: string;
}

/** @param file named in errors */
export function readImages(text: string, file: string): ImageEntry[] {
  const yaml = new YamlText(text, file);
  return entries(yaml).map(({ at, name }) => {
    const { newName, newTag, digest } = {
      newName: field(yaml, at, 'newName'),
      newTag: field(yaml, at, 'newTag'),
      digest: field(yaml, at, 'digest'),
    };
    const split = splitReference(newName ?? name);
    const tag = newTag ?? split.tag;
    const currentDigest = digest ?? (newTag === undefined ? split.digest : undefined);
    return {
      name,
      ...(newName === undefined ? {} : { newName }),
      ...(newTag === undefined ? {} : { newTag }),
      ...(digest === undefined ? {} : { digest }),
      current: {
        name: split.name,
        ...(tag === undefined ? {} : { tag }),
        ...(currentDigest === undefined ? {} : { digest: currentDigest }),
      },
      line: yaml.line(at),
    };
  });
}

/**
 * Sets images as `kustomize edit set image` does, without its rewriting of the file: entries are found by `name` (of
 * several for one name each is set), missing ones are added at the end. Where two overrides share a name, the last counts.
 * @param file named in errors
 */
export function setImages(text: string, overrides: readonly ImageOverride[], file: string): EditResult {
  const byName = new Map(overrides.map((override) => [override.name, override]));
  let yaml = new YamlText(text, file);
  for (const override of byName.values()) {
    checkOverride(override, file);
    const matching = entries(yaml).filter(({ name }) => name === override.name);
    const wanted = resolveKept(yaml, matching[0], override);
    yaml =
      matching.length === 0
        ? addEntry(yaml, wanted)
        : matching.reduce((current, entry) => setEntry(current, entry.at, wanted), yaml);
  }
  return yaml;
}

/** Replaces `*` by what the first entry has. */
function resolveKept(yaml: YamlText, entry: Entry | undefined, override: ImageOverride): ImageOverride {
  const kept = FIELDS.map((name): [Field, string | undefined] => {
    const value = override[name];
    if (value !== KEEP) return [name, value];
    return [name, entry === undefined ? undefined : field(yaml, entry.at, name)];
  });
  return { name: override.name, ...Object.fromEntries(kept.filter(([, value]) => value !== undefined)) };
}

function setEntry(yaml: YamlText, entry: Address, wanted: ImageOverride): YamlText {
  if (yaml.keys(entry).includes('<<')) {
    throw yaml.error('merges another mapping (<<), where its values may come from', {
      at: entry,
      remedy: 'write the entry out',
    });
  }
  let edited = yaml;
  let previous = keyOf(yaml, entry, 'name');
  for (const name of FIELDS) {
    const key = keyOf(edited, entry, name);
    const value = wanted[name];
    if (value !== undefined) edited = setValue(edited, below(entry, key), value, { after: previous });
    if (edited.keys(entry).includes(key)) previous = key;
  }
  // Removed last, so that a digest takes the place of a tag.
  for (const name of [...FIELDS, 'tagSuffix'] as const) {
    const at = below(entry, keyOf(edited, entry, name));
    const unwanted = name === 'tagSuffix' || wanted[name] === undefined;
    if (unwanted && (edited.scalarText(at) ?? '') !== '') edited = removeKey(edited, at);
  }
  return edited;
}

function addEntry(yaml: YamlText, wanted: ImageOverride): YamlText {
  const item = { name: wanted.name, ...Object.fromEntries(FIELDS.flatMap((name) => pairOf(wanted, name))) };
  const root = rootOf(yaml);
  if (root !== undefined) return appendItem(yaml, below(root, keyOf(yaml, root, 'images')), item);
  return appendItem(emptyList(yaml), { document: 0, steps: ['images'] }, item);
}

function pairOf(wanted: ImageOverride, name: Field): [Field, string][] {
  const value = wanted[name];
  return value === undefined ? [] : [[name, value]];
}

/** A file that holds nothing but perhaps comments. */
function emptyList(yaml: YamlText): YamlText {
  const eol = yaml.text.includes('\r\n') ? '\r\n' : '\n';
  const gap = yaml.text === '' || yaml.text === '\uFEFF' || yaml.text.endsWith('\n') ? '' : eol;
  return new YamlText(`${yaml.text}${gap}images: []${eol}`, yaml.file);
}

/** The mapping that kustomize reads: the first document. Undefined when the file is empty. */
function rootOf(yaml: YamlText): Address | undefined {
  const at = { document: 0, steps: [] };
  const contents = yaml.documents[0]?.contents ?? null;
  if (isMap(contents)) return at;
  if (yaml.documents.length <= 1 && (contents === null || (isScalar(contents) && contents.value === null))) {
    return undefined;
  }
  throw yaml.error('is no kustomization: its first document is no mapping', {
    at,
    remedy: 'name a kustomization file',
  });
}

function entries(yaml: YamlText): Entry[] {
  const root = rootOf(yaml);
  if (root === undefined) return [];
  return LISTS.flatMap((name) => {
    const list = below(root, keyOf(yaml, root, name));
    const node = yaml.node(list);
    if (node === undefined || (isScalar(node) && node.value === null)) return [];
    if (!isSeq(node)) throw yaml.error('is not a list of images', { at: list });
    return node.items.map((_, index) => readEntry(yaml, { ...list, steps: [...list.steps, index] }));
  });
}

function readEntry(yaml: YamlText, at: Address): Entry {
  if (!isMap(yaml.node(at))) throw yaml.error('is no mapping with a name', { at });
  return { at, name: field(yaml, at, 'name') ?? '' };
}

/** Kustomize reads keys without regard to case: `newtag` works too. */
function keyOf(yaml: YamlText, mapping: Address, name: string): string {
  const same = [...new Set(yaml.keys(mapping))].filter((key) => key.toLowerCase() === name.toLowerCase());
  if (same.length > 1) {
    throw yaml.error(
      `has ${same.map((key) => `\`${key}\``).join(' and ')}, which are one field to kustomize`,
      {
        at: mapping,
        remedy: 'remove one of the two',
      },
    );
  }
  return same[0] ?? name;
}

function field(yaml: YamlText, entry: Address, name: string): string | undefined {
  const text = yaml.scalarText(below(entry, keyOf(yaml, entry, name)));
  return text === '' ? undefined : text;
}

function below(at: Address, key: string): Address {
  return { document: at.document, steps: [...at.steps, key] };
}
