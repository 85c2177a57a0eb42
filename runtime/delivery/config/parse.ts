import { openDocument, type Document, type Source } from '../../config/document.ts';
import { ConfigError, type Problem } from '../../config/errors.ts';
import { show } from '../../config/words.ts';
import type { Desired } from '../pair.ts';
import { draftProblems, sizeProblem } from './checks.ts';
import { pairProblems } from './conflicts.ts';
import type { Draft } from './draft.ts';
import { draftOfOriginal } from './original.ts';
import { placePairs } from './pairs.ts';
import { draftOfDelivery } from './short.ts';

export interface DeliveryOptions {
  /** For a whole run: any change in a build context is a change, whatever the file says. */
  readonly inputs?: 'context';
  /** Hosts whose `git@HOST:…` is read over ssh. @default none, over https */
  readonly sshHosts?: ReadonlySet<string>;
}

/**
 * What is wanted, from Slipway's format or the original `applications.yaml`; which one it is shows in its shape.
 * Throws `ConfigError` with every problem.
 */
export function parseDelivery(source: Source, options: DeliveryOptions = {}): Desired {
  const document = openDocument(source);
  const { draft, problems } = draftOf(document, options.sshHosts);
  const size = sizeProblem(draft);
  const found = [...problems, ...(size ? [size] : [...draftProblems(draft), ...pairProblems(draft)])];
  if (found.length > 0) throw new ConfigError(found);
  return {
    pairs: placePairs(draft).map(({ pair }) =>
      options.inputs === undefined ? pair : { ...pair, inputs: options.inputs },
    ),
    pullRequests: draft.pullRequests,
    origin: source.name,
  };
}

/** True for the original's lists, false for Slipway's mappings. */
export function isOriginal(document: Document): boolean {
  return ['applications', 'versions'].some((field) => Array.isArray(document.valueAt([field])));
}

function draftOf(
  document: Document,
  sshHosts: ReadonlySet<string> | undefined,
): { readonly draft: Draft; readonly problems: readonly Problem[] } {
  const kind = document.valueAt(['kind']);
  if (kind === undefined && isOriginal(document)) return draftOfOriginal(document, sshHosts);
  if (typeof kind === 'string' && kind !== 'Delivery' && document.valueAt(['applications']) === undefined)
    throw new ConfigError([
      document.problem(
        ['kind'],
        `is ${show(kind)}, which is not what is delivered`,
        'give a file of kind Delivery, or an applications.yaml',
      ),
    ]);
  return draftOfDelivery(document, sshHosts);
}
