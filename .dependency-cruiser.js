// The directions of the house: commands, web → systems → source, manifests, proposals → control → ports → api.
const room = (...names) => `^runtime/(${names.join('|')})/`;
const systems = ['delivery', 'deploy', 'kfp', 'images'];
const pure = ['source', 'manifests', 'proposals'];
const adapters = ['local', 'cluster', 'remote', 'standins'];
const rule = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: to },
});

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'api-is-zod-alone',
      severity: 'error',
      comment: 'Schemas and names only: the construct library loads them too.',
      from: { path: room('api') },
      to: { pathNot: [room('api'), '/node_modules/zod/', '^node_modules/zod/'] },
    },
    rule(
      'ports-know-api',
      room('ports'),
      room('control', ...pure, ...systems, ...adapters, 'commands', 'web'),
    ),
    rule('control-knows-ports', room('control'), room(...pure, ...systems, ...adapters, 'commands', 'web')),
    rule(
      'config-knows-ports',
      room('config'),
      room('control', ...pure, ...systems, ...adapters, 'commands', 'web'),
    ),
    rule('rooms-below-systems', room(...pure), room(...systems, ...adapters, 'commands', 'web')),
    ...pure.map((one) => rule(`${one}-alone`, room(one), room(...pure.filter((other) => other !== one)))),
    ...systems.map((one) =>
      rule(
        `${one}-alone`,
        room(one),
        room(...systems.filter((other) => other !== one), ...adapters, 'commands', 'web'),
        'A system takes ports; it never imports another system, a home or a client.',
      ),
    ),
    ...adapters.map((one) =>
      rule(
        `${one}-knows-ports`,
        room(one),
        room('control', ...pure, ...systems, ...adapters.filter((other) => other !== one), 'commands', 'web'),
      ),
    ),
    {
      name: 'home-opens-adapters',
      severity: 'error',
      comment: 'Only home.ts opens adapters; `local` commands start the stand-ins.',
      from: {
        path: '^runtime/',
        pathNot: [room(...adapters), '^runtime/home\\.ts$', '^runtime/commands/local\\.ts$'],
      },
      to: { path: room(...adapters) },
    },
    {
      name: 'pure-rooms-do-no-io',
      severity: 'error',
      from: { path: room(...pure) },
      to: { path: '^(node:)?(fs|net|http|https|child_process|dns|tls)(/|$)', dependencyTypes: ['core'] },
    },
    {
      name: 'plan-is-pure',
      severity: 'error',
      from: { path: '^runtime/(delivery|deploy|kfp|images)/plan' },
      to: { path: '^(node:)?(fs|net|http|https|child_process|dns|tls)(/|$)', dependencyTypes: ['core'] },
    },
    rule('runtime-knows-no-construct', '^runtime/', '^(infra|charts|stacks|test)/'),
    rule('stacks-know-api', '^stacks/', '^(infra|charts|runtime/(?!api/))'),
    rule('charts-know-api', '^charts/(?!main)', '^(infra|stacks|runtime/(?!api/))'),
    rule('infra-knows-no-room', '^infra/(?!main)', '^(charts|stacks|runtime)/'),
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js'] },
  },
};
