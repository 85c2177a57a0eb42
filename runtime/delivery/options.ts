/** What delivery needs of the settings: plain values, defaults filled in. */
export interface DeliveryOptions {
  /** Marks every object that we make. */
  readonly installation: string;
  /** First segment of our branches. */
  readonly branchPrefix: string;
  /** Owner, or OWNER/NAME, of the fork that holds our branches, by host; undefined: the repository itself. */
  readonly headOwner: (host: string) => string | undefined;
  /** Logins of bots that the forge takes for people. @default none */
  readonly bots?: readonly string[];
  readonly author: { readonly name: string; readonly email: string };
  readonly signing?: { readonly format: 'openpgp' | 'ssh'; readonly key: string };
  /** Milliseconds that a ready change waits for builds of the same repository. */
  readonly batchWindow: number;
  /** Most pull requests open at once in one repository. */
  readonly openPullRequests?: number;
  /** Ended builds kept for each pair. */
  readonly keepBuilds: number;
}
