import { DatabaseSync } from 'node:sqlite';
import type { SQLInputValue } from 'node:sqlite';
import { z } from 'zod';

const pullRow = z.object({
  id: z.number(),
  /** `owner/name` of the repository it is to be merged into. */
  repository: z.string(),
  number: z.number(),
  title: z.string(),
  body: z.string().nullable(),
  draft: z.number().transform((value) => value === 1),
  author: z.string(),
  head_repository: z.string(),
  head_ref: z.string(),
  head_sha: z.string(),
  base_ref: z.string(),
  /** Tip of the base branch when the head was last pushed. */
  base_sha: z.string(),
  /** Milliseconds since 1970, as every time here. */
  created_at: z.number(),
  updated_at: z.number(),
  closed_at: z.number().nullable(),
  closed_by: z.string().nullable(),
  merged_at: z.number().nullable(),
  merged_by: z.string().nullable(),
  merge_commit_sha: z.string().nullable(),
  comments: z.number(),
});
export type PullRow = z.infer<typeof pullRow>;

const commentRow = z.object({
  id: z.number(),
  repository: z.string(),
  number: z.number(),
  author: z.string(),
  body: z.string(),
  created_at: z.number(),
});
export type CommentRow = z.infer<typeof commentRow>;

const repositoryRow = z.object({
  id: z.number(),
  name: z.string(),
  description: z.string().nullable(),
  /** `owner/name` that this one was forked from. */
  parent: z.string().nullable(),
  created_at: z.number(),
});
export type RepositoryRow = z.infer<typeof repositoryRow>;

const tokenRow = z.object({
  token: z.string(),
  login: z.string(),
  expires_at: z.number(),
  /** JSON: `owner/name` of each repository, lower case; null for all. */
  repositories: z.string().nullable(),
  permissions: z.string(),
});
export type TokenRow = z.infer<typeof tokenRow>;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS repositories (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, description TEXT, parent TEXT COLLATE NOCASE,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS pulls (
    id INTEGER PRIMARY KEY, repository TEXT NOT NULL COLLATE NOCASE, number INTEGER NOT NULL, title TEXT NOT NULL,
    body TEXT, draft INTEGER NOT NULL, author TEXT NOT NULL, head_repository TEXT NOT NULL COLLATE NOCASE,
    head_ref TEXT NOT NULL, head_sha TEXT NOT NULL, base_ref TEXT NOT NULL, base_sha TEXT NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, closed_at INTEGER, closed_by TEXT, merged_at INTEGER,
    merged_by TEXT, merge_commit_sha TEXT, UNIQUE (repository, number)
  ) STRICT;
  CREATE TABLE IF NOT EXISTS comments (
    id INTEGER PRIMARY KEY, repository TEXT NOT NULL COLLATE NOCASE, number INTEGER NOT NULL, author TEXT NOT NULL,
    body TEXT NOT NULL, created_at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS tokens (
    token TEXT PRIMARY KEY, login TEXT NOT NULL, expires_at INTEGER NOT NULL, repositories TEXT, permissions TEXT NOT NULL
  ) STRICT;
`;

const PULLS = `SELECT pulls.*, (SELECT count(*) FROM comments
  WHERE comments.repository = pulls.repository AND comments.number = pulls.number) AS comments FROM pulls`;

export type NewPull = Pick<
  PullRow,
  | 'repository'
  | 'title'
  | 'body'
  | 'draft'
  | 'author'
  | 'head_repository'
  | 'head_ref'
  | 'head_sha'
  | 'base_ref'
  | 'base_sha'
  | 'created_at'
>;
export type PullChange = Partial<
  Pick<
    PullRow,
    | 'title'
    | 'body'
    | 'head_sha'
    | 'base_ref'
    | 'base_sha'
    | 'updated_at'
    | 'closed_at'
    | 'closed_by'
    | 'merged_at'
    | 'merged_by'
    | 'merge_commit_sha'
  >
>;

/** What git does not know: numbers, words and who did what. One SQLite file; branches are never stored here. */
export class ForgeState {
  readonly #database: DatabaseSync;

  constructor(file: string) {
    this.#database = new DatabaseSync(file, { timeout: 5_000 });
    this.#database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    this.#database.exec(SCHEMA);
  }

  close(): void {
    this.#database.close();
  }

  /** The stored side of a repository on disk, made when it is first seen. */
  repository(name: string, now: number): RepositoryRow {
    this.#run('INSERT INTO repositories (name, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING', name, now);
    return repositoryRow.parse(this.#row('SELECT * FROM repositories WHERE name = ?', name));
  }

  describe(name: string, facts: { readonly description?: string | null; readonly parent?: string }): void {
    this.#run(
      'UPDATE repositories SET description = coalesce(?, description), parent = coalesce(?, parent) WHERE name = ?',
      facts.description ?? null,
      facts.parent ?? null,
      name,
    );
  }

  forks(name: string): RepositoryRow[] {
    return this.#rows('SELECT * FROM repositories WHERE parent = ? ORDER BY id', name).map((row) =>
      repositoryRow.parse(row),
    );
  }

  pull(repository: string, number: number): PullRow | undefined {
    const row = this.#row(`${PULLS} WHERE repository = ? AND number = ?`, repository, number);
    return row === undefined ? undefined : pullRow.parse(row);
  }

  pulls(repository: string): PullRow[] {
    return this.#rows(`${PULLS} WHERE repository = ? ORDER BY number`, repository).map((row) =>
      pullRow.parse(row),
    );
  }

  openPulls(repository: string): PullRow[] {
    return this.#rows(`${PULLS} WHERE repository = ? AND closed_at IS NULL ORDER BY number`, repository).map(
      (row) => pullRow.parse(row),
    );
  }

  /** Repositories that hold an open pull request from a branch of this one. */
  basesOf(headRepository: string): string[] {
    return this.#rows(
      'SELECT DISTINCT repository FROM pulls WHERE head_repository = ? AND closed_at IS NULL',
      headRepository,
    ).map((row) => z.object({ repository: z.string() }).parse(row).repository);
  }

  addPull(pull: NewPull): PullRow {
    const row = this.#row(
      `INSERT INTO pulls (repository, number, title, body, draft, author, head_repository, head_ref, head_sha,
         base_ref, base_sha, created_at, updated_at)
       VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM pulls WHERE repository = ?1), ?2, ?3, ?4, ?5, ?6, ?7, ?8,
         ?9, ?10, ?11, ?11)
       RETURNING *, 0 AS comments`,
      pull.repository,
      pull.title,
      pull.body,
      Number(pull.draft),
      pull.author,
      pull.head_repository,
      pull.head_ref,
      pull.head_sha,
      pull.base_ref,
      pull.base_sha,
      pull.created_at,
    );
    return pullRow.parse(row);
  }

  changePull(repository: string, number: number, change: PullChange): void {
    const columns = Object.keys(change);
    if (columns.length === 0) return;
    this.#run(
      `UPDATE pulls SET ${columns.map((column) => `${column} = ?`).join(', ')} WHERE repository = ? AND number = ?`,
      ...Object.values(change),
      repository,
      number,
    );
  }

  comments(repository: string, number: number): CommentRow[] {
    return this.#rows(
      'SELECT * FROM comments WHERE repository = ? AND number = ? ORDER BY id',
      repository,
      number,
    ).map((row) => commentRow.parse(row));
  }

  addComment(comment: Omit<CommentRow, 'id'>): CommentRow {
    return commentRow.parse(
      this.#row(
        'INSERT INTO comments (repository, number, author, body, created_at) VALUES (?, ?, ?, ?, ?) RETURNING *',
        comment.repository,
        comment.number,
        comment.author,
        comment.body,
        comment.created_at,
      ),
    );
  }

  token(token: string): TokenRow | undefined {
    const row = this.#row('SELECT * FROM tokens WHERE token = ?', token);
    return row === undefined ? undefined : tokenRow.parse(row);
  }

  addToken(row: TokenRow): void {
    this.#run(
      'INSERT INTO tokens (token, login, expires_at, repositories, permissions) VALUES (?, ?, ?, ?, ?)',
      row.token,
      row.login,
      row.expires_at,
      row.repositories,
      row.permissions,
    );
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#database.prepare(sql).run(...values);
  }

  #row(sql: string, ...values: SQLInputValue[]): unknown {
    return this.#database.prepare(sql).get(...values);
  }

  #rows(sql: string, ...values: SQLInputValue[]): unknown[] {
    return this.#database.prepare(sql).all(...values);
  }
}
