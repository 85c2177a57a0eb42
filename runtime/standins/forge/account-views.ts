import { APP_SLUG, accountId } from './accounts.ts';
import { nodeId, time } from './fields.ts';

export const APP_PERMISSIONS = {
  contents: 'write',
  metadata: 'read',
  pull_requests: 'write',
  issues: 'write',
};

/** GitHub's JSON for accounts, and for Apps and where they are installed. */
export class AccountViews {
  readonly #base: string;

  /** @param base address of the forge, without a trailing slash */
  constructor(base: string) {
    this.#base = base;
  }

  account(login: string) {
    const api = `${this.#base}/users/${encodeURIComponent(login)}`;
    const page = `${this.#base}/${encodeURIComponent(login)}`;
    return {
      login,
      id: accountId(login),
      node_id: nodeId('User', accountId(login)),
      avatar_url: `${page}.png`,
      gravatar_id: '',
      url: api,
      html_url: page,
      followers_url: `${api}/followers`,
      following_url: `${api}/following{/other_user}`,
      gists_url: `${api}/gists{/gist_id}`,
      starred_url: `${api}/starred{/owner}{/repo}`,
      subscriptions_url: `${api}/subscriptions`,
      organizations_url: `${api}/orgs`,
      repos_url: `${api}/repos`,
      events_url: `${api}/events{/privacy}`,
      received_events_url: `${api}/received_events`,
      type: login.endsWith('[bot]') ? 'Bot' : 'User',
      user_view_type: 'public',
      site_admin: false,
    };
  }

  /** The account as it sees itself. */
  ownAccount(login: string) {
    return {
      ...this.account(login),
      name: login,
      company: null,
      blog: '',
      location: null,
      email: null,
      hireable: null,
      bio: null,
      public_repos: 0,
      public_gists: 0,
      followers: 0,
      following: 0,
      created_at: time(0),
      updated_at: time(0),
    };
  }

  app(appId: number) {
    return {
      id: appId,
      slug: APP_SLUG,
      node_id: nodeId('App', appId),
      owner: this.account(APP_SLUG),
      name: 'Slipway',
      description: null,
      external_url: this.#base,
      html_url: `${this.#base}/apps/${APP_SLUG}`,
      created_at: time(0),
      updated_at: time(0),
      permissions: APP_PERMISSIONS,
      events: [],
    };
  }

  installation(owner: string, appId: number) {
    const id = accountId(owner);
    return {
      id,
      account: this.account(owner),
      repository_selection: 'all',
      access_tokens_url: `${this.#base}/app/installations/${id}/access_tokens`,
      repositories_url: `${this.#base}/installation/repositories`,
      html_url: `${this.#base}/settings/installations/${id}`,
      app_id: appId,
      app_slug: APP_SLUG,
      target_id: id,
      target_type: 'User',
      permissions: APP_PERMISSIONS,
      events: [],
      created_at: time(0),
      updated_at: time(0),
      single_file_name: null,
      suspended_by: null,
      suspended_at: null,
    };
  }
}
