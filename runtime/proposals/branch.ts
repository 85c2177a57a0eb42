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
  /** Several applications of the config share the image. */
  readonly imageIsShared: boolean;
}): string {
  switch (of.strategy) {
    case 'rolling':
      return `${of.prefix}/${of.version}/${of.application}`;
    case 'grouped':
      return `${of.prefix}/${of.version}/_all`;
    case 'per-tag': {
      const image = of.image.slice(of.image.lastIndexOf('/') + 1);
      return `update_${image}_${of.tag}${of.imageIsShared ? `-${of.application}` : ''}`;
    }
  }
}

/** Patterns of `Git.refs` that find every branch of ours. */
export function headBranchPatterns(strategy: Strategy, prefix: string): string[] {
  return strategy === 'per-tag'
    ? [`refs/heads/${prefix}/*`, 'refs/heads/update_*']
    : [`refs/heads/${prefix}/*`];
}
