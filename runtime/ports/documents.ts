export interface TextDocument {
  /** Its path or address, for messages. */
  readonly name: string;
  readonly text: string;
}

/**
 * Text that is read from outside by its location: a path, `https://…`, or `git+<clone URL>//<path>?ref=<branch>`.
 * Throws `PortError`: `not-found`, `denied`, `invalid` (a folder, too large, a bad location), `transient`.
 */
export interface Documents {
  read(location: string, signal?: AbortSignal): Promise<TextDocument>;
}
