import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import formats from 'ajv-formats';

type Json = Record<string, unknown>;
const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const file = createRequire(import.meta.url).resolve('@octokit/openapi/generated/api.github.com.json');
const METHODS = ['get', 'post', 'put', 'patch', 'delete'];

/** An exchange with GitHub's API, to be held against what GitHub publishes. */
export interface Exchange {
  readonly method: string;
  /** Without query, beginning with `/`. */
  readonly path: string;
  readonly requestBody?: unknown;
  readonly status: number;
  readonly responseBody?: unknown;
}

/**
 * Checks exchanges against GitHub's published OpenAPI description. An error that the description does not list for a
 * route (any route may answer 401, 403 or 429) must be GitHub's basic error.
 */
export class GitHubSchema {
  readonly #document: Json;
  readonly #ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #templates: { readonly template: string; readonly pattern: RegExp; readonly fixed: number }[];

  constructor() {
    const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (!isJson(parsed)) throw new Error(`${file} is no OpenAPI document`);
    this.#document = parsed;
    formats.default(this.#ajv);
    this.#ajv.addFormat('repo.nwo', true);
    const paths = parsed['paths'];
    this.#templates = Object.keys(isJson(paths) ? paths : {})
      .map((template) => ({
        template,
        pattern: new RegExp(`^${template.replaceAll('.', '\\.').replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
        fixed: template.split('/').filter((part) => !part.startsWith('{')).length,
      }))
      .sort((one, other) => other.fixed - one.fixed);
  }

  /** What is wrong, one line each; empty when the exchange is as published. */
  problems(exchange: Exchange): string[] {
    const template = this.#templates.find(({ pattern }) => pattern.test(exchange.path))?.template;
    const method = exchange.method.toLowerCase();
    if (template === undefined || !METHODS.includes(method))
      return [`unknown route ${method} ${exchange.path}`];
    const operation = ['paths', template, method];
    if (this.#at(operation) === undefined) return [`unknown method ${method} ${template}`];
    const accepted = exchange.status < 400;
    return [
      ...(accepted && exchange.requestBody !== undefined
        ? this.#check([...operation, 'requestBody'], exchange.requestBody, 'request')
        : []),
      ...this.#responseProblems(operation, exchange),
    ];
  }

  #responseProblems(operation: readonly string[], exchange: Exchange): string[] {
    const response = [...operation, 'responses', String(exchange.status)];
    if (this.#at(response) !== undefined) return this.#check(response, exchange.responseBody, 'response');
    // Any read may be conditional; a few routes only list it.
    if (exchange.status === 304 && operation.at(-1) === 'get')
      return exchange.responseBody === undefined ? [] : ['response should have no body'];
    if (exchange.status < 400)
      return [`status ${exchange.status} is not published for ${operation.join(' ')}`];
    return this.#validate(['components', 'schemas', 'basic-error'], exchange.responseBody, 'response');
  }

  #check(place: readonly string[], body: unknown, what: string): string[] {
    const target = this.#resolve(place);
    const schema = [...target, 'content', 'application/json', 'schema'];
    if (this.#at(schema) === undefined) return body === undefined ? [] : [`${what} should have no body`];
    return this.#validate(schema, body, what);
  }

  #validate(place: readonly string[], body: unknown, what: string): string[] {
    const key = place.join(' ');
    let validate = this.#validators.get(key);
    if (validate === undefined) {
      validate = this.#ajv.compile(this.#standalone(place));
      this.#validators.set(key, validate);
    }
    if (validate(body)) return [];
    return (validate.errors ?? []).map((error) => `${what}${error.instancePath} ${error.message ?? ''}`);
  }

  /** The schema with only the components it needs, in JSON Schema's words. */
  #standalone(place: readonly string[]): Json {
    const definitions: Json = {};
    const visit = (node: unknown): unknown => {
      if (Array.isArray(node)) return node.map(visit);
      if (!isJson(node)) return node;
      const reference = node['$ref'];
      if (typeof reference === 'string') {
        const name = reference.split('/').at(-1) ?? '';
        if (!(name in definitions)) {
          definitions[name] = true;
          definitions[name] = visit(this.#at(['components', 'schemas', name]));
        }
        return { $ref: `#/definitions/${name}` };
      }
      const { nullable, ...rest } = node;
      const schema = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, visit(value)]));
      return nullable === true ? { anyOf: [schema, { type: 'null' }] } : schema;
    };
    const schema = visit(this.#at(place));
    return { allOf: [schema], definitions };
  }

  #resolve(place: readonly string[]): readonly string[] {
    const node = this.#at(place);
    const reference = isJson(node) ? node['$ref'] : undefined;
    return typeof reference === 'string' ? reference.slice(2).split('/') : place;
  }

  #at(place: readonly string[]): unknown {
    let node: unknown = this.#document;
    for (const key of place) node = isJson(node) ? node[key] : undefined;
    return node;
  }
}

/** A `fetch` that throws when an exchange is not as GitHub publishes it. */
export function checkedFetch(schema: GitHubSchema, seen?: Set<string>): typeof fetch {
  return async (input, init) => {
    const address = new URL(input instanceof Request ? input.url : input);
    const response = await fetch(input, init);
    const text = await response.clone().text();
    const sent = typeof init?.body === 'string' && init.body !== '' ? safeJson(init.body) : undefined;
    const method = init?.method ?? 'GET';
    const problems = schema.problems({
      method,
      path: address.pathname,
      ...(sent === undefined ? {} : { requestBody: sent }),
      status: response.status,
      responseBody: text === '' ? undefined : JSON.parse(text),
    });
    if (problems.length > 0)
      throw new Error(
        `${method} ${address.pathname} ${response.status} is not GitHub's: ${problems.join('; ')}`,
      );
    seen?.add(`${method} ${response.status}`);
    return response;
  };
}

function safeJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
