import type { core } from 'zod';
import { either, type Path } from './words.ts';

/** Any zod schema. */
export type Schema = core.$ZodType;

/** The schema without `optional`, defaults, transforms and their like: what a file may hold. */
export function unwrap(schema: Schema): Schema {
  const { def } = (schema as core.$ZodTypes)._zod;
  switch (def.type) {
    case 'optional':
    case 'nonoptional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'catch':
    case 'readonly':
      return unwrap(def.innerType);
    case 'pipe':
      return unwrap(def.in);
    default:
      return schema;
  }
}

/** Every schema that may apply to the value at the path: several only behind a union. */
export function schemasAt(schema: Schema, path: Path): Schema[] {
  const here = options(schema);
  const [part, ...rest] = path;
  if (part === undefined) return here;
  return here.flatMap((one) => {
    const next = child(one, part);
    return next === undefined ? [] : schemasAt(next, rest);
  });
}

/** Names of the fields that a mapping at this place may have; undefined where names are free. */
export function knownFields(schemas: readonly Schema[]): string[] {
  return schemas.flatMap((schema) => {
    const { def } = (schema as core.$ZodTypes)._zod;
    return def.type === 'object' ? Object.keys(def.shape) : [];
  });
}

/** What is wanted, in plain words: `text`, `a list`, `"rolling" or "grouped"`. */
export function wanted(schemas: readonly Schema[]): string {
  return either([...new Set(schemas.flatMap(words))]);
}

/** The members of a union, else the schema itself, unwrapped. */
function options(schema: Schema): Schema[] {
  const one = unwrap(schema);
  const { def } = (one as core.$ZodTypes)._zod;
  return def.type === 'union' ? def.options.flatMap(options) : [one];
}

function child(schema: Schema, part: PropertyKey): Schema | undefined {
  const { def } = (schema as core.$ZodTypes)._zod;
  switch (def.type) {
    case 'object':
      return Object.hasOwn(def.shape, part) ? def.shape[String(part)] : undefined;
    case 'record':
      return def.valueType;
    case 'array':
      return def.element;
    default:
      return undefined;
  }
}

function words(schema: Schema): string[] {
  const { def } = (schema as core.$ZodTypes)._zod;
  switch (def.type) {
    case 'string':
      return ['text'];
    case 'number':
      return ['format' in def && def.format === 'safeint' ? 'a whole number' : 'a number'];
    case 'boolean':
      return ['true or false'];
    case 'array':
      return ['a list'];
    case 'object':
    case 'record':
      return ['a mapping'];
    case 'literal':
      return def.values.map((value) => JSON.stringify(value));
    case 'enum':
      return Object.values(def.entries).map((value) => JSON.stringify(value));
    default:
      return [def.type];
  }
}
