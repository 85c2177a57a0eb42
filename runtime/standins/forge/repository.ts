/** A bare repository `<root>/<owner>/<name>.git`. */
export interface Repository {
  readonly owner: string;
  readonly name: string;
  readonly fullName: string;
  readonly directory: string;
}
