export interface Place {
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1, in UTF-16 code units. */
  readonly column: number;
}

/** A file that cannot be edited as asked. Nothing was changed. */
export class ManifestError extends Error {
  readonly file: string;
  readonly place: Place | undefined;
  /** What in the file it is about, as written in a path edit: `images[0].newTag`. */
  readonly path: string | undefined;
  readonly why: string;
  readonly remedy: string | undefined;

  constructor(
    file: string,
    why: string,
    options: { place?: Place; path?: string; remedy?: string; cause?: unknown } = {},
  ) {
    const where =
      options.place === undefined ? file : `${file}:${options.place.line}:${options.place.column}`;
    const subject = options.path === undefined ? '' : ` ${options.path}:`;
    const remedy = options.remedy === undefined ? '' : `; ${options.remedy}`;
    super(`${where}:${subject} ${why}${remedy}`, { cause: options.cause });
    this.name = 'ManifestError';
    this.file = file;
    this.place = options.place;
    this.path = options.path;
    this.why = why;
    this.remedy = options.remedy;
  }
}
