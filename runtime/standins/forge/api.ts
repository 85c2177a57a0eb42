import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { permits } from './accounts.ts';
import { admission, credentialOf, problemResponse } from './admission.ts';
import type { Call, Env } from './admission.ts';
import { appRoutes } from './app-routes.ts';
import { factsOf } from './facts.ts';
import { selectPulls } from './pull-query.ts';
import { Problem, notAccessible, notFound, validationFailed } from './problems.ts';
import { validName } from './repositories.ts';
import type { Repository } from './repositories.ts';
import * as requests from './requests.ts';
import { numberOf, paged, repositoryOf, unlimited, writer } from './routes.ts';
import type { ApiParts } from './routes.ts';
import type { ForgeState, PullRow } from './state.ts';

const BODY_LIMIT = 1024 * 1024;

/** GitHub's REST API, as far as Slipway's client and a person trying things need it. */
export function createApi(parts: ApiParts): Hono<Env> {
  const api = new Hono<Env>();
  api.onError((error, call) => problemResponse(call, error, parts.log));
  api.notFound((call) => problemResponse(call, notFound(), parts.log));
  api.use(admission(parts));
  api.use(
    bodyLimit({
      maxSize: BODY_LIMIT,
      onError: () => {
        throw new Problem(413, 'Payload too big');
      },
    }),
  );
  accountRoutes(api, parts);
  repositoryRoutes(api, parts);
  pullRoutes(api, parts);
  issueRoutes(api, parts);
  appRoutes(api, parts);
  return api;
}

function accountRoutes(api: Hono<Env>, { views, limits }: ApiParts): void {
  api.get('/user', (call) => {
    const account = writer(call);
    if (account.grant !== undefined) throw notAccessible();
    return call.json(views.accounts.ownAccount(account.login));
  });
  api.get('/rate_limit', (call) => {
    const state = limits.state(credentialOf(call));
    return call.json({ resources: { core: state, search: state }, rate: state });
  });
}

function repositoryRoutes(api: Hono<Env>, parts: ApiParts): void {
  const { state, repositories, views, now } = parts;
  const full = async (call: Call, repository: Repository) => {
    const facts = await factsOf(state, repositories, now())(repository.fullName);
    if (facts === undefined) throw notFound();
    const actor = call.get('actor');
    return views.fullRepository(
      facts,
      actor.kind === 'account' ? permits(actor, repository.fullName, 'contents') : undefined,
    );
  };
  const create = async (call: Call, owner: string) => {
    const wanted = requests.parseBody(requests.newRepository, await call.req.text(), 'Repository');
    if (!validName(owner, wanted.name))
      throw validationFailed({ resource: 'Repository', code: 'invalid', field: 'name' });
    if ((await repositories.find(owner, wanted.name)) !== undefined)
      throw validationFailed({
        resource: 'Repository',
        code: 'custom',
        field: 'name',
        message: 'name already exists on this account',
      });
    const repository = await repositories.create(owner, wanted.name);
    state.repository(repository.fullName, now());
    state.describe(repository.fullName, { description: wanted.description ?? null });
    return call.json(await full(call, repository), 201);
  };
  api.post('/user/repos', (call) => create(call, unlimited(call)));
  api.post('/orgs/:org/repos', (call) => {
    unlimited(call);
    return create(call, call.req.param('org'));
  });
  api.get('/repos/:owner/:repo', async (call) =>
    call.json(await full(call, await repositoryOf(call, parts))),
  );
  api.get('/repos/:owner/:repo/branches', async (call) => {
    const repository = await repositoryOf(call, parts);
    const list = [...(await repositories.branches(repository))].map(([name, { commit }]) =>
      views.branch(repository.fullName, name, commit),
    );
    return paged(call, list);
  });
  api.post('/repos/:owner/:repo/forks', async (call) => {
    const login = unlimited(call);
    const origin = await repositoryOf(call, parts);
    const wanted = requests.parseBody(requests.newFork, await call.req.text(), 'Fork');
    const owner = wanted.organization ?? login;
    const name = wanted.name ?? origin.name;
    if (!validName(owner, name)) throw validationFailed({ resource: 'Fork', code: 'invalid', field: 'name' });
    const there = await repositories.find(owner, name);
    if (owner === origin.owner || (there !== undefined && !isFork(state, origin, there)))
      throw validationFailed({
        resource: 'Fork',
        code: 'custom',
        message: 'name already exists on this account',
      });
    const fork = there ?? (await repositories.fork(origin, owner, name));
    state.repository(fork.fullName, now());
    state.describe(fork.fullName, { parent: origin.fullName });
    return call.json(await full(call, fork), 202);
  });
}

function isFork(state: ForgeState, origin: Repository, candidate: Repository): boolean {
  return state.forks(origin.fullName).some((row) => row.name === candidate.fullName);
}

function pullRoutes(api: Hono<Env>, parts: ApiParts): void {
  const { state, repositories, pulls, comparisons, views, now } = parts;
  const whole = async (repository: Repository, row: PullRow) => {
    const facts = factsOf(state, repositories, now());
    const base = await facts(row.repository);
    if (base === undefined) throw notFound();
    const tip =
      row.closed_at === null
        ? (await repositories.branches(repository)).get(row.base_ref)?.commit
        : row.base_sha;
    const comparison = await comparisons.compare(repository, tip ?? row.base_sha, row.head_sha);
    return views.wholePull(row, base, await facts(row.head_repository), comparison);
  };
  api.get('/repos/:owner/:repo/pulls', async (call) => {
    const repository = await repositoryOf(call, parts);
    const query = requests.parseQuery(requests.pullQuery, call.req.query(), 'PullRequest');
    const rows = selectPulls(await pulls.list(repository), query);
    const facts = factsOf(state, repositories, now());
    const base = await facts(repository.fullName);
    if (base === undefined) throw notFound();
    return paged(call, rows, async (row) => views.pull(row, base, await facts(row.head_repository)));
  });
  api.post('/repos/:owner/:repo/pulls', async (call) => {
    const repository = await repositoryOf(call, parts);
    const { login } = writer(call, repository, 'pull_requests');
    const wanted = requests.parseBody(requests.newPull, await call.req.text(), 'PullRequest');
    if (wanted.title === undefined || wanted.title === '')
      throw validationFailed({ resource: 'PullRequest', code: 'missing_field', field: 'title' });
    const row = await pulls.create(repository, login, {
      title: wanted.title,
      body: wanted.body ?? null,
      head: wanted.head,
      base: wanted.base,
      draft: wanted.draft,
    });
    const view = await whole(repository, row);
    return call.json(view, 201, { location: view.url });
  });
  api.get('/repos/:owner/:repo/pulls/:number', async (call) => {
    const repository = await repositoryOf(call, parts);
    return call.json(await whole(repository, await pulls.get(repository, numberOf(call))));
  });
  api.patch('/repos/:owner/:repo/pulls/:number', async (call) => {
    const repository = await repositoryOf(call, parts);
    const { login } = writer(call, repository, 'pull_requests');
    const edit = requests.parseBody(requests.pullEdit, await call.req.text(), 'PullRequest');
    return call.json(await whole(repository, await pulls.edit(repository, numberOf(call), login, edit)));
  });
  api.put('/repos/:owner/:repo/pulls/:number/merge', async (call) => {
    const repository = await repositoryOf(call, parts);
    const { login } = writer(call, repository, 'contents');
    const body = requests.parseBody(requests.mergeBody, await call.req.text(), 'PullRequest');
    const sha = await pulls.merge(repository, numberOf(call), login, {
      method: body.merge_method,
      title: body.commit_title,
      message: body.commit_message,
      sha: body.sha,
    });
    return call.json({ sha, merged: true, message: 'Pull Request successfully merged' });
  });
}

function issueRoutes(api: Hono<Env>, parts: ApiParts): void {
  const { state, pulls, views, now } = parts;
  api.get('/repos/:owner/:repo/issues/:number', async (call) => {
    const repository = await repositoryOf(call, parts);
    return call.json(views.issue(await pulls.get(repository, numberOf(call))));
  });
  api.get('/repos/:owner/:repo/issues/:number/comments', async (call) => {
    const repository = await repositoryOf(call, parts);
    const row = await pulls.get(repository, numberOf(call));
    return paged(call, state.comments(row.repository, row.number), (comment) => views.comment(comment));
  });
  api.post('/repos/:owner/:repo/issues/:number/comments', async (call) => {
    const repository = await repositoryOf(call, parts);
    const { login } = writer(call, repository, 'pull_requests');
    const { body } = requests.parseBody(requests.newComment, await call.req.text(), 'IssueComment');
    const { number } = await pulls.get(repository, numberOf(call));
    const at = now();
    const comment = state.addComment({
      repository: repository.fullName,
      number,
      author: login,
      body,
      created_at: at,
    });
    state.changePull(repository.fullName, number, { updated_at: at });
    return call.json(views.comment(comment), 201);
  });
}
