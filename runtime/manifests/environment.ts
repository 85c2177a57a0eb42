import { basename } from 'node:path/posix';
import { ManifestError } from './errors.ts';
import { readLines, setLine } from './env-file.ts';
import { isSelected, resourcesOf } from './resources.ts';
import type { Resource, ResourceSelector } from './resources.ts';
import { appendItem, setValue } from './yaml-edit.ts';
import { YamlText } from './yaml-text.ts';
import type { Address, EditResult } from './yaml-text.ts';

/** Which environment is meant. @default the only one in the file that has the variable */
export interface EnvironmentSelector extends ResourceSelector {
  /** Name of a container; for a kustomization, `name` is that of the config map generator. */
  readonly container?: string;
}

export interface EnvironmentValue {
  readonly variable: string;
  /** Undefined: it comes from elsewhere (`valueFrom`) or is not given. */
  readonly value: string | undefined;
  readonly kind?: string;
  /** Of the object, or of the config map generator. */
  readonly name?: string;
  readonly container?: string;
  /** Counted from 1. */
  readonly line: number;
}

const CONTAINER_LISTS = ['initContainers', 'containers', 'ephemeralContainers'];

/** A place that holds variables: `env:` of a container, or `literals:` of a config map generator. */
interface Holder {
  readonly type: 'env' | 'literals';
  /** Of the list, which may not exist yet. */
  readonly at: Address;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  readonly container?: string | undefined;
}

interface Variable {
  readonly variable: string;
  readonly value: string | undefined;
  readonly at: Address;
}

/** True for files of KEY=VALUE lines: `.env`, `params.env`, `.env.prod`. */
export function isEnvironmentFile(path: string): boolean {
  return /(?:^|\.)env(?:\.[\w-]+)?$/.test(basename(path)) && !/\.ya?ml$/.test(path);
}

/**
 * Every environment value in a file: of the containers in all its documents, of the literals of config map
 * generators, or of KEY=VALUE lines, by the name of the file.
 */
export function readEnvironment(
  text: string,
  options: { file: string } & EnvironmentSelector,
): EnvironmentValue[] {
  if (isEnvironmentFile(options.file)) return readLines(text);
  const yaml = new YamlText(text, options.file);
  return holders(yaml, options).flatMap((holder) => {
    const { kind, name, container } = holder;
    return variables(yaml, holder).map(({ variable, value, at }) => ({
      variable,
      value,
      ...(kind === undefined ? {} : { kind }),
      ...(name === undefined ? {} : { name }),
      ...(container === undefined ? {} : { container }),
      line: yaml.line(at),
    }));
  });
}

/**
 * Sets one environment value. A variable that is missing is added when exactly one place is selected.
 * @throws ManifestError when several places have it, none can take it, or it comes from `valueFrom`
 */
export function setEnvironment(
  text: string,
  variable: string,
  value: string,
  options: { file: string } & EnvironmentSelector,
): EditResult {
  if (!/^[^\s=\p{Cc}]+$/u.test(variable)) {
    throw new ManifestError(options.file, `\`${variable}\` is no name of a variable`);
  }
  if (isEnvironmentFile(options.file)) return setLine(text, variable, value, options.file);
  const yaml = new YamlText(text, options.file);
  const places = holders(yaml, options);
  const found = places.flatMap((holder) =>
    variables(yaml, holder)
      .filter((one) => one.variable === variable)
      .map((one) => ({ holder, at: one.at })),
  );
  const [hit] = found;
  if (found.length > 1)
    throw ambiguous(
      yaml,
      variable,
      found.map((one) => one.holder),
    );
  if (hit !== undefined) return replace(yaml, hit.holder, hit.at, variable, value);
  const [place] = places;
  if (places.length > 1) throw ambiguous(yaml, variable, places);
  if (place !== undefined) return add(yaml, place, variable, value);
  throw new ManifestError(options.file, 'no container or config map generator like that is in the file', {
    path: variable,
    remedy: 'check kind, name and container',
  });
}

function replace(yaml: YamlText, holder: Holder, at: Address, variable: string, value: string): YamlText {
  if (holder.type === 'literals') {
    const old = yaml.scalarText(at) ?? '';
    return setValue(yaml, at, `${variable}=${requote(old.slice(variable.length + 1), value)}`);
  }
  if (yaml.keys(at).includes('valueFrom')) {
    throw yaml.error(`${variable} comes from another object (valueFrom)`, {
      at,
      remedy: 'set it in that object',
    });
  }
  return setValue(yaml, { document: at.document, steps: [...at.steps, 'value'] }, value, { after: 'name' });
}

function add(yaml: YamlText, holder: Holder, variable: string, value: string): YamlText {
  return appendItem(
    yaml,
    holder.at,
    holder.type === 'env' ? { name: variable, value } : `${variable}=${value}`,
  );
}

function holders(yaml: YamlText, selector: EnvironmentSelector): Holder[] {
  return resourcesOf(yaml).flatMap((resource) => [
    ...generators(yaml, resource, selector),
    ...(isSelected(resource, selector) ? containers(yaml, resource, selector.container) : []),
  ]);
}

/** Containers wherever they stand below an object: pods, templates, custom resources, patches. */
function containers(yaml: YamlText, resource: Resource, wanted: string | undefined): Holder[] {
  const { document } = resource.at;
  const found: Holder[] = [];
  const visit = (at: Address): void => {
    const count = yaml.length(at) ?? 0;
    for (let index = 0; index < count; index++) visit({ document, steps: [...at.steps, index] });
    for (const key of yaml.keys(at)) {
      const child = { document, steps: [...at.steps, key] };
      if (CONTAINER_LISTS.includes(key) && yaml.length(child) !== undefined) found.push(...list(child));
      else visit(child);
    }
  };
  const list = (at: Address): Holder[] =>
    Array.from({ length: yaml.length(at) ?? 0 }, (_, index) => ({ document, steps: [...at.steps, index] }))
      .map((one) => ({ one, container: yaml.scalarText({ document, steps: [...one.steps, 'name'] }) }))
      .filter(({ container }) => wanted === undefined || container === wanted)
      .map(({ one, container }) => ({
        type: 'env' as const,
        at: { document, steps: [...one.steps, 'env'] },
        kind: resource.kind,
        name: resource.name,
        container,
      }));
  visit(resource.at);
  return found;
}

function generators(yaml: YamlText, resource: Resource, selector: EnvironmentSelector): Holder[] {
  if (selector.container !== undefined) return [];
  if (selector.kind !== undefined && selector.kind !== (resource.kind ?? 'Kustomization')) return [];
  const { document, steps } = resource.at;
  const list = { document, steps: [...steps, 'configMapGenerator'] };
  return Array.from({ length: yaml.length(list) ?? 0 }, (_, index) => ({
    type: 'literals' as const,
    at: { document, steps: [...list.steps, index, 'literals'] },
    kind: resource.kind,
    name: yaml.scalarText({ document, steps: [...list.steps, index, 'name'] }),
  })).filter(({ name }) => selector.name === undefined || name === selector.name);
}

function variables(yaml: YamlText, holder: Holder): Variable[] {
  const { document, steps } = holder.at;
  const items = Array.from({ length: yaml.length(holder.at) ?? 0 }, (_, index) => ({
    document,
    steps: [...steps, index],
  }));
  return items.flatMap((at) => {
    if (holder.type === 'env') {
      const variable = yaml.scalarText({ document, steps: [...at.steps, 'name'] });
      const value = yaml.scalarText({ document, steps: [...at.steps, 'value'] });
      return variable === undefined ? [] : [{ variable, value, at }];
    }
    const literal = yaml.scalarText(at) ?? '';
    const equals = literal.indexOf('=');
    if (equals === -1) return [];
    return [{ variable: literal.slice(0, equals), value: unquote(literal.slice(equals + 1)), at }];
  });
}

function ambiguous(yaml: YamlText, variable: string, found: readonly Holder[]): ManifestError {
  const names = found.map(({ kind, name, container, at }) =>
    [kind, name, container ?? (name === undefined ? renderIndex(at) : undefined)]
      .filter((part) => part !== undefined)
      .join('/'),
  );
  return new ManifestError(yaml.file, `several places can hold it: ${names.join(', ')}`, {
    path: variable,
    remedy: 'select one by kind, name and container',
  });
}

function renderIndex(at: Address): string {
  const index = at.steps.findLast((step) => typeof step === 'number');
  return `number ${(index ?? 0) + 1}`;
}

/** Kustomize takes one pair of quotes off a literal's value. */
function unquote(value: string): string {
  const quote = value[0];
  return value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote)
    ? value.slice(1, -1)
    : value;
}

function requote(old: string, value: string): string {
  const quote = unquote(old) === old ? '' : (old[0] ?? '');
  if (quote !== '') return quote + value + quote;
  return unquote(value) === value ? value : `"${value}"`;
}
