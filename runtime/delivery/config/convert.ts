import { Document as YamlDocument, isMap, parseDocument as parseYaml, isSeq, type YAMLMap } from 'yaml';
import {
  applicationParams,
  applications,
  repositoryParams,
  type applicationsVersion,
} from '../../api/applications.ts';
import type { deliveryApplication, DeliveryTarget } from '../../api/delivery.ts';
import { openDocument, type Source } from '../../config/document.ts';
import { ConfigError, type Problem } from '../../config/errors.ts';
import { show } from '../../config/words.ts';
import type { z } from 'zod';
import type { DraftApplication } from './draft.ts';
import { draftOfOriginal } from './original.ts';
import { isOriginal, parseDelivery } from './parse.ts';
import { dockerfileIn } from './short.ts';

type WrittenApplication = z.input<typeof deliveryApplication>;

interface WrittenVersion {
  readonly tag: string;
  readonly repositories: ReadonlyMap<string, { readonly url?: string; readonly branch?: string }>;
}

/**
 * The original `applications.yaml` in Slipway's format: the same pairs, in the same order, comments on entries kept.
 * Throws `ConfigError` when it has a problem, or is in Slipway's format already.
 * @returns the text, and a warning for each parameter that has no place in Slipway's format
 */
export function convertOriginal(source: Source): {
  readonly text: string;
  readonly warnings: readonly Problem[];
} {
  const document = openDocument(source);
  if (!isOriginal(document))
    throw new ConfigError([document.problem([], 'is not in the format of the original applications.yaml')]);
  parseDelivery(source);
  const { draft } = draftOfOriginal(document, undefined);
  const { value } = document.read(applications);
  // Maps keep the order of names that are numbers.
  const written = {
    apiVersion: 'slipway.dev/v1alpha1',
    kind: 'Delivery',
    versions: new Map(value?.versions.map((one) => [one.name, version(one)])),
    applications: new Map(draft.applications.map((one) => [one.name, application(one)])),
  };
  const warnings = draft.applications.flatMap((one) =>
    one.parameters.map(({ name }) =>
      document.problem(
        [...one.path, 'params'],
        `the parameter ${show(name)} of ${one.name} has no place in the new format and is left out`,
        `Slipway reads ${Object.values(applicationParams).join(', ')}; others only reach a pipeline template`,
      ),
    ),
  );
  return { text: layOut(written, commentsOf(source.text)), warnings };
}

function version({ tag, repos }: z.output<typeof applicationsVersion>): WrittenVersion {
  const repositories = repos.map((repository): [string, { url?: string; branch?: string }] => {
    const param = (wanted: string): string | undefined =>
      repository.resourceSpec.params.find(({ name }) => name === wanted)?.value;
    return [repository.name, { url: param(repositoryParams.url), branch: param(repositoryParams.revision) }];
  });
  return { tag, repositories: new Map(repositories) };
}

function application(one: DraftApplication): WrittenApplication {
  return {
    source: one.source,
    context: one.context,
    ...(one.dockerfile !== dockerfileIn(one.context) && { dockerfile: one.dockerfile }),
    image: one.image,
    targets: one.targets.map(({ target }): DeliveryTarget => target),
  };
}

/** Comments that stand before an entry, by section and name. */
function commentsOf(text: string): ReadonlyMap<string, string> {
  const root = parseYaml(text).contents;
  const comments = new Map<string, string>();
  for (const section of ['versions', 'applications']) {
    const entries = isMap(root) ? root.get(section, true) : undefined;
    if (!isSeq(entries)) continue;
    entries.items.forEach((entry, at) => {
      if (!isMap(entry)) return;
      // What stands before the first entry counts as the list's own.
      const comment = entry.commentBefore ?? (at === 0 ? entries.commentBefore : undefined);
      if (typeof comment === 'string') comments.set(`${section} ${String(entry.get('name'))}`, comment);
    });
  }
  return comments;
}

/** A blank line between entries, a comment on each section. */
function layOut(written: object, comments: ReadonlyMap<string, string>): string {
  const document = new YamlDocument(written);
  document.commentBefore = ' What is built from which branch, and where the images go.';
  const sections: [string, string][] = [
    ['versions', ' Each version follows one branch of every repository that it lists.'],
    ['applications', ' Each application belongs to every version that lists its source.'],
  ];
  for (const [section, comment] of sections) {
    const pair = isMap(document.contents)
      ? document.contents.items.find((one) => String(one.key) === section)
      : undefined;
    if (pair === undefined || !isMap(pair.value)) continue;
    const key = document.createNode(section);
    key.commentBefore = comment;
    key.spaceBefore = true;
    pair.key = key;
    decorate(pair.value, section, comments, document);
  }
  return document.toString({ lineWidth: 0 });
}

function decorate(
  section: YAMLMap,
  name: string,
  comments: ReadonlyMap<string, string>,
  document: YamlDocument,
): void {
  section.items.forEach((pair, at) => {
    const entry = String(pair.key);
    const key = document.createNode(entry);
    key.spaceBefore = at > 0;
    const comment = comments.get(`${name} ${entry}`);
    if (comment !== undefined) key.commentBefore = comment;
    pair.key = key;
  });
}
