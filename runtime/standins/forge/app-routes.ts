import { randomBytes } from 'node:crypto';
import type { Hono } from 'hono';
import { APP_PERMISSIONS } from './account-views.ts';
import { APP_SLUG } from './accounts.ts';
import type { Call, Env } from './admission.ts';
import { time } from './fields.ts';
import { Problem, notFound } from './problems.ts';
import * as requests from './requests.ts';
import { repositoryOf } from './routes.ts';
import type { ApiParts } from './routes.ts';

const TOKEN_LIFE = 60 * 60 * 1000;

/** The App is installed for every owner, on all repositories. */
export function appRoutes(api: Hono<Env>, parts: ApiParts): void {
  const { state, repositories, views, now } = parts;
  api.get('/app', (call) => call.json(views.accounts.app(appOf(call))));
  api.get('/repos/:owner/:repo/installation', async (call) => {
    const appId = appOf(call);
    const { owner } = await repositoryOf(call, parts);
    return call.json(views.accounts.installation(owner, appId));
  });
  api.post('/app/installations/:id/access_tokens', async (call) => {
    const appId = appOf(call);
    const wanted = requests.parseBody(requests.tokenRequest, await call.req.text(), 'InstallationToken');
    const owner = (await repositories.all()).find(
      (repository) =>
        String(views.accounts.installation(repository.owner, appId).id) === call.req.param('id'),
    )?.owner;
    if (owner === undefined) throw notFound();
    for (const name of wanted.repositories ?? [])
      if ((await repositories.find(owner, name)) === undefined)
        throw new Problem(
          422,
          'There is at least one repository that does not exist or is not accessible to the parent installation.',
        );
    const permissions = wanted.permissions ?? APP_PERMISSIONS;
    if (!grantsAll(permissions))
      throw new Problem(422, 'The permissions requested are not granted to this installation.');
    const token = `ghs_${randomBytes(18).toString('hex')}`;
    const expiresAt = now() + TOKEN_LIFE;
    state.addToken({
      token,
      login: `${APP_SLUG}[bot]`,
      expires_at: expiresAt,
      repositories:
        wanted.repositories === undefined
          ? null
          : JSON.stringify(wanted.repositories.map((name) => `${owner}/${name}`.toLowerCase())),
      permissions: JSON.stringify(permissions),
    });
    return call.json(
      {
        token,
        expires_at: time(expiresAt),
        permissions,
        repository_selection: wanted.repositories === undefined ? 'all' : 'selected',
      },
      201,
    );
  });
}

/** True when the App holds these permissions, or more. */
function grantsAll(wanted: Readonly<Record<string, string>>): boolean {
  const granted = new Map(Object.entries(APP_PERMISSIONS));
  return Object.entries(wanted).every(
    ([name, level]) => granted.get(name) === 'write' || granted.get(name) === level,
  );
}

function appOf(call: Call): number {
  const actor = call.get('actor');
  if (actor.kind !== 'app') throw new Problem(401, 'A JSON web token could not be decoded');
  return actor.appId;
}
