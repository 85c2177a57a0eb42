import { z } from 'zod';
import {
  application as applicationSchema,
  applicationParams,
  applications as originalSchema,
  applicationsVersion as versionSchema,
  repositoryParams,
} from '../../api/applications.ts';
import { branch, imageName, repositoryPath } from '../../api/names.ts';
import type { Document } from '../../config/document.ts';
import type { Problem } from '../../config/errors.ts';
import { nearest, suggest } from '../../config/nearest.ts';
import { show, type Path } from '../../config/words.ts';
import { manifestsRepository, type Draft, type DraftApplication, type DraftVersion } from './draft.ts';
import { followedBranches, type WrittenRepository } from './repositories.ts';
import { pullRequestOptions } from './short.ts';

/** Entries that were left out leave a hole, so that the others keep their place. */
const lenient = z.strictObject({
  applications: z.array(applicationSchema.optional()).optional(),
  versions: z.array(versionSchema.optional()).optional(),
});

/** Reads the original `applications.yaml`. */
export function draftOfOriginal(
  document: Document,
  sshHosts: ReadonlySet<string> | undefined,
): { readonly draft: Draft; readonly problems: readonly Problem[] } {
  const { value, problems } = document.salvage(originalSchema, lenient, 2);
  const reader = new OriginalReader(document, sshHosts);
  const versions = (value?.versions ?? []).flatMap((one, at) =>
    one ? [reader.version(one, ['versions', at])] : [],
  );
  const applications = (value?.applications ?? []).flatMap((one, at) =>
    one ? [reader.application(one, ['applications', at])] : [],
  );
  return {
    problems: [...problems, ...reader.problems],
    draft: {
      document,
      versions,
      applications,
      pullRequests: pullRequestOptions(),
      names: namesIn(document),
    },
  };
}

type Params = readonly { readonly name: string; readonly value: string }[];

class OriginalReader {
  readonly problems: Problem[] = [];
  readonly #document: Document;
  readonly #sshHosts: ReadonlySet<string> | undefined;

  constructor(document: Document, sshHosts: ReadonlySet<string> | undefined) {
    this.#document = document;
    this.#sshHosts = sshHosts;
  }

  version(written: z.output<typeof versionSchema>, path: Path): DraftVersion {
    const repositories = new Map<string, WrittenRepository>();
    written.repos.forEach((repository, at) => {
      const here = [...path, 'repos', at];
      if (repositories.has(repository.name)) {
        this.#report(
          [...here, 'name'],
          `the repository ${show(repository.name)} is given twice`,
          'keep one of them',
        );
        return;
      }
      const params = this.#params(repository.resourceSpec.params, [...here, 'resourceSpec', 'params']);
      const url = params.required(repositoryParams.url, z.string().min(1));
      const revision = params.required(repositoryParams.revision, branch);
      params.refuseOthers(Object.values(repositoryParams));
      if (url !== undefined && revision !== undefined)
        repositories.set(repository.name, {
          name: repository.name,
          url,
          branch: revision,
          urlPath: params.path(repositoryParams.url),
        });
    });
    const followed = followedBranches([...repositories.values()], this.#document, this.#sshHosts);
    this.problems.push(...followed.problems);
    const listed = new Set(written.repos.map((one) => one.name));
    return { name: written.name, tag: written.tag, repositories: followed.repositories, listed, path };
  }

  application(written: z.output<typeof applicationSchema>, path: Path): DraftApplication {
    const params = this.#params(written.params, [...path, 'params']);
    const context = params.required(applicationParams.context, repositoryPath);
    const dockerfile = params.required(applicationParams.dockerfile, repositoryPath);
    const directory = params.required(applicationParams.manifests, repositoryPath);
    const image = params.required(applicationParams.image, imageName);
    const targetPath = params.path(applicationParams.manifests);
    return {
      name: written.name,
      whole: [context, dockerfile, directory, image].every((one) => one !== undefined),
      source: written.sourceRepo,
      image: image ?? '',
      context: context ?? '',
      dockerfile: dockerfile ?? '',
      platforms: [],
      buildArgs: {},
      parents: [],
      parameters: params.others(Object.values(applicationParams)),
      targets: [
        {
          repository: manifestsRepository,
          target: { kustomization: directory ?? '' },
          path: targetPath,
          repositoryPath: targetPath,
        },
      ],
      path,
      sourcePath: [...path, 'sourceRepo'],
      imagePath: params.path(applicationParams.image),
    };
  }

  #params(params: Params, path: Path): ParamReader {
    return new ParamReader(params, path, this.#document, (...problem) => this.#report(...problem));
  }

  #report(path: Path, message: string, remedy?: string): void {
    this.problems.push(this.#document.problem(path, message, remedy));
  }
}

/** A list of `name` and `value`, as Tekton writes parameters. */
class ParamReader {
  readonly #byName = new Map<string, { readonly value: string; readonly path: Path }>();
  readonly #at: Path;
  readonly #report: (path: Path, message: string, remedy?: string) => void;

  constructor(
    params: Params,
    at: Path,
    document: Document,
    report: (path: Path, message: string, remedy?: string) => void,
  ) {
    this.#at = at;
    this.#report = report;
    params.forEach(({ name, value }, index) => {
      const path = [...at, index, 'value'];
      const earlier = this.#byName.get(name);
      if (earlier === undefined) this.#byName.set(name, { value, path });
      else
        report(
          [...at, index, 'name'],
          `the parameter ${show(name)} is given twice, first on line ${document.locate(earlier.path).line}`,
          'keep one of them',
        );
    });
  }

  path(name: string): Path {
    return this.#byName.get(name)?.path ?? this.#at;
  }

  required<T>(name: string, schema: z.ZodType<T>): T | undefined {
    const found = this.#byName.get(name);
    if (found === undefined) {
      const near = nearest(name, this.#byName.keys());
      this.#report(
        this.#at,
        `the parameter \`${name}\` is missing`,
        near === undefined ? 'add it' : `is it what \`${near}\` should be called?`,
      );
      return undefined;
    }
    const result = schema.safeParse(found.value);
    if (result.success) return result.data;
    for (const issue of result.error.issues)
      this.#report(found.path, `${show(found.value)} ${issue.message}`);
    return undefined;
  }

  others(known: readonly string[]): Params {
    return Array.from(this.#byName, ([name, { value }]) => ({ name, value })).filter(
      (one) => !known.includes(one.name),
    );
  }

  refuseOthers(known: readonly string[]): void {
    for (const { name } of this.others(known))
      this.#report(this.path(name), `unknown parameter ${show(name)}`, suggest(name, known));
  }
}

function namesIn(document: Document): Draft['names'] {
  const versions = document.valueAt(['versions']);
  const repos = Array.isArray(versions)
    ? versions.flatMap((_, at) => namesAt(document, ['versions', at, 'repos']))
    : [];
  return {
    versions: new Set(namesAt(document, ['versions'])),
    applications: new Set(namesAt(document, ['applications'])),
    repositories: new Set(repos),
  };
}

function namesAt(document: Document, path: Path): string[] {
  const entries = document.valueAt(path);
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown) =>
    typeof entry === 'object' && entry !== null && 'name' in entry && typeof entry.name === 'string'
      ? [entry.name]
      : [],
  );
}
