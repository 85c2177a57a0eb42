// Plans several times in one process, the first time with whatever the state holds, and prints a `PlanReport`.
// Arguments: config, settings, number of passes.
import { runPass } from '../../../runtime/control/pass.ts';
import { openDelivery } from '../../../runtime/commands/delivery-session.ts';

export interface PlanPass {
  readonly milliseconds: number;
  /** Git processes by command, requests to forge and registry by method. */
  readonly calls: Readonly<Record<string, number>>;
  readonly states: Readonly<Record<string, number>>;
}

export interface PlanReport {
  readonly passes: readonly PlanPass[];
  /** Bytes. */
  readonly peakMemory: number;
}

const [config = '', settings = '', count = ''] = process.argv.slice(2);
const began = performance.now();
let calls: Record<string, number> = {};
const note = (call: string) => (calls[call] = (calls[call] ?? 0) + 1);
await using session = await openDelivery({
  config,
  settings,
  observer: {
    onGit: ({ command }) => note(`git ${command}`),
    onForge: ({ method }) => note(`forge ${method}`),
    onRegistry: ({ method }) => note(`registry ${method}`),
  },
});
const passes: PlanPass[] = [];
for (let at = 0; at < Number(count); at++) {
  const from = at === 0 ? began : performance.now();
  const { plan } = await runPass(session.system, {
    clock: session.home.clock,
    signal: session.signal,
    logger: session.logger,
    wait: false,
    suspended: true,
  });
  const states = Object.groupBy(plan.items, ({ state }) => state);
  passes.push({
    milliseconds: performance.now() - from,
    calls,
    states: Object.fromEntries(Object.entries(states).map(([state, items]) => [state, items.length])),
  });
  calls = {};
}
const report: PlanReport = { passes, peakMemory: process.resourceUsage().maxRSS * 1024 };
process.stdout.write(`${JSON.stringify(report)}\n`);
