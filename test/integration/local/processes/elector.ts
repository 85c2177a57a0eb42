// One contender: `node elector.ts DIRECTORY NAME` says when it contends and when it leads, and leads until it is killed.
import { setTimeout as sleep } from 'node:timers/promises';
import { FileLockElector } from '../../../../runtime/local/elector.ts';

const [directory = '', name = ''] = process.argv.slice(2);
const clock = {
  now: () => Date.now(),
  sleep: async (ms: number, signal?: AbortSignal): Promise<void> => {
    await sleep(ms / 20, undefined, signal === undefined ? {} : { signal });
  },
};
const elector = new FileLockElector({ directory, clock });
console.log('contends');
await elector.lead(
  name,
  async () => {
    console.log('leads');
    await sleep(600_000);
  },
  new AbortController().signal,
);
