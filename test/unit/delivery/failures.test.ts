import { describe, expect, it } from '@jest/globals';
import type { DeliveryAction, PushAction } from '../../../runtime/delivery/actions.ts';
import { endingsOf } from '../../../runtime/delivery/failures.ts';
import { plan } from '../../../runtime/delivery/plan.ts';
import { applyPush, PushError } from '../../../runtime/delivery/push.ts';
import { PortError, type Git, type RefUpdateResult } from '../../../runtime/ports/index.ts';
import { pairName } from '../../../runtime/delivery/pair.ts';
import {
  desired,
  imageFacts,
  now,
  observed,
  options,
  pair,
  readyFacts,
  unitFacts,
  unitsIn,
} from '../../support/delivery-facts.ts';
import { fake } from '../../support/fake.ts';

const digest = `sha256:${'a'.repeat(64)}`;
const pairs = ['api', 'db', 'web'].map((application) => {
  const of = pair({ application });
  return readyFacts({ pair: of, image: imageFacts(of, { digest }) });
});
const units = unitsIn(pairs).map((unit) => unitFacts(unit));
const wanted = desired(pairs.map((one) => one.pair));

function planned(failures: ReadonlyMap<string, string> = new Map<string, string>()) {
  const { actions, items } = plan(wanted, observed(pairs, { units, failures }), options, now);
  const push = actions.find((action): action is PushAction => action.kind === 'push');
  if (!push) throw new Error('a push');
  return { push, reasons: new Map(items.map((item) => [pairName(item), item.reason])) };
}

const signal = new AbortController().signal;

/** Git that finds no file for `db`, and pushes the others as it is told. */
function git(push: (refs: readonly string[]) => Promise<readonly RefUpdateResult[]>): Git {
  const text = (application: string) =>
    Buffer.from(`images:\n- name: gcr.io/p/${application}\n  newTag: old\n`);
  return fake<Git>({
    entry: (_, _commit, path) =>
      Promise.resolve(path.startsWith('db/') ? undefined : { mode: '100644', oid: path, path }),
    blobs: (_, oids) => Promise.resolve(new Map(oids.map((oid) => [oid, text(oid.split('/')[0] ?? '')]))),
    createCommit: () => Promise.resolve('e'.repeat(40)),
    push: (_, _target, updates) => push(updates.map(({ ref }) => ref)),
  });
}

/** What is kept in mind of a push that fails, without what is well. */
async function failuresOf(action: PushAction, outside: Git): Promise<Map<string, string>> {
  const error = await applyPush(action, { git: outside }, options, signal).then(
    () => undefined,
    (one: unknown) => one,
  );
  if (!(error instanceof PushError)) throw new Error('it fails');
  const endings = [...endingsOf(action, error)];
  expect(endings).toHaveLength(action.branches.length);
  return new Map(endings.flatMap(([key, reason]) => (reason === undefined ? [] : [[key, reason]])));
}

describe('a push of which some branches fail', () => {
  it('says of each pair what became of its own branch', async () => {
    const { push } = planned();
    const protectedWeb = (refs: readonly string[]) =>
      Promise.resolve(
        refs.map((ref) =>
          ref.endsWith('/web')
            ? { ref, status: 'rejected' as const, message: 'it is protected' }
            : { ref, status: 'updated' as const },
        ),
      );
    const { reasons } = planned(await failuresOf(push, git(protectedWeb)));
    expect(reasons.get('v1-api')).not.toContain('last tried');
    expect(reasons.get('v1-db')).toContain('last tried: db/v1/kustomization.yaml: is not in the repository');
    expect(reasons.get('v1-web')).toMatch(
      /last tried: .* refuses refs\/heads\/slipway\/v1\/web: it is protected/,
    );
  });

  it('says of those that could not be sent that the other side is down', async () => {
    const { push } = planned();
    const down = () => Promise.reject(new PortError('transient', 'r', 'no answer'));
    const { reasons } = planned(await failuresOf(push, git(down)));
    expect(reasons.get('v1-api')).toContain('last tried: no answer');
    expect(reasons.get('v1-db')).toContain('is not in the repository');
    expect(reasons.get('v1-web')).toContain('last tried: no answer');
  });

  it('fails as the problem that a person must mend, and counts the others', async () => {
    const { push } = planned();
    const moved = (refs: readonly string[]) =>
      Promise.resolve(refs.map((ref) => ({ ref, status: 'stale' as const, message: 'moved' })));
    const pushing = applyPush(push, { git: git(moved) }, options, signal);
    await expect(pushing).rejects.toThrow(/is not in the repository.*\(and 2 more of its branches\)/);
    await expect(pushing).rejects.toMatchObject({ fault: 'invalid' });
  });

  it("is stopped by our own signal, which is nobody's failure", async () => {
    const { push } = planned();
    const stopped = () => Promise.reject(new PortError('cancelled', 'r', 'stopped'));
    await expect(applyPush(push, { git: git(stopped) }, options, signal)).rejects.toMatchObject({
      fault: 'cancelled',
    });
  });
});

describe('how an action ended', () => {
  const action = { key: 'retag/x', kind: 'retag' } as DeliveryAction;

  it('is kept by its key', () => {
    expect([...endingsOf(action, new PortError('denied', 'x', 'no'))]).toEqual([['retag/x', 'no']]);
    expect([...endingsOf(action, undefined)]).toEqual([['retag/x', undefined]]);
  });
});
