import { Hono } from 'hono';
import { html } from 'hono/html';
import { git } from './git.ts';
import { renderMarkdown } from './markdown.ts';
import type { Pulls } from './pulls.ts';
import type { Repositories, Repository } from './repositories.ts';
import { styles } from './styles.ts';
import type { CommentRow, ForgeState, PullRow } from './state.ts';

type Html = ReturnType<typeof html>;

export interface PageParts {
  readonly state: ForgeState;
  readonly repositories: Repositories;
  readonly pulls: Pulls;
}

/** A page is for reading; a diff longer than this is better read with git. */
const DIFF_LINES = 3_000;

/** Pages of pull requests, so that their addresses open in a browser. */
export function createPages({ state, repositories, pulls }: PageParts): Hono {
  const pages = new Hono();
  pages.use(async (call, next) => {
    await next();
    call.header('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'");
    call.header('x-content-type-options', 'nosniff');
    call.header('referrer-policy', 'no-referrer');
  });
  pages.get('/', async (call) => call.html(page('Repositories', index(await repositories.all()))));
  pages.get('/:owner/:name', (call) => call.redirect(`${call.req.path.replace(/\.git$/, '')}/pulls`));
  pages.get('/:owner/:name/pulls', async (call) => {
    const repository = await repositories.find(call.req.param('owner'), call.req.param('name'));
    if (repository === undefined) return call.html(page('Not found', missing), 404);
    return call.html(
      page(`Pull requests · ${repository.fullName}`, list(repository, await pulls.list(repository))),
    );
  });
  pages.get('/:owner/:name/pull/:number{[1-9][0-9]{0,9}}', async (call) => {
    const repository = await repositories.find(call.req.param('owner'), call.req.param('name'));
    const number = Number(call.req.param('number'));
    if (repository !== undefined) await pulls.settle(repository);
    const row = repository === undefined ? undefined : state.pull(repository.fullName, number);
    if (repository === undefined || row === undefined) return call.html(page('Not found', missing), 404);
    const changes = await changesOf(repositories, repository, row);
    return call.html(
      page(`${row.title} · #${row.number}`, one(row, changes, state.comments(row.repository, number))),
    );
  });
  pages.get('/:owner/:name/pull/:file{[1-9][0-9]{0,9}\\.(?:diff|patch)}', async (call) => {
    const repository = await repositories.find(call.req.param('owner'), call.req.param('name'));
    const [number, form] = call.req.param('file').split('.');
    const row = repository === undefined ? undefined : state.pull(repository.fullName, Number(number));
    if (repository === undefined || row === undefined) return call.text('Not found\n', 404);
    const base = await baseOf(repositories, repository, row);
    const command =
      form === 'diff'
        ? ['diff', '--no-ext-diff', '--no-textconv', `${base}...${row.head_sha}`]
        : ['format-patch', '--stdout', '--no-ext-diff', '--no-textconv', `${base}..${row.head_sha}`];
    return call.text(`${await git(repository.directory, command)}\n`);
  });
  return pages;
}

/** What the pull request is compared with: the base branch as it is, or as it was at the end. */
async function baseOf(repositories: Repositories, repository: Repository, row: PullRow): Promise<string> {
  const tip =
    row.closed_at === null ? (await repositories.branches(repository)).get(row.base_ref)?.commit : undefined;
  return tip ?? row.base_sha;
}

interface Changes {
  readonly commits: readonly { readonly id: string; readonly subject: string; readonly author: string }[];
  readonly diff: readonly string[];
  readonly cut: boolean;
}

async function changesOf(repositories: Repositories, repository: Repository, row: PullRow): Promise<Changes> {
  const base = await baseOf(repositories, repository, row);
  const [log, diff] = await Promise.all([
    git(repository.directory, [
      'log',
      '--max-count=250',
      '--format=%h%x09%an%x09%s',
      `${base}..${row.head_sha}`,
    ]),
    git(repository.directory, [
      'diff',
      '--no-color',
      '--no-ext-diff',
      '--no-textconv',
      `${base}...${row.head_sha}`,
    ]),
  ]);
  const lines = diff.split('\n');
  return {
    commits: log
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [id = '', author = '', ...subject] = line.split('\t');
        return { id, author, subject: subject.join('\t') };
      }),
    diff: lines.slice(0, DIFF_LINES),
    cut: lines.length > DIFF_LINES,
  };
}

function page(title: string, content: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        ${styles}
      </head>
      <body>
        <main>${content}</main>
        <footer>Slipway's local forge, for this machine only</footer>
      </body>
    </html>`;
}

const missing = html`<h1>Not found</h1>
  <p>No such repository or pull request. <a href="/">All repositories</a></p>`;

function index(repositories: readonly Repository[]): Html {
  if (repositories.length === 0)
    return html`<h1>Repositories</h1>
      <p>None yet: put a bare repository at <code>&lt;root&gt;/&lt;owner&gt;/&lt;name&gt;.git</code>.</p>`;
  return html`<h1>Repositories</h1>
    <ul class="rows">
      ${repositories.map(({ fullName }) => html`<li><a href="/${fullName}/pulls">${fullName}</a></li>`)}
    </ul>`;
}

function list(repository: Repository, rows: readonly PullRow[]): Html {
  const newest = rows.toReversed();
  return html`<nav><a href="/">Repositories</a> / ${repository.fullName}</nav>
    <h1>Pull requests</h1>
    ${
      newest.length === 0
        ? html`<p>None yet.</p>`
        : html`<ul class="rows">
            ${newest.map(
              (row) =>
                html`<li>
                  ${badge(row)}
                  <a href="/${row.repository}/pull/${row.number}">${row.title}</a>
                  <small>#${row.number} by ${row.author} into ${row.base_ref}</small>
                </li>`,
            )}
          </ul>`
    }`;
}

function one(row: PullRow, changes: Changes, comments: readonly CommentRow[]): Html {
  return html`<nav>
      <a href="/">Repositories</a> / <a href="/${row.repository}/pulls">${row.repository}</a>
    </nav>
    <h1>${row.title} <small>#${row.number}</small></h1>
    <p>
      ${badge(row)} <b>${row.author}</b> wants to merge
      <code>${row.head_repository}:${row.head_ref}</code> into <code>${row.base_ref}</code>${ending(row)}
    </p>
    <div class="words">${renderMarkdown(row.body ?? 'No description.')}</div>
    ${comments.map(
      (comment) =>
        html`<section id="comment-${comment.id}">
          <small>${comment.author}, ${moment(comment.created_at)}</small>
          <div class="words">${renderMarkdown(comment.body)}</div>
        </section>`,
    )}
    <h2>Commits</h2>
    <ul class="rows">
      ${changes.commits.map(
        (commit) =>
          html`<li><code>${commit.id}</code> ${commit.subject} <small>${commit.author}</small></li>`,
      )}
    </ul>
    <h2>Changes</h2>
    <pre class="diff">${changes.diff.map((line) => html`<span class="${kind(line)}">${line}</span>`)}</pre>
    ${changes.cut ? html`<p>The rest is left out here: it has more than ${DIFF_LINES} lines.</p>` : ''}`;
}

function badge(row: PullRow): Html {
  const state =
    row.merged_at !== null ? 'merged' : row.closed_at !== null ? 'closed' : row.draft ? 'draft' : 'open';
  return html`<span class="badge ${state}">${state}</span>`;
}

function ending(row: PullRow): string {
  if (row.closed_at === null) return '';
  const by = row.closed_by === null ? '' : ` by ${row.closed_by}`;
  return `; ${row.merged_at === null ? 'closed' : 'merged'}${by}, ${moment(row.closed_at)}`;
}

const moment = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ');

function kind(line: string): string {
  if (line.startsWith('diff --git')) return 'file';
  if (line.startsWith('@@')) return 'hunk';
  if (line.startsWith('+') && !line.startsWith('+++')) return 'added';
  return line.startsWith('-') && !line.startsWith('---') ? 'removed' : 'same';
}
