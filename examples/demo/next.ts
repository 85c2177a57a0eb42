import { paint } from '../../runtime/commands/output.ts';
import { say } from './narrate.ts';
import type { World } from './world.ts';

/** What to try when everything of the demo is gone. */
export function farewell(): void {
  list('What to try next', [
    [
      'npm run demo -- --keep',
      'leave forge and registry running, and look at the pull requests in a browser',
    ],
    ['npx slipway delivery validate --config examples/delivery.yaml', 'what all this ran on'],
    ['npx slipway init', 'begin a config of your own'],
    ['npx slipway doctor', 'see what this machine lacks'],
  ]);
}

/** What to try while forge and registry are running. */
export function invitation({ forge, registry, files }: World): void {
  const flags = `--config ${files.config} --settings ${files.settings}`;
  list('Forge and registry go on until Ctrl-C; then all of it is removed. Look around', [
    [`${forge}/kubeflow/manifests/pulls`, 'the pull requests, in a browser'],
    [`${registry}/v2/_catalog`, 'the images'],
    [`export GIT_CONFIG_GLOBAL=${files.gitConfig}`, 'github.com/kubeflow is now this forge, in this shell'],
    [`npx slipway delivery plan ${flags}`, 'the state of everything'],
    [`git clone ${clonable(forge)}/kubeflow/katib`, 'change something, commit and push, and then:'],
    [`npx slipway delivery apply ${flags}`, 'see it built and proposed'],
  ]);
}

/** A password `as-<login>` makes its user that person. */
function clonable(forge: string): string {
  const { protocol, host } = new URL(forge);
  return `${protocol}//alice:as-alice@${host}`;
}

function list(title: string, entries: readonly (readonly [what: string, why: string])[]): void {
  say();
  say(paint('bold', `${title}:`));
  for (const [what, why] of entries) {
    say(`  ${paint('cyan', what)}`);
    say(`      ${why}`);
  }
}
