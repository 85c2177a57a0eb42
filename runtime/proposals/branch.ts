export type Strategy = 'rolling' | 'grouped' | 'per-tag';

/** The head branch of a pull request. `per-tag` names are the original's. */
export function headBranch(of: {
  readonly strategy: Strategy;
  readonly prefix: string;
  readonly version: string;
  readonly application: string;
  /** Name without tag: its last segment is used. */
  readonly image: string;
  readonly tag: string;
  /** What tells it from others that would have the same name. @default nothing */
  readonly apart?: readonly string[];
}): string {
  return [nameOf(of), ...(of.apart ?? [])].join('-');
}

function nameOf(of: Parameters<typeof headBranch>[0]): string {
  switch (of.strategy) {
    case 'rolling':
      return `${of.prefix}/${of.version}/${of.application}`;
    case 'grouped':
      return `${of.prefix}/${of.version}/_all`;
    case 'per-tag':
      return `update_${of.image.slice(of.image.lastIndexOf('/') + 1)}_${of.tag}`;
  }
}

/** Patterns of `Git.refs` that find every branch of ours. */
export function headBranchPatterns(strategy: Strategy, prefix: string): string[] {
  return strategy === 'per-tag'
    ? [`refs/heads/${prefix}/*`, 'refs/heads/update_*']
    : [`refs/heads/${prefix}/*`];
}
